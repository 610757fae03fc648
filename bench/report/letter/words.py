# SPDX-License-Identifier: GPL-2.0-only
"""What a comparison comes to, in sentences; and what has no figure."""

import re
from collections.abc import Mapping, Sequence

from bench.model.cell import Clock
from bench.model.cell_state import CellState
from bench.model.units import format_quantity, format_ratio, format_ratio_interval
from bench.report.letter.ascii import wrapped
from bench.report.letter.compared import ComparedRow, Comparison, Hole
from bench.report.letter.factors import cell_place
from bench.report.letter.numbers import share
from bench.report.table.findings import SMALL_WIN, ratio_range, savings
from bench.sides import Breakdown

_MOST = 8  # cells that are named
_PHASES = 4  # of a cell, that are named
_SMALL_SHARE = 0.02  # of all that its phases differ by: less is not named
_KINDS = ("Slower", "No difference shown", f"Gain below {SMALL_WIN}x")
_SLOWER, _SAME, _SMALL = _KINDS
UNIT = {
    Clock.WALL: "in wall time",
    Clock.ICOUNT: "in instructions that the guest executed (a count, not a time)",
}


def comparison_verdict(comparison: Comparison, clock: Clock) -> list[str]:
    """Say the range of ratios, of each device apart: those that pin and others differ by far."""
    rows, quantity = comparison.measured, comparison.quantity
    if not rows:
        named = " and ".join(map(comparison.named, (comparison.base, comparison.new)))
        return wrapped(f"{named} were measured in no cell alike: nothing is compared.")
    devices = [*dict.fromkeys(row.cell.device for row in comparison.rows)]
    gains = {d: [row.gain for row in rows if row.cell.device == d] for d in devices}
    if not comparison.of:
        return _saved(comparison, gains, clock)
    (first, reach), *others = [(d, ratio_range(found)) for d, found in gains.items() if found]
    what = f"{quantity} of {comparison.of} with {comparison.base} is {reach} that with "
    what += comparison.new
    said = [f"On {first} the {what}" if others else f"The {what}"]
    said += [f"on {device} {reach}" for device, reach in others]
    return wrapped(f"{', '.join(said)}, {UNIT[clock]}.")


def _saved(comparison: Comparison, gains: Mapping[str, Sequence[float]], clock: Clock) -> list[str]:
    """Say what one method saves of the other's pause, and the ratio, of each device apart."""
    found = {}
    for device in filter(gains.get, gains):
        rows = [row for row in comparison.measured if row.cell.device == device]
        saved = [(row.base.level or 0) - (row.new.level or 0) for row in rows]
        said = savings(saved, clock.unit, comparison.base)
        if all(row.same for row in rows):
            said = f"shows no difference to {comparison.base}'s pause"
        found[device] = f"{said} ({ratio_range(gains[device])})"
    (first, said), *others = found.items()
    where = f"On {first} " if others else ""
    lines = [f"{where}{comparison.new} {said}"]
    of_it = re.compile(f" (of|to) {re.escape(comparison.base)}'s pause")
    lines += [f"on {device} it {of_it.sub('', said)}" for device, said in others]
    return wrapped(f"{', '.join(lines)}, {UNIT[clock]}.")


def findings(comparison: Comparison) -> list[str]:
    """Name the worst cell, those of little or no gain, and the share of the handover alone."""
    rows = comparison.measured
    if not rows:
        return []
    count = f", of {len(rows)}" if len(rows) > 1 else ", the only one"
    lines = wrapped(f"Worst cell{count}: {_worst(rows[0])}.", rest="  ")
    lines += _small(comparison)
    return lines + _control(comparison)


def _worst(row: ComparedRow) -> str:
    n = f"{row.base.n}" if row.base.n == row.new.n else f"{row.base.n} and {row.new.n}"
    if row.interval is None:
        return f"{cell_place(row.cell)}, {format_ratio(row.gain)} (no interval, n={n})"
    same = "; not told apart from 1x" if row.same else ""
    gain, interval = format_ratio(row.gain), format_ratio_interval(row.interval)
    return f"{cell_place(row.cell)}, {gain} (95% CI {interval}, n={n}{same})"


def _small(comparison: Comparison) -> list[str]:
    """List losses and small wins, which a reviewer would look for."""
    kinds: dict[str, list[ComparedRow]] = {}
    for row in comparison.measured:
        if kind := _kind(row):
            kinds.setdefault(kind, []).append(row)
    if not kinds:
        return [f"No cell is slower by its pause alone, or gains less than {SMALL_WIN}x."]
    lines = []
    for kind, rows in sorted(kinds.items(), key=lambda each: _KINDS.index(each[0])):
        named = [f"{cell_place(row.cell)} ({format_ratio(row.gain)})" for row in rows[:_MOST]]
        named += [f"and {len(rows) - _MOST} more"] if len(rows) > _MOST else []
        of = f"{len(rows)} of {len(comparison.measured)} cells"
        lines += wrapped(f"{kind} in {of}: {'; '.join(named)}.", rest="  ")
    return lines


def _kind(row: ComparedRow) -> str:
    """Class a row that gains next to nothing, or loses; empty for any other."""
    if row.same:
        return _SAME
    if format_ratio(row.gain) == format_ratio(1):
        return _SAME  # or so little that no table would show it
    if row.gain < 1:
        return _SLOWER
    return _SMALL if row.gain < SMALL_WIN else ""


def origins(comparison: Comparison, clock: Clock) -> list[str]:
    """Say of each cell which phases its difference comes from, those that matter alone."""
    rows = [row for row in comparison.measured if row.phases and row.phases.phases]
    if not rows:
        return []
    head = f"Where the difference comes from, in {clock.unit} (share of the difference):"
    lines = wrapped(head, rest="  ")
    for row in rows[:_MOST]:
        said = f"{cell_place(row.cell)}: {_phases(row.phases, clock.unit)}"
        lines += wrapped(said, "  ", "    ")
    left = len(rows) - _MOST
    return lines + ([f"  and {left} more cells"] if left > 0 else [])


def _phases(whole: Breakdown | None, unit: str) -> str:
    """Spell the largest phases of a difference, and what the others come to."""
    phases = whole.phases if whole else ()
    most = sum(abs(each.difference) for each in phases)
    named = [each for each in phases[:_PHASES] if abs(each.difference) >= _SMALL_SHARE * most]
    said = []
    for each in named:
        share = whole.share(each) if whole else None
        of = "" if share is None else f" ({share:.0%})".replace("%", " %")
        levels = " to ".join(format_quantity(level, unit) for level in (each.base, each.new))
        said.append(f"{each.phase} {levels}{of}")
    return ", ".join([*said, *(["others less"] if len(named) < len(phases) else [])])


def _control(comparison: Comparison) -> list[str]:
    rows = [row for row in comparison.measured if row.control is not None]
    shares = {
        name: [(row.control or 0) / level for row in rows if (level := getattr(row, side).level)]
        for name, side in ((comparison.base, "base"), (comparison.new, "new"))
    }
    said = [f"{_range(found)} of {name}" for name, found in shares.items() if found]
    if not said:
        return []
    what = "The handover alone (exec-only: no vDPA device, the same memory) is"
    return wrapped(f"{what} {' and '.join(said)}.", rest="  ")


def _range(found: Sequence[float]) -> str:
    least, most = share(min(found)), share(max(found))
    return least if least == most else f"{least} to {most}"


def without(holes: Sequence[Hole]) -> list[str]:
    """List cells without a figure, those of one reason together."""
    reasons: dict[tuple[CellState, str], dict[str, list[str]]] = {}
    for hole in holes:
        cells = reasons.setdefault((hole.state, hole.reason), {})
        cells.setdefault(hole.where, []).append(hole.what)
    lines = []
    for (state, reason), cells in [*reasons.items()][:_MOST]:
        named = [f"{where} ({', '.join(what)})" for where, what in [*cells.items()][:_MOST]]
        named += [f"and {len(cells) - _MOST} more"] if len(cells) > _MOST else []
        word = "in part" if state is CellState.MEASURED else state.value
        lines += wrapped(f"{word}: {'; '.join(named)}: {reason}", "  ", "    ")
    left = len(reasons) - _MOST
    return lines + ([f"  and {left} more reasons"] if left > 0 else [])
