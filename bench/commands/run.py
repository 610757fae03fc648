# SPDX-License-Identifier: GPL-2.0-only
"""One `bench run` from its options to what it came to. What is to be printed is returned."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.commands.outcome import Outcome
from bench.errors import BenchError, UsageError
from bench.executors.base import Executor
from bench.executors.choose import choose_executor
from bench.measure.loop import run as run_plan
from bench.measure.loop import run_facts
from bench.measure.progress import BarProgress, PlainProgress, StderrConsole
from bench.measure.resume import Resumed, carry_on, open_again
from bench.model.cell import Block, Clock, Plan
from bench.plan.boots import series_of
from bench.plan.matrix import make_plan
from bench.plan.scenario import Scenario, load_scenario
from bench.report.table.contents import contents
from bench.report.table.section import Section
from bench.results import writer as stores
from bench.results.writer import Store, load
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


Say = Callable[[str], None]


def run_command(request: RunOptions, say: Say) -> Outcome:
    """Plan, measure, report. What was measured before an error is reported with it."""
    if request.resume:
        return _resume(request, open_again(request.resume), say)
    asked = load_scenario(request.scenario, request.overrides)
    if asked.boots > 1 or len(asked.kernel) > 1:
        return _series(request, asked, say)
    return run_once(request, asked, request.out, say)


def run_once(
    request: RunOptions,
    asked: Scenario,
    out: Path | None,
    say: Say,
    only: Callable[[Block], bool] = lambda _: True,
) -> Outcome:
    """One run directory: one boot of one kernel, or more where a guest is lost.

    The executor is that of the whole plan, whatever ``only`` leaves of it: a guest that is
    sized or equipped for less is not the one that measured all.
    """
    wanted = _clock(request.clock)
    whole = make_plan(asked)
    plan = replace(whole, blocks=tuple(filter(only, whole.blocks)))
    store = stores.create(out, asked.name)

    def begin() -> None:
        with tuned(request.tune, whole, asked.executor, say) as settings:
            chosen = choose_executor(asked, whole, wanted, store.console, say)
            changed = settings if request.tune else None
            store.write_facts(run_facts(asked, plan, chosen, request.arguments, changed))
            _measure(plan, chosen, store)

    return run_and_report(begin, store, fresh=True)


def _series(request: RunOptions, asked: Scenario, say: Say) -> Outcome:
    """A run directory for each boot, below one that holds nothing else."""
    boots = series_of(asked)
    parent = stores.create_series(request.out, asked.name)
    reports, code, complaint = [], EXIT_GOOD, ""
    for number, boot in enumerate(boots, 1):
        where = parent / boot.place
        say(f"boot {number} of {len(boots)}: {boot.label}")
        outcome = run_once(request, boot.scenario, where, say)
        code, complaint = outcome.code or code, outcome.complaint or complaint
        reports.append(outcome.sections)
        if outcome.complaint:  # interrupted, or nothing can be measured: so would the next be
            break
    sides = " ".join(str(parent / label) for label in dict.fromkeys(b.label for b in boots))
    more = Section(lines=(f"the first of {len(reports)} boots; bench compare {sides}",))
    hint = f"what was measured is below {parent}"
    return Outcome(code, "", complaint, hint, (*reports[0], more))


def _resume(request: RunOptions, run: Resumed, say: Say) -> Outcome:
    """The rest of a run, by the executor that its whole plan would have."""
    if run.set_aside:
        say(f"{run.set_aside} lines of unfinished cells are in samples.damaged.jsonl")

    def go_on() -> None:
        with tuned(request.tune, run.plan, run.scenario.executor, say):
            chosen = choose_executor(run.scenario, run.plan, run.clock, run.store.console, say)
            boots = carry_on(run, chosen, request.arguments, request.tune)
            _measure(run.rest, chosen, run.store, boots)

    return run_and_report(go_on if not run.finished else lambda: None, run.store, fresh=False)


def run_and_report(measure: Callable[[], None], store: Store, fresh: bool) -> Outcome:
    try:
        measure()
    except KeyboardInterrupt:
        if fresh and not (store.path / "run.json").exists():
            _remove_if_empty(store)
            return Outcome(EXIT_CANNOT_JUDGE, complaint="interrupted before anything was measured")
        return _conclude(store, interrupted=True)
    except BenchError as error:
        if not fresh or _remove_if_empty(store):
            raise
        known = _conclude(store, interrupted=False)  # what was measured before
        return replace(known, code=error.exit_code, complaint=error.message, hint=error.hint)
    return _conclude(store, interrupted=False)


def _clock(name: str | None) -> Clock | None:
    try:
        return Clock(name) if name else None
    except ValueError:
        known = ", ".join(Clock)
        raise UsageError(f"--clock: '{name}' is unknown: known are {known}") from None


def _measure(plan: Plan, executor: Executor, store: Store, boots_before: int = 0) -> None:
    console = StderrConsole()
    progress = BarProgress(console, plan) if console.is_terminal else None
    with progress or nullcontext(PlainProgress(console, plan)) as shown:
        run_plan(plan, executor, store, shown, boots_before)


def _remove_if_empty(store: Store) -> bool:
    """A run that could not begin leaves no directory behind."""
    samples = store.path / "samples.jsonl"
    if not samples.exists() or samples.stat().st_size:
        return False
    for path in (samples, store.path / "run.json", store.path / "run.tmp", store.console):
        path.unlink(missing_ok=True)
    with suppress(OSError):
        store.path.rmdir()
    return True


def _conclude(store: Store, interrupted: bool) -> Outcome:
    """What was measured; the code says whether that is all of it."""
    finished = load(store.path)
    failed = any(sample.status.startswith("failed") for sample in finished.samples)
    code = EXIT_FAILED if failed or (interrupted and finished.measured) else EXIT_GOOD
    if not failed and not finished.measured:
        code = EXIT_CANNOT_JUDGE
    report = (*contents(finished), Section(lines=(f"samples: {store.path}",)))
    if interrupted:
        kept = sum(sample.ok for sample in finished.samples)
        complaint = f"interrupted: {kept} samples of finished cells are kept"
        hint = f"go on: bench run --resume {store.path}"
        return Outcome(code, "", complaint, hint, report)
    return Outcome(code, "", "" if finished.measured else "nothing was measured", "", report)
