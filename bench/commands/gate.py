# SPDX-License-Identifier: GPL-2.0-only
"""Carry out `bench gate`: verdicts, a second measurement of what regressed, files for CI."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.commands.confirm import measured_again
from bench.commands.explain import explained
from bench.commands.outcome import Outcome, Say
from bench.errors import CannotJudge, UsageError
from bench.gate import render as verdicts
from bench.gate.compare import GateOptions, Sides, ask, pairs, read_sides, scaled
from bench.gate.judge import EXIT_CANNOT_JUDGE, EXIT_GOOD, EXIT_REGRESSION, Judged, Judgement, judge
from bench.gate.ktap import judgement_ktap
from bench.gate.plan import plan_boots, plan_sections
from bench.model.units import number_of
from bench.report.export.ktap import SKIP, ktap_of_nothing
from bench.sides import key_name
from bench.stats.decision import Verdict


@dataclass(frozen=True)
class Files:
    """Where verdicts go beside the terminal."""

    junit: Path | None = None
    markdown: Path | None = None
    json: Path | None = None
    ktap: bool = field(
        default=False, kw_only=True
    )  # on standard output, with the exit code of kselftest


def compare(question: GateOptions, say: Say | None = None) -> Outcome:
    """Compare two sides cell by cell; the exit code is 0 whatever changed."""
    sides = read_sides(question)
    judgement = explained(question, sides, ask(question, sides), say)
    return Outcome(EXIT_GOOD, verdicts.comparison_text(sides, judgement))


def gate(question: GateOptions, files: Files, confirm: bool, annotate: bool, say: Say) -> Outcome:
    """Judge NEW against BASE; the files for CI are written whatever the verdict."""
    try:
        return judge_sides(question, read_sides(question), files, confirm, annotate, say)
    except CannotJudge as error:
        if not files.ktap:
            raise
        return Outcome(SKIP, ktap_of_nothing(error.message), error.message, error.hint)


def judge_sides(
    question: GateOptions, sides: Sides, files: Files, confirm: bool, annotate: bool, say: Say
) -> Outcome:
    """Judge two sides that are read already."""
    judgement = ask(question, sides)
    if confirm and judgement.regressed:
        judgement = _confirmed(question, judgement, sides, say)
    judgement = explained(question, sides, judgement, say)
    _write(judgement, files)
    if files.ktap:
        text, code = judgement_ktap(judgement)
        return Outcome(code, text)
    text = verdicts.comparison_text(sides, judgement, changed=True)
    if annotate and (lines := verdicts.annotations(judgement)):
        text += f"\n\n{lines}"
    return Outcome(judgement.code, text)


def plan(question: GateOptions) -> Outcome:
    """Say how many boots a side it takes to see --must-see; 125 where no number of them would."""
    base = read_sides(replace(question, new=question.base)).base
    found = plan_boots(question, base)
    code = EXIT_CANNOT_JUDGE if found.boots is None else EXIT_GOOD
    return Outcome(code, sections=plan_sections(found, base.name))


def self_test(question: GateOptions) -> Outcome:
    """Judge BASE against itself and against itself made slower by twice the limit.

    Exit code 1 for an alarm in the same samples, 125 for a cell in which the change is not seen.
    """
    side = read_sides(replace(question, new=question.base)).base
    same = ask(question, Sides(side, side, (), (), True))
    factor = 1 + 2 * same.limits.rule.limit
    limits = replace(same.limits, budget=None)
    slower = judge(pairs(side, scaled(side, factor)), limits)
    blind = [cell for cell in slower.cells if not cell.regressed]
    decisions = [cell.decision for cell in same.cells if cell.decision]
    alarms = [each for each in decisions if each.verdict is Verdict.REGRESSION]
    cells = number_of(len(same.cells), "cell")
    lines = [f"the same samples: {number_of(len(alarms), 'alarm')} in {cells}"]
    lines += [f"slower by {factor - 1:.2%}: seen in {len(slower.cells) - len(blind)} of {cells}"]
    lines += [f"  not in {cell.name}: {cell.reason}" for cell in blind]
    code = EXIT_REGRESSION if alarms else EXIT_CANNOT_JUDGE if blind else EXIT_GOOD
    complaint = "" if not code else "this gate would not do its work: see above"
    return Outcome(code, "\n".join(lines), complaint)


def _write(judgement: Judgement, files: Files) -> None:
    try:
        if files.junit:
            verdicts.write_junit(judgement, files.junit)
        if files.markdown:
            files.markdown.write_text(verdicts.judgement_markdown(judgement), encoding="utf-8")
        if files.json:
            files.json.write_text(verdicts.as_json(judgement) + "\n")
    except OSError as error:
        where = error.filename or "the files of the verdict"
        raise UsageError(f"{where}: {error.strerror}") from None


def _confirmed(question: GateOptions, first: Judgement, sides: Sides, say: Say) -> Judgement:
    """Measure cells that regressed again, of each side that is a run, and settle the verdicts."""
    names = {cell.name for cell in first.regressed}
    if question.new.is_file():
        raise UsageError(f"--confirm: {question.new} is a file", "NEW has to be a run")
    say(f"{number_of(len(names), 'cell')} regressed, now measured again")
    known = ((question.base, sides.base), (question.new, sides.new))
    paths = [
        path
        for path, side in known
        if path.is_dir() and not names.isdisjoint(map(key_name, side.cells))
    ]
    again = measured_again(paths, names, question.force, say)
    base, new = (again.get(path, path) for path in (question.base, question.new))
    question = replace(question, base=base, new=new)
    second = {cell.name: cell for cell in ask(question, read_sides(question)).cells}
    cells = tuple(_settled(cell, second.get(cell.name)) for cell in first.cells)
    return replace(first, cells=cells)


def _settled(cell: Judged, second: Judged | None) -> Judged:
    """Hold a regression against its second measurement.

    One that fresh boots do not reproduce becomes inconclusive; both reasons are kept.
    """
    if not cell.regressed:
        return cell
    if second is None or (second.blind and not second.regressed):
        why = second.reason if second else "nothing of it was measured"
        return Judged(cell.name, missing=f"{cell.reason}; not judged on fresh boots: {why}")
    if second.regressed:
        return replace(cell, confirmed=f"confirmed on fresh boots: {second.reason}")
    said = f"not confirmed on fresh boots: {second.reason}"
    decision = replace(cell.decision, verdict=Verdict.INCONCLUSIVE) if cell.decision else None
    return replace(cell, decision=decision, over_budget="", confirmed=said)
