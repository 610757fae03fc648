# SPDX-License-Identifier: GPL-2.0-only
"""Say before anything is measured how many boots a gate takes to see what it has to."""

from dataclasses import dataclass

from bench.errors import CannotJudge, UsageError
from bench.gate.compare import GateOptions, clock_of, must_see_of, pairs, threshold_of
from bench.report.table.section import Column, Entry, Section, figures_under, make_table
from bench.sides import Side
from bench.stats.decision import Rule
from bench.stats.needed import MOST_BOOTS, Needed, boots_needed

_COLUMNS = (
    Column("cell", right=False, names=True),
    *figures_under("boots of BASE", "sd of a boot", "boots a side"),
)


@dataclass(frozen=True)
class BootsPlan:
    """How many boots each cell of a side takes, by its name, and what has to be seen."""

    cells: dict[str, Needed]
    see: float
    rule: Rule

    @property
    def boots(self) -> int | None:
        """Return how many boots a side all cells take; None where one takes too many."""
        found = [each.boots for each in self.cells.values()]
        return None if None in found else max(each for each in found if each)


def plan_boots(question: GateOptions, base: Side) -> BootsPlan:
    """Plan the boots of both sides by those of BASE.

    UsageError without --must-see, or with noise of sessions; CannotJudge where no cell has a
    pause above zero.
    """
    see = must_see_of(question)
    if see is None:
        raise UsageError("--plan takes --must-see", "say what has to be seen: --must-see 2%")
    if question.floor or question.aa:
        why = "--plan is of sides that take turns: --floor and --aa are of others"
        raise UsageError(why, "leave them out")
    rule = Rule(clock=clock_of(base), threshold=threshold_of(question))
    sides = {pair.name: pair.base for pair in pairs(base, base)}
    known = {n: side for n, side in sides.items() if side and (side.values > 0).all()}
    if not known:
        raise CannotJudge(f"{base.name}: no cell has a pause above zero", "measure it again")
    found = {name: boots_needed(side, rule, see, len(known)) for name, side in known.items()}
    return BootsPlan(found, see, rule)


def plan_sections(plan: BootsPlan, name: str) -> tuple[Section, ...]:
    """Tabulate the boots of each cell; the first line says what has to be measured."""
    rows = [
        (
            Entry(cell),
            Entry.figure(str(each.of)),
            Entry.figure(f"{each.sd * 100:.2g} %{' (assumed)' if each.assumed else ''}"),
            Entry.figure(str(each.boots or f"over {MOST_BOOTS}")),
        )
        for cell, each in plan.cells.items()
    ]
    lines = [f"base  {name}", _conclusion(plan)]
    if any(each.assumed for each in plan.cells.values()):
        lines.append("one boot shows nothing of what lies between boots: plan by three or more")
    return Section(lines=tuple(lines)), Section(tables=(make_table(_COLUMNS, rows),))


def _conclusion(plan: BootsPlan) -> str:
    wanted = f"to see +{plan.see * 100:.2g} % 19 times of 20 (threshold {plan.rule.threshold:.2%})"
    if plan.boots is None:
        return f"{wanted}, a cell takes more than {MOST_BOOTS} boots a side"
    return f"{wanted}, measure both sides in turns with --boots {plan.boots}"
