# SPDX-License-Identifier: GPL-2.0-only
"""Write a profile as callgrind does, for KCachegrind and callgrind_annotate.

The format is in valgrind's manual, "Callgrind Format Specification". A span is a function
without cost of its own that calls the outermost ones, so that what comes in to a function is
all that it spent with its callees. As with callgrind's ``--separate-recs``, a function that
calls itself is ``f'2`` there: the cost of ``f`` with its callees would have it twice.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import starmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.model.visible import visible
from bench.profile.profile import CALLS, INSTRUCTIONS, KERNEL, Function, Profile
from bench.report.profile.portion import portion

_SPAN = "span of the rep"
_EVENT = re.compile(r"[A-Za-z]\w*", re.ASCII)

_Place = tuple[int, int]  # a function's number and how deep it is in its own recursion, from 1
_Counts = NDArray[np.int64]  # by kinds
_Calls = dict[_Place, dict[_Place, tuple[int, _Counts]]]  # from, to: how many, and cost


class _Names:
    """Write a name once, and after that only its number."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def __call__(self, name: str) -> str:
        if name in self.numbers:
            return f"({self.numbers[name]})"
        self.numbers[name] = len(self.numbers) + 1
        return f"({self.numbers[name]}) {name}"


def callgrind(profile: Profile, spans: Sequence[str]) -> str:
    """Write all kinds of counts of these spans.

    Calls were counted as a kind; where they were not, call paths are.
    """
    own, calls, total = _costs(profile, spans)
    spelled = _spelled(profile, spans)
    objects, names = _Names(), _Names()
    lines = [*_header(profile, spans, total)]
    for place in sorted(own.keys() | calls.keys()):
        where, name = spelled(place)
        lines += ["", f"ob={objects(where)}", "fl=(1)", f"fn={names(name)}"]
        lines += [f"0 {_row(own[place])}"] if place in own else []
        for callee, (times, cost) in sorted(calls.get(place, {}).items()):
            where, name = spelled(callee)
            lines += [f"cob={objects(where)}", f"cfn={names(name)}"]
            lines += [f"calls={times} 0", f"0 {_row(cost)}"]
    lines[lines.index("fl=(1)")] = "fl=(1) ???"
    return "\n".join([*lines, "", f"totals: {_row(total)}"])


def _header(profile: Profile, spans: Sequence[str], total: _Counts) -> Iterator[str]:
    yield "# callgrind format"
    yield "version: 1"
    yield "creator: bench"
    yield f"cmd: {visible(profile.cell.label)}"
    if CALLS not in profile.kinds:
        yield "desc: Calls: on how many call paths, not how often"
    yield f"desc: Spans: {visible(', '.join(spans))}"
    yield "positions: line"
    yield f"events: {' '.join(starmap(event, enumerate(_events(profile))))}"
    yield f"summary: {_row(total)}"


def _events(profile: Profile) -> list[str]:
    """List the kinds that are events: all but calls, which stand where functions call."""
    return [kind for kind in profile.kinds if kind != CALLS]


def event(number: int, kind: str) -> str:
    """Name the event of a kind: callgrind calls instructions Ir."""
    if kind == INSTRUCTIONS:
        return "Ir"
    return kind if _EVENT.fullmatch(kind) else f"Kind{number}"


def _costs(profile: Profile, spans: Sequence[str]) -> tuple[dict[_Place, _Counts], _Calls, _Counts]:
    """Sum what each function spent itself and by each of its callees, and what all spent."""
    both = np.stack([profile.function_of, profile.level], axis=1)
    found, place_of = np.unique(both.reshape(-1, 2), axis=0, return_inverse=True)
    places: list[_Place] = [(function, level) for function, level in found.tolist()]
    kinds = _events(profile)
    own = np.zeros((len(places), len(kinds)), dtype=np.int64)
    calls: _Calls = defaultdict(dict)
    above = np.where(profile.parent_of < 0, -1, place_of[profile.parent_of])
    for number, span in enumerate(spans):
        parts = [portion(profile, [span], kind) for kind in kinds]
        np.add.at(own, place_of, np.stack([part.own for part in parts], axis=1))
        below = np.stack([part.below for part in parts], axis=1)
        times = portion(profile, [span], CALLS).own if CALLS in profile.kinds else None
        for caller, callee, count, cost in _edges(above, place_of, below, times):
            from_ = places[caller] if caller >= 0 else (-1 - number, 1)
            before, spent = calls[from_].get(places[callee], (0, 0))
            calls[from_][places[callee]] = (before + count, spent + cost)
    mine = {places[n]: own[n] for n in np.flatnonzero(own.any(axis=1)).tolist()}
    return mine, calls, own.sum(axis=0)


def _edges(
    above: _Counts, place_of: _Counts, below: _Counts, times: _Counts | None
) -> Iterator[tuple[int, int, int, _Counts]]:
    """Sum what was spent below nodes by their caller and callee, with how many calls these are.

    At least one: what a span found running was not called in it, but a reader takes the cost
    of no calls for the caller's own.
    """
    spent = np.flatnonzero(below.any(axis=1))
    if not len(spent):
        return
    pairs = np.stack([above[spent], place_of[spent]], axis=1)
    edges, edge_of = np.unique(pairs, axis=0, return_inverse=True)
    each_once = np.ones(len(spent), dtype=np.int64)
    sums = np.zeros((len(edges), 1 + below.shape[1]), dtype=np.int64)
    counted = each_once if times is None else times[spent]
    np.add.at(sums, edge_of, np.concatenate([counted[:, None], below[spent]], axis=1))
    for (caller, callee), (count, *_), row in zip(edges.tolist(), sums.tolist(), sums, strict=True):
        yield caller, callee, max(1, count), row[1:]


def _spelled(profile: Profile, spans: Sequence[str]) -> Callable[[_Place], tuple[str, str]]:
    """Return what spells the object and the name of a place."""
    names = [each.label for each in profile.functions]
    objects = [
        KERNEL[1] if each.place in KERNEL else Function(each.place).label
        for each in profile.functions
    ]

    def spelled(place: _Place) -> tuple[str, str]:
        function, level = place
        if function < 0:
            return _SPAN, visible(spans[-1 - function])
        name = names[function]
        return objects[function], f"{name}'{level}" if level > 1 else name

    return spelled


def _row(counts: Any) -> str:
    return " ".join(map(str, counts.tolist()))
