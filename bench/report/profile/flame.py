# SPDX-License-Identifier: GPL-2.0-only
"""Draw flame graphs as SVG that needs no script: widths add up, names fit or are left out.

Frames are placed in percent, so that a graph is as wide as where it stands; names are cut for
three widths, of which a style sheet shows one. Colours of frames are tints, on which the ink of
a light page and of a dark one can be read; their borders have a contrast of 3:1 to both papers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from textwrap import wrap

from markupsafe import escape

from bench.model.units import number_of
from bench.profile.profile import KERNEL, PROGRAMS, Profile
from bench.report.profile.difference import joined, signed
from bench.report.profile.names import LONGEST, a_page, cut, share
from bench.report.profile.portion import Portion

_MOST_FRAMES = 1500  # of a graph, those beside that are merged not counted
_MOST_ROWS = 48
_NARROWEST = 1 / 1000  # of the whole: about a pixel
_ROW, _TEXT, _LETTER = 18, 11, 6.9  # pixels; a letter of any fixed-width font, with some room
_LEAST = 5  # letters of a name that is cut: of fewer nobody can tell what it was
# Windows from which on names are cut for a width that surely fits into them; the first is a phone.
_WIDTHS = ((0, 280), (600, 540), (1000, 930))


@dataclass(frozen=True)
class Look:
    """How frames look that have something in common, and what it is."""

    key: str  # its class
    colour: str
    tint: float
    meaning: str
    dash: str = ""


_KERNEL = Look("k", "#0072B2", 0.26, "kernel")
_MODULE = Look("m", "#D55E00", 0.26, "module", "4 2")
_PROGRAM = Look("p", "#009E73", 0.26, "program", "1 2")
_ALL = Look("a", "#717581", 0.16, "")
_MERGED = Look("z", "#717581", 0.0, "… merged", "2 2")
_FELL = Look("d", "#0072B2", 0.5, "- much less")
_LESS = Look("l", "#0072B2", 0.2, "- less")
_SAME = Look("s", "#717581", 0.16, "= same")
_MORE = Look("r", "#D55E00", 0.2, "+ more", "4 2")
_ROSE = Look("u", "#D55E00", 0.5, "+ much more", "4 2")
LOOKS = (_ALL, _KERNEL, _MODULE, _PROGRAM, _FELL, _LESS, _SAME, _MORE, _ROSE, _MERGED)


@dataclass(frozen=True)
class Frame:
    """A rectangle of a flame graph. ``left`` and ``width`` are in counts, ``row`` from the top."""

    row: int
    left: int
    width: int
    name: str
    title: str
    look: Look


@dataclass(frozen=True)
class Graph:
    """Frames, how wide all of them are, and what the whole is called."""

    heading: str
    total: int
    frames: tuple[Frame, ...]

    @property
    def rows(self) -> int:
        return 1 + max(frame.row for frame in self.frames)

    @property
    def keys(self) -> list[Look]:
        """List the looks that a legend explains."""
        shown = {frame.look for frame in self.frames}
        return [look for look in LOOKS if look in shown and look.meaning]

    @property
    def height(self) -> int:
        """Return how many pixels it takes, with its legend of two columns."""
        return (self.rows + (len(self.keys) + 1) // 2) * _ROW + 8


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A tree with the widths of its nodes, and how a node is named, explained and coloured."""

    profile: Profile
    below: Sequence[int]
    frame: Callable[[int], Frame]
    merged: Callable[[int], str]  # what a sum of merged nodes is, in words


def flame(taken: Portion) -> Graph:
    """Draw a portion: a frame is as wide as what its function spent with its callees."""
    profile, own, below = taken.profile, taken.own.tolist(), taken.below.tolist()
    names = [each.label for each in profile.functions]
    looks = [_look_of(each.place) for each in profile.functions]

    def said(count: int) -> str:
        of_what = f"{count} {taken.kind}, {share(count, taken.total)} of {taken.place}"
        return f"{of_what}, {a_page(count / taken.pages)} a 4K page"

    def frame(node: int) -> Frame:
        function = profile.function_of[node]
        name = names[function]
        title = f"{cut(name, LONGEST)}: {said(below[node])}; {own[node]} its own"
        return Frame(0, 0, below[node], name, title, looks[function])

    whole = Frame(0, 0, taken.total, taken.place, f"{taken.place}: {said(taken.total)}", _ALL)
    heading = f"{taken.place}: {profile.cell.label}"
    drawn = _Drawn(profile, below, frame, said)
    return Graph(heading, taken.total, (whole, *_frames(drawn, taken.total)))


def flame_difference(
    base: Portion, new: Portion, heads: tuple[str, str] = ("BASE", "NEW")
) -> Graph:
    """Draw two portions as one: a frame is as wide as both together, its colour is the change."""
    one, two = joined(base, new)
    profile, names = one.profile, [each.label for each in one.profile.functions]
    a, b = one.below.tolist(), two.below.tolist()
    both = (one.below + two.below).tolist()
    total = one.total + two.total

    def said(before: int, after: int) -> str:
        page = a_page(after / new.pages - before / base.pages)
        sides = f"{before} {new.kind} in {heads[0]}, {after} in {heads[1]}"
        return f"{sides}: {signed(after - before)}, {page} a 4K page"

    def frame(node: int) -> Frame:
        name, look = names[profile.function_of[node]], _change(a[node], b[node])
        title = f"{cut(name, LONGEST)}: {said(a[node], b[node])}"
        return Frame(0, 0, both[node], f"{look.meaning[0]} {name}", title, look)

    title = f"{new.place}: {said(one.total, two.total)}"
    whole = Frame(0, 0, total, f"{new.place}: {signed(two.total - one.total)}", title, _ALL)
    heading = f"{new.place}: {heads[1]} against {heads[0]}"
    drawn = _Drawn(profile, both, frame, lambda count: f"{count} {new.kind} of both sides")
    return Graph(heading, total, (whole, *_frames(drawn, total)))


def _look_of(place: str) -> Look:
    if place in PROGRAMS:
        return _PROGRAM
    return _MODULE if place not in KERNEL else _KERNEL


def _change(before: int, after: int) -> Look:
    change = (after - before) / (after + before) if after + before else 0.0
    if abs(change) < 0.001:
        return _SAME
    if change < 0:
        return _FELL if change < -0.5 else _LESS
    return _ROSE if change > 0.5 else _MORE


def _frames(drawn: _Drawn, total: int) -> Iterator[Frame]:
    """Place the nodes that are wide enough, callees below callers; merge the others of each."""
    wide_enough = _wide_enough(drawn, total)
    callees: list[list[int]] = [[] for _ in drawn.below]
    roots: list[int] = []
    for node, parent in enumerate(drawn.profile.parent_of.tolist()):
        if drawn.below[node]:
            (callees[parent] if parent >= 0 else roots).append(node)
    waiting = [(0, 1, roots)]
    while waiting:
        left, row, nodes = waiting.pop()
        wide = [node for node in nodes if node in wide_enough]
        for node in sorted(wide, key=lambda node: -drawn.below[node]):
            yield replace(drawn.frame(node), left=left, row=row)
            waiting.append((left, row + 1, callees[node]))
            left += drawn.below[node]
        if rest := [node for node in nodes if node not in wide_enough]:
            yield replace(_merged(drawn, rest, callees), left=left, row=row)


def _wide_enough(drawn: _Drawn, total: int) -> set[int]:
    """Choose the widest nodes, as many as can be drawn; callers of each are among them."""
    rows: list[int] = []
    for parent in drawn.profile.parent_of.tolist():
        rows.append(rows[parent] + 1 if parent >= 0 else 1)
    least = max(1.0, total * _NARROWEST)
    below = drawn.below
    found = [n for n, row in enumerate(rows) if row < _MOST_ROWS - 1 and below[n] >= least]
    found.sort(key=lambda node: (-below[node], node))
    return {*found[:_MOST_FRAMES]}


def _merged(drawn: _Drawn, nodes: list[int], callees: list[list[int]]) -> Frame:
    """Make one frame of callees, with all below them."""
    width, functions, waiting = sum(drawn.below[node] for node in nodes), set(), [*nodes]
    while waiting:
        node = waiting.pop()
        functions.add(int(drawn.profile.function_of[node]))
        waiting += callees[node]
    count = number_of(len(functions), "function")
    title = f"… {count} merged: {drawn.merged(width)}"
    return Frame(0, 0, width, f"… {count}", title, _MERGED)


def flame_svg(graph: Graph) -> str:
    """Make an ``<svg>`` for a page, as wide as its place there and with no heading of its own."""
    size = f'width="100%" height="{graph.height}" style="height:{graph.height}px;min-width:0"'
    font = f'font-family="ui-monospace, monospace" font-size="{_TEXT}"'
    root = f'<svg xmlns="http://www.w3.org/2000/svg" class="flame" {size} {font}>'
    return "\n".join([root, _style(), *_body(graph, 0), "</svg>", ""])


def flame_file(graphs: Sequence[Graph]) -> str:
    """Make an SVG file of graphs below one another, with their headings, light or dark."""
    parts, top = [], 8
    for graph in graphs:
        lines = wrap(graph.heading, 40, break_long_words=True)[:6]
        for line in lines:
            top += _ROW - 2
            parts.append(f'<text x="0" y="{top}" font-weight="600">{escape(line)}</text>')
        top += 8
        parts += _body(graph, top)
        top += graph.height + 24
    title = escape("; ".join(graph.heading for graph in graphs))
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="flame file" width="100%" height="{top}"'
        f' role="img" aria-labelledby="flame-title" font-family="ui-monospace, monospace"'
        f' font-size="{_TEXT}">'
    )
    named = f'<title id="flame-title">{title}</title>'
    return "\n".join([root, named, _style(), _OF_A_FILE, *parts, "</svg>", ""])


_OF_A_FILE = (
    "<style>.file{color-scheme:light dark;background:#fdfdfc;color:#1b1c1e}"
    "@media(prefers-color-scheme:dark){.file{background:#121212;color:#e6e6e4}}"
    "@media print{.file{background:#fff;color:#000}}</style>"
)


def _style() -> str:
    """Colour frames, and show the names that were cut for no more than the width of the window."""
    looks = "".join(
        f".flame .{each.key}{{fill:{each.colour};fill-opacity:{each.tint};stroke:{each.colour}"
        + (f";stroke-dasharray:{each.dash}" if each.dash else "")
        + "}"
        for each in LOOKS
    )
    hidden = ",".join(f".flame .w{number}" for number in range(len(_WIDTHS)))
    widths = "".join(
        f"@media(min-width:{window}px)"
        f"{{{hidden}{{display:none}}.flame .w{number}{{display:inline}}}}"
        for number, (window, _) in enumerate(_WIDTHS)
        if number
    )
    return f"<style>.flame text{{fill:currentColor}}{looks}{widths}</style>"


def _body(graph: Graph, top: int) -> Iterator[str]:
    for frame in graph.frames:
        yield _drawn_frame(frame, graph.total, top)
    for number, look in enumerate(graph.keys):
        left, base = number % 2 * _WIDTHS[0][1] // 2, top + graph.rows * _ROW + number // 2 * _ROW
        yield f'<rect x="{left + 0.5}" y="{base + 8}" width="9" height="9" class="{look.key}"/>'
        yield f'<text x="{left + 14}" y="{base + 17}">{look.meaning}</text>'


def _drawn_frame(frame: Frame, total: int, top: int) -> str:
    left, width = 100 * frame.left / total, 100 * frame.width / total
    y = top + frame.row * _ROW
    place = f'x="{left:.4g}%" y="{y + 0.5}" width="{width:.4g}%" height="{_ROW - 2}"'
    texts = "".join(_texts(frame, left, width, y))
    title = escape(frame.title)
    return f'<g><title>{title}</title><rect {place} class="{frame.look.key}"/>{texts}</g>'


def _texts(frame: Frame, left: float, width: float, y: int) -> Iterator[str]:
    """Write the name as it fits at each width; once where it fits alike."""
    fitted = [_fitting(frame.name, width / 100 * pixels) for _, pixels in _WIDTHS]
    place = f'x="{left:.4g}%" dx="4" y="{y + 12}"'
    for text, same in groupby(range(len(fitted)), lambda number: fitted[number]):
        shown = [*same]
        if not text:
            continue
        classes = " ".join(f"w{number}" for number in shown)
        all_widths = len(shown) == len(_WIDTHS)
        marks = "" if all_widths else f' class="{classes}"'
        marks += "" if 0 in shown else ' display="none"'
        yield f"<text {place}{marks}>{escape(text)}</text>"


def _fitting(name: str, pixels: float) -> str:
    """Cut a name to a width; it is left out where too little of it would be left."""
    text = cut(name, int((pixels - 8) / _LETTER))
    return text if text == name or len(text) >= _LEAST else ""
