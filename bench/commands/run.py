# SPDX-License-Identifier: GPL-2.0-only
"""Carry out `bench run`: plan, measure, report. What is to be printed is returned."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.commands.outcome import Outcome, Say
from bench.errors import EXIT_INTERRUPTED, BenchError, UsageError
from bench.executors.base import Executor
from bench.executors.choose import choose_executor
from bench.gate.compare import GateOptions, ask, read_sides
from bench.gate.needs import shortage
from bench.gate.render import comparison_text
from bench.measure.jobs import AUTO, choose_jobs, parse_jobs
from bench.measure.loop import Progress, run_facts
from bench.measure.loop import run as run_plan
from bench.measure.progress import BarProgress, PlainProgress, StderrConsole, preparing
from bench.measure.resume import carry_on, open_again
from bench.model.cell import Block, Clock, Plan
from bench.model.reps import Reps
from bench.plan.boots import boots_of
from bench.plan.matrix import make_plan
from bench.plan.scenario import Scenario, load_scenario
from bench.report.table.contents import contents
from bench.report.table.section import Section
from bench.results.writer import Store, create, create_boots, load
from bench.tune.for_plan import tuned

EXIT_GOOD, EXIT_FAILED, EXIT_CANNOT_JUDGE = 0, 1, 125


@dataclass(frozen=True)
class RunOptions:
    """What was asked for: a scenario, what replaces its fields, and how to run it."""

    scenario: str
    overrides: Mapping[str, Any]
    arguments: Sequence[str]  # the command line, to be repeated
    clock: str | None = None
    out: Path | None = None
    tune: bool = False
    resume: Path | None = None  # a run directory, which has all else
    jobs: str = AUTO  # blocks that are measured at once
    fresh: bool = False  # boot for every block instead of going on from a saved state


def run_command(options: RunOptions, say: Say) -> Outcome:
    """Measure what was asked for: one boot, several, or the rest of a run.

    UsageError and CannotJudge where nothing could be measured; after that, what was measured
    is part of the outcome, whatever ended it.
    """
    parse_jobs(options.jobs)
    if options.resume:
        return resume_run(options, options.resume, say)
    scenario = load_scenario(options.scenario, options.overrides)
    if scenario.boots > 1 or len(scenario.kernel) > 1:
        return run_boots(options, scenario, say)
    return run_boot(options, scenario, options.out, say, boots=1)


def run_boot(
    options: RunOptions,
    scenario: Scenario,
    out: Path | None,
    say: Say,
    only: Callable[[Block], bool] = lambda _: True,
    boots: int | None = None,
) -> Outcome:
    """Measure one boot of one kernel into a run directory; more boots where a guest is lost.

    The executor is that of the whole plan, whatever ``only`` leaves of it: a guest that is
    sized or equipped for less is not the one that measured all. With ``boots``, how many of its
    kernel are measured, it says what they are too few for.
    """
    clock = _clock(options.clock)
    whole = make_plan(scenario)
    plan = replace(whole, blocks=tuple(filter(only, whole.blocks)))
    store = create(out, scenario.name)
    try:
        with tuned(options.tune, whole, scenario.executor, say) as settings:
            with preparing(say) as tell:
                executor = choose_executor(
                    scenario, whole, clock, store.console, tell, fresh=options.fresh
                )
            jobs = choose_jobs(parse_jobs(options.jobs), executor.room(), say)
            if boots and plan.blocks:
                _say_shortage(scenario.reps, boots, executor, say)
            changed = settings if options.tune else None
            store.write_facts(run_facts(scenario, plan, executor, options.arguments, changed))
            with _progress(plan) as progress:
                run_plan(plan, executor, store, progress, 0, jobs)
    except KeyboardInterrupt:
        if (store.path / "run.json").exists():
            return _outcome(store, interrupted=True)
        _remove_if_empty(store)
        return Outcome(EXIT_INTERRUPTED, complaint="interrupted before anything was measured")
    except BenchError as error:
        if _remove_if_empty(store):
            raise
        measured = _outcome(store)
        return replace(measured, code=error.exit_code, complaint=error.message, hint=error.hint)
    return _outcome(store)


def run_boots(options: RunOptions, scenario: Scenario, say: Say) -> Outcome:
    """Measure every boot of every kernel, each into a run directory below a common one."""
    boots = boots_of(scenario)
    parent = create_boots(options.out, scenario.name)
    say_once = _once(say)
    reports, code, complaint = [], EXIT_GOOD, ""
    for number, boot in enumerate(boots, 1):
        say(f"boot {number} of {len(boots)}: {boot.label}")
        place = parent / boot.place
        outcome = run_boot(options, boot.scenario, place, say_once, boots=scenario.boots)
        code, complaint = outcome.code or code, outcome.complaint or complaint
        reports.append(outcome.sections)
        if outcome.complaint:  # interrupted, or nothing can be measured: so would the next be
            break
    kernels = [parent / label for label in dict.fromkeys(boot.label for boot in boots)]
    more = Section(lines=(f"the first of {len(reports)} boots; all are below {parent}",))
    compared = () if complaint else _compared(kernels)
    hint = f"what was measured is below {parent}"
    return Outcome(code, "", complaint, hint, (*reports[0], more, *compared))


def _compared(kernels: Sequence[Path]) -> tuple[Section, ...]:
    """Compare each kernel with the first one, as `bench compare` does."""
    base, *others = kernels
    return tuple(Section(lines=tuple(_comparison(base, other))) for other in others)


def _comparison(base: Path, new: Path) -> list[str]:
    lines = [f"bench compare {base} {new}"]
    question = GateOptions(base, new)
    try:
        sides = read_sides(question)
        text = comparison_text(sides, ask(question, sides))
    except BenchError as error:
        return [*lines, f"not compared: {error.message}"]
    return [*lines, *text.splitlines()]


def _once(say: Say) -> Say:
    """Leave out lines that were said before: boots have much in common."""
    said: set[str] = set()

    def first(line: str) -> None:
        if line not in said:
            said.add(line)
            say(line)

    return first


def resume_run(options: RunOptions, path: Path, say: Say) -> Outcome:
    """Measure the rest of a run, by the executor that its whole plan would have."""
    run = open_again(path)
    if run.set_aside:
        say(f"{run.set_aside} lines of unfinished cells are in samples.damaged.jsonl")
    if run.finished:
        return _outcome(run.store)
    try:
        with tuned(options.tune, run.plan, run.scenario.executor, say):
            fresh = run.facts.executor.fresh
            with preparing(say) as tell:
                executor = choose_executor(
                    run.scenario, run.plan, run.clock, run.store.console, tell, fresh=fresh
                )
            jobs = choose_jobs(parse_jobs(options.jobs), executor.room(), say)
            boots = carry_on(run, executor, options.arguments, options.tune)
            with _progress(run.rest) as progress:
                run_plan(run.rest, executor, run.store, progress, boots, jobs, run.ahead)
    except KeyboardInterrupt:
        return _outcome(run.store, interrupted=True)
    return _outcome(run.store)


def _say_shortage(reps: Reps, boots: int, executor: Executor, say: Say) -> None:
    line = shortage(reps, boots, executor.clock, here=executor.name == "host")
    if line:
        say(line)


def _clock(name: str | None) -> Clock | None:
    try:
        return Clock(name) if name else None
    except ValueError:
        known = ", ".join(Clock)
        raise UsageError(f"--clock: '{name}' is unknown: known are {known}") from None


@contextmanager
def _progress(plan: Plan) -> Iterator[Progress]:
    """Show a bar on a terminal, and lines elsewhere."""
    console = StderrConsole()
    if console.is_terminal:
        with BarProgress(console, plan) as bar:
            yield bar
    else:
        with PlainProgress(console, plan) as lines:
            yield lines


def _remove_if_empty(store: Store) -> bool:
    """Remove the directory of a run in which nothing was stored; False where something was."""
    samples = store.path / "samples.jsonl"
    if not samples.exists() or samples.stat().st_size:
        return False
    for path in (samples, store.path / "run.json", store.path / "run.tmp", store.console):
        path.unlink(missing_ok=True)
    with suppress(OSError):
        store.path.rmdir()
    return True


def _outcome(store: Store, interrupted: bool = False) -> Outcome:
    """Report what is stored; the code says whether that is all that was to be measured."""
    finished = load(store.path)
    failed = any(sample.status.startswith("failed") for sample in finished.samples)
    code = EXIT_FAILED if failed or (interrupted and finished.measured) else EXIT_GOOD
    if not failed and not finished.measured:
        code = EXIT_INTERRUPTED if interrupted else EXIT_CANNOT_JUDGE
    report = (*contents(finished), Section(lines=(f"samples: {store.path}",)))
    if interrupted:
        kept = sum(sample.ok for sample in finished.samples)
        complaint = f"interrupted: {kept} samples of finished cells are kept"
        hint = f"go on: bench run --resume {store.path}"
        return Outcome(code, "", complaint, hint, report)
    return Outcome(code, "", "" if finished.measured else "nothing was measured", "", report)
