# SPDX-License-Identifier: GPL-2.0-only
"""Say which functions the difference between two sides comes from."""

from dataclasses import dataclass

from bench.model.cell import Cell
from bench.model.units import KIB, format_quantity, format_ratio
from bench.profile.functions import CellFunctions, PhaseFunctions, spelled

_NAMED = 3  # functions of a phase
_PHASES = 2  # that are named
_LEAST_PHASE = 0.2  # of what all phases grew by that grew
_LEAST_CHANGE = 0.05  # of what its phase changed by: less is not named
_SHOWN = 0.5  # of a change, that the profiles have to differ by
_ROUND, _LARGE = 9.95, 1000  # percent: spelled without a decimal; as a ratio
_A_PAGE = 0.05  # instructions a page, below which the sum says more


@dataclass(frozen=True)
class FunctionChange:
    """What a function executed itself on either side; ``only`` is "new" or "gone" of one side."""

    label: str
    base: int
    new: int
    only: str = ""

    @property
    def difference(self) -> int:
        return self.new - self.base


@dataclass(frozen=True)
class PhaseFunctionChange:
    """What a phase changed by: its functions, the largest change first, and all others."""

    phase: str
    base: int
    new: int
    functions: tuple[FunctionChange, ...]
    others: int

    @property
    def difference(self) -> int:
        return self.new - self.base


@dataclass(frozen=True)
class Explanation:
    """The phases by which a cell changed, in its profiles; none where those do not show it.

    ``base`` and ``new`` are the instructions of the pause in the profile of either side, which
    is of one rep, so that it may differ from a change of medians.
    """

    cell: Cell
    base: int
    new: int
    phases: tuple[PhaseFunctionChange, ...]

    @property
    def text(self) -> str:
        """Write it as a sentence: ``release +1.1 %: put_page_testzero() +9 a page``."""
        if self.phases:
            return "; ".join(_phase_text(each, self.cell) for each in self.phases)
        differ = _percent(self.new - self.base, self.base)
        return f"its profiles, of one rep each, do not show this: they differ by {differ}"


def explain(
    cell: Cell, base: CellFunctions, new: CellFunctions, change: float
) -> Explanation | None:
    """Name the functions by which a pause changed by a share; None where nothing was counted."""
    before, after = base.pause, new.pause
    if not (before and after and change):
        return None
    shown = (after - before) / before / change >= _SHOWN
    phases = _phases(base, new, growing=change > 0) if shown else ()
    return Explanation(cell, before, after, tuple(phases))


def _phases(base: CellFunctions, new: CellFunctions, growing: bool) -> list[PhaseFunctionChange]:
    """List the phases that changed most in the direction of the pause."""
    nothing = PhaseFunctions(0, {})
    names = dict.fromkeys([*base.phases, *new.phases])
    changes = [
        phase_change(name, base.phases.get(name, nothing), new.phases.get(name, nothing))
        for name in names
    ]
    grown = [each for each in changes if each.difference and (each.difference > 0) is growing]
    least = _LEAST_PHASE * sum(abs(each.difference) for each in grown)
    large = [each for each in grown if abs(each.difference) >= least]
    return sorted(large, key=lambda each: -abs(each.difference))[:_PHASES]


def phase_change(name: str, base: PhaseFunctions, new: PhaseFunctions) -> PhaseFunctionChange:
    """Name the functions that changed most in a phase, and sum up the others."""
    difference = new.counted - base.counted
    least = _LEAST_CHANGE * abs(difference)
    largest = function_changes(base, new)[:_NAMED]
    named = [each for each in largest if abs(each.difference) >= least]
    others = difference - sum(each.difference for each in named)
    return PhaseFunctionChange(name, base.counted, new.counted, tuple(named), others)


def function_changes(base: PhaseFunctions, new: PhaseFunctions) -> list[FunctionChange]:
    """List the functions that differ, the largest difference first, then by name."""
    labels = base.own.keys() | new.own.keys()
    changes = [
        FunctionChange(
            label, base.own.get(label, 0), new.own.get(label, 0), _only(label, base, new)
        )
        for label in labels
    ]
    differing = [each for each in changes if each.difference]
    return sorted(differing, key=lambda each: (-abs(each.difference), each.label))


def _only(label: str, base: PhaseFunctions, new: PhaseFunctions) -> str:
    if label not in base.own:
        return "new"
    return "" if label in new.own else "gone"


def _phase_text(phase: PhaseFunctionChange, cell: Cell) -> str:
    parts = [_function_text(each, cell) for each in phase.functions]
    if phase.others:
        parts.append(f"others {change_text(phase.others, cell)}")
    return f"{phase.phase} {_percent(phase.difference, phase.base)}: {', '.join(parts)}"


def _function_text(change: FunctionChange, cell: Cell) -> str:
    only = f" ({change.only})" if change.only else ""
    return f"{spelled(change.label)} {change_text(change.difference, cell)}{only}"


def change_text(difference: float, cell: Cell) -> str:
    """Spell more or fewer instructions: ``+9 a page``, or all of them where that is too few."""
    each = difference / (cell.mem / (4 * KIB))
    if abs(each) >= _A_PAGE:
        return f"{each:+.3g} a page"
    sign = "+" if difference > 0 else ""
    return f"{sign}{format_quantity(difference, 'instructions')} instructions"


def _percent(difference: float, base: float) -> str:
    """Spell a change of a phase, which may have been empty."""
    if not base:
        return f"+{format_quantity(difference, 'instructions')} instructions"
    change = 100 * difference / base
    if change >= _LARGE:
        return format_ratio((base + difference) / base)
    return f"{change:+.2g} %" if abs(change) < _ROUND else f"{change:+.0f} %"
