# SPDX-License-Identifier: GPL-2.0-only
"""The picture that a page begins with: pauses to scale, a bar a cell, made of its phases.

It is HTML and CSS: names and figures stand above their bars on a phone, and are text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bench.model.cell import Backing, Cell
from bench.model.method import Method, Phase
from bench.model.units import format_quantity, format_ratio, format_size
from bench.report.plots.styles import MUTED, fill_of
from bench.report.table.cells import ORDER
from bench.report.table.columns import backing_of, factors
from bench.report.table.figures import Figures

_MOST_GROUPS, _MOST_SIZES, _MOST_RUNS = 6, 4, 6  # of a picture that fits on a screen or two
_LEAST_NAMED = 0.05  # of a pause, that a phase is named for
_MOST_NAMED = 3


@dataclass(frozen=True)
class BarPart:
    """A phase in a bar: ``width`` is in percent of what the longest bar of the group has."""

    colour: str
    width: float
    text: str = ""  # its name and share, where it has one


@dataclass(frozen=True)
class PauseBar:
    """One cell. Without parts nothing was measured: ``figure`` says what there is instead."""

    place: str  # what tells it from others of its method: a size, or a run
    method: str
    figure: str
    gain: str
    parts: tuple[BarPart, ...]

    @property
    def named(self) -> list[BarPart]:
        """List the phases that make up most of it, the longest first."""
        found = sorted((part for part in self.parts if part.text), key=lambda part: -part.width)
        return found[:_MOST_NAMED]


@dataclass(frozen=True)
class BarGroup:
    """Cells of one device and kind of pages: one scale."""

    title: str
    bars: tuple[PauseBar, ...]


@dataclass(frozen=True)
class Bars:
    """The picture. ``note`` says what figures are held against, and what is left out."""

    groups: tuple[BarGroup, ...] = ()
    note: str = ""

    def __bool__(self) -> bool:
        return bool(self.groups)


@dataclass(frozen=True)
class _Drawn:
    """A cell with a bar; ``saved`` is what it is shorter than its base, in ticks."""

    run: str
    row: Figures
    saved: float = 0.0


def bars(runs: Mapping[str, Sequence[Figures]], unit: str) -> Bars:
    """Make the picture of the cells of runs of one clock, by the names of these.

    One run has a bar for each size, of several only the largest size of each kind of cell is
    drawn. There are no groups where nothing was measured.
    """
    several = len(runs) > 1
    every = [each for name, rows in runs.items() for each in _drawn(name if several else "", rows)]
    # To the scale of what is foretold, what was measured could not be seen.
    measured = [each for each in every if not each.row.estimate]
    groups: dict[Cell, list[_Drawn]] = {}
    for each in measured:
        groups.setdefault(_kind(each.row.cell), []).append(each)
    found = [group for group in groups.values() if any(each.row.pause for each in group)]
    kept = [_kept(group, several) for group in found[:_MOST_GROUPS]]
    few = sum(map(len, kept)) < sum(map(len, found[:_MOST_GROUPS]))
    missing = _left_out(len(found) - _MOST_GROUPS, few, len(measured) < len(every))
    said = [_held_against(measured), missing]
    return Bars(tuple(_group(group, unit) for group in kept), " ".join(filter(None, said)))


def _drawn(name: str, rows: Sequence[Figures]) -> list[_Drawn]:
    medians = {row.cell: row.pause.median for row in rows if row.pause}
    return [
        _Drawn(name, row, medians[row.base] - medians[row.cell])
        if row.base and row.pause
        else _Drawn(name, row)
        for row in rows
    ]


def _kind(cell: Cell) -> Cell:
    """Give cells that differ in method and memory alone one key."""
    return replace(cell, method=Method.EXEC_ONLY, mem=0, file=0, backing=Backing.AUTO)


def _held_against(drawn: Sequence[_Drawn]) -> str:
    rows = [each.row for each in drawn]
    bases = dict.fromkeys(row.base.method for row in rows if row.base and row.ratio is not None)
    return f"Ratios and savings are against {', '.join(bases)}." if bases else ""


def _left_out(kinds: int, few: bool, estimates: bool) -> str:
    said = [f"{kinds} more kinds of cell"] if kinds > 0 else []
    said += ["other sizes or runs"] if few else []
    said += ["what was extrapolated"] if estimates else []
    return f"Not drawn: {', '.join(said)}; the tables have it." if said else ""


def _kept(group: Sequence[_Drawn], several: bool) -> list[_Drawn]:
    """Choose sizes: the smallest, the largest, and as many between them as there is room for.

    Of several runs the first few, and the largest size that was measured, method by method.
    """
    sizes = sorted({each.row.cell.mem for each in group if each.row.pause})
    if several:
        names = [*dict.fromkeys(each.run for each in group)][:_MOST_RUNS]
        largest = [e for e in group if e.row.cell.mem == sizes[-1] and e.run in names]
        return sorted(largest, key=lambda each: ORDER.index(each.row.cell.method))
    last, steps = len(sizes) - 1, min(_MOST_SIZES, len(sizes)) - 1
    shown = {sizes[round(last * step / max(steps, 1))] for step in range(steps + 1)}
    return [each for each in group if each.row.cell.mem in shown or not each.row.pause]


def _group(group: Sequence[_Drawn], unit: str) -> BarGroup:
    longest = max((each.row.pause.median for each in group if each.row.pause), default=0.0)
    sizes = {_size(each.row.cell) for each in group}
    title = " ".join([*factors(group[0].row.cell)[:2], *(sizes if len(sizes) == 1 else ())])
    return BarGroup(
        title, tuple(_bar(each, longest or 1.0, unit, len(sizes) > 1) for each in group)
    )


def _size(cell: Cell) -> str:
    alias = f", {backing_of(cell)}" if cell.backing is Backing.ALIAS else ""
    return f"{format_size(cell.mem)}{alias}"


def _bar(each: _Drawn, longest: float, unit: str, sized: bool) -> PauseBar:
    row, method = each.row, each.row.cell.method
    place = " ".join(filter(None, [each.run, _size(row.cell) if sized else ""]))
    if row.pause is None:
        return PauseBar(place, method, row.state.value, "", ())
    figure = format_quantity(row.pause.median, unit)
    return PauseBar(place, method, figure, _gain(each, unit), _parts(row, longest))


def _gain(each: _Drawn, unit: str) -> str:
    """Say the ratio and the saving: ``189x, saves 3.594 G``."""
    if each.row.base is None or each.row.ratio is None:
        return ""
    word = "adds" if each.saved < 0 else "saves"
    return f"{format_ratio(each.row.ratio)}, {word} {format_quantity(abs(each.saved), unit)}"


def _parts(row: Figures, longest: float) -> tuple[BarPart, ...]:
    """Cut a bar into its phases, in their order; the whole is as long as the median.

    Medians of phases need not add up to that of the pause: their shares are drawn.
    """
    whole = sum(row.phases.values())
    width = 100 * (row.pause.median if row.pause else 0.0) / longest
    if not whole:
        return (BarPart(MUTED, width),)
    shares = [(phase, row.phases[phase] / whole) for phase in Phase if row.phases.get(phase)]
    return tuple(
        BarPart(fill_of(phase).colour, share * width, _named(phase, share))
        for phase, share in shares
    )


def _named(phase: Phase, share: float) -> str:
    return f"{phase} {100 * share:.0f} %" if share >= _LEAST_NAMED else ""
