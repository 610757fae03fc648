# SPDX-License-Identifier: GPL-2.0-only
"""What a gate found, for people and for CI: text, Markdown, JSON, annotations, JUnit."""

import json
from dataclasses import asdict
from math import isfinite, log
from pathlib import Path
from typing import Any

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from bench.gate.compare import Sides, drifts
from bench.gate.judge import Judged, Judgement
from bench.gate.phases import phases_section
from bench.model.typed import finite
from bench.model.units import number_of
from bench.report.export.markdown import markdown_section
from bench.report.table.section import Column, Entry, Section, Table, figures_under, make_table
from bench.report.text.text import sections_text
from bench.stats.decision import Verdict, percent

_NAMES = tuple(Column(head, right=False, names=True) for head in ("cell", "verdict"))
_HEADS = ("change", "{:.0%} interval", "would find", "boots", "n")
_CALM = ("improvement", "no-change")
_ORDER = ("regression", "over-budget", "missing", "inconclusive", *_CALM)


def headline(judgement: Judgement) -> str:
    """Write one line: how many cells have each verdict, the worst first."""
    counts = [(verdict, len(judgement.having(verdict))) for verdict in _ORDER]
    said = [_counted(count, verdict) for verdict, count in counts if count]
    rule = judgement.limits.rule
    floor = f", noise floor {rule.floor:.2%}" if rule.floor is not None else ""
    limit = f"threshold {rule.threshold:.2%}{floor}"
    return f"{_mark(judgement)}{', '.join(said) or 'no cell'} ({limit})"


def _counted(count: int, verdict: str) -> str:
    """Spell how many cells have a verdict: some are nouns, others say what the cells are."""
    nouns = (Verdict.REGRESSION, Verdict.IMPROVEMENT)
    if verdict in nouns:
        return number_of(count, verdict)
    return f"{count:,} {verdict.replace('-', ' ')}"


def _mark(judgement: Judgement) -> str:
    return f"NO RESULT ({_printable(judgement.no_result)}): " if judgement.no_result else ""


def comparison_text(sides: Sides, judgement: Judgement, changed: bool = False) -> str:
    """Write how the sides differ, the phases of cells, and at the end `judgement_text`.

    ``changed`` leaves out the phases of cells that are neither better nor worse.
    """
    found = {cell.name for cell in judgement.cells if cell.regressed or cell.improved}
    phases = phases_section(sides, found if changed else None)
    origin = [sections_text([phases])] if phases else []
    return "\n\n".join([_heading(sides), *origin, judgement_text(judgement)])


def _heading(sides: Sides) -> str:
    lines = [f"base  {sides.base.name}", f"new   {sides.new.name}"]
    lines += [f"differs: {line}" for line in sides.changed]
    lines += [*drifts(sides.base), *drifts(sides.new)]
    lines += [f"FORCED, though unlike: {line}" for line in sides.unlike]
    damage = (*sides.base.damage, *sides.new.damage)
    lines += [f"FORCED, though damaged: {line}" for line in damage]
    return "\n".join(lines)


def judgement_text(judgement: Judgement) -> str:
    """Write the headline, a table of all cells, and why each is not simply unchanged."""
    table, why = _table(judgement), _why(judgement)
    said = Section("Why", lines=tuple(f"  {line}" for line in why))
    head = Section(lines=(headline(judgement), *_remarks(judgement)))
    sections = (head, Section(tables=(table,)), said)
    return sections_text(section for section in sections if section)


def judgement_markdown(judgement: Judgement) -> str:
    """Write the same for a job summary: a table of at most a few hundred cells."""
    lines = (*_remarks(judgement), *_why(judgement))
    section = Section(tables=(_table(judgement),), lines=lines)
    return f"**bench gate: {headline(judgement)}**\n\n{markdown_section(section)}"


def as_json(judgement: Judgement) -> str:
    """Write all that is known, one object a cell; figures that do not exist are null."""
    cells = [
        {
            "cell": cell.name,
            "verdict": cell.verdict,
            "reason": cell.reason,
            "decision": asdict(cell.decision) if cell.decision else None,
            "unseen": cell.unseen,
            "explanation": _explanation(cell),
        }
        for cell in judgement.cells
    ]
    rule = asdict(judgement.limits.rule)
    marked = {"no_result": judgement.no_result} if judgement.no_result else {}
    marked |= {"same": judgement.same} if judgement.same else {}
    marked |= {"unexplained": judgement.unexplained} if judgement.unexplained else {}
    found = {"format": 2, "code": judgement.code, **marked, "rule": rule, "cells": cells}
    return json.dumps(finite(found), indent=2)


def _explanation(cell: Judged) -> dict[str, Any] | None:
    """Make the object of an explanation; instructions are of one rep of either side."""
    if cell.explanation is None:
        return None
    whole = asdict(cell.explanation)
    return {"text": cell.explanation.text, **{key: whole[key] for key in ("base", "new", "phases")}}


def annotations(judgement: Judgement) -> str:
    """Write the lines that GitHub Actions shows at the top of a job."""
    lines = [
        f"::{'error' if cell.regressed or cell.blind else 'warning'} title=bench {cell.verdict}::"
        f"{_escaped(f'{_mark(judgement)}{cell.name}: {cell.reason}')}"
        for cell in _sorted(judgement)
        if cell.verdict not in _CALM or cell.unseen
    ]
    notices = (f"::notice title=bench::{_escaped(line)}" for line in _unexplained(judgement))
    return "\n".join([*lines, *notices])


def _escaped(text: str) -> str:
    """Write GitHub's escapes, which begin with a percent sign."""
    return _printable(text).replace("%", "%25")


def _unexplained(judgement: Judgement) -> list[str]:
    """Say why no function is named, where one was asked for."""
    why = _printable(judgement.unexplained)
    return [f"not explained: {why}"] if why else []


def _remarks(judgement: Judgement) -> list[str]:
    """Say what holds for the whole gate: what it assumes, and what is not explained."""
    assumed = [f"assumes that {_printable(each)}" for each in judgement.assumed]
    same = [_printable(judgement.same)] if judgement.same else []
    return [*same, *assumed, *_unexplained(judgement)]


def write_junit(judgement: Judgement, path: Path) -> None:
    """Write a case a cell: a regression fails, what was not judged is an error or skipped.

    Its attributes are those of Jenkins' junit-10.xsd: the sum over suites has no ``skipped``.
    """
    suite = TestSuite("bench gate")
    suite.add_testcases([_case(cell, judgement) for cell in judgement.cells])
    document = JUnitXml("bench")
    document.add_testsuite(suite)
    document.tests, document.failures, document.errors = suite.tests, suite.failures, suite.errors
    document.write(str(path), pretty=True)


def _case(cell: Judged, judgement: Judgement) -> TestCase:
    case = TestCase(_printable(cell.name), classname="bench.gate", time=0)
    reason = f"{_mark(judgement)}{_printable(cell.reason)}"
    case.system_out = " ".join([reason, *_row(cell)[2:]])
    if cell.regressed:
        case.result = [Failure(reason, cell.verdict)]
    elif (
        cell.verdict == "missing"
        or cell.blind
        or (cell.verdict == "inconclusive" and judgement.limits.strict)
    ):
        case.result = [Error(reason, cell.verdict)]
    elif cell.verdict == "inconclusive":
        case.result = [Skipped(reason)]
    return case


def _sorted(judgement: Judgement) -> list[Judged]:
    return sorted(judgement.cells, key=lambda cell: (_ORDER.index(cell.verdict), cell.name))


def _why(judgement: Judgement) -> list[str]:
    return [
        _printable(f"{cell.name}: {cell.reason}")
        for cell in _sorted(judgement)
        if cell.verdict not in _CALM
        or cell.confirmed
        or cell.explanation
        or cell.strays
        or cell.unseen
    ]


def _table(judgement: Judgement) -> Table:
    rows = (map(Entry, _row(cell)) for cell in _sorted(judgement))
    heads = [head.format(judgement.limits.rule.confidence) for head in _HEADS]
    return make_table((*_NAMES, *figures_under(*heads)), rows)


def _row(cell: Judged) -> tuple[str, ...]:
    """Return the texts below `_NAMES` and `_HEADS`."""
    name, decision = _printable(cell.name), cell.decision
    if decision is None or decision.ratio != decision.ratio:
        return (name, cell.verdict, "", "", "", "", "")
    interval = f"{_change(decision.low)} to {_change(decision.high)}"
    return (
        name,
        cell.verdict,
        _change(decision.ratio),
        interval,
        f"+{decision.mde * 100:.2g} %" if isfinite(decision.mde) else "nothing",
        f"{decision.base_boots}+{decision.new_boots}",
        f"{decision.base_n}+{decision.new_n}",
    )


def _change(ratio: float) -> str:
    if ratio in (0.0, float("inf")):
        return "?"
    return percent(log(ratio))


def _printable(value: str) -> str:
    """Replace control characters, which XML 1.0 does not allow, by blanks."""
    return "".join(char if char.isprintable() else " " for char in value)
