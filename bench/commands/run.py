# SPDX-License-Identifier: GPL-2.0-only
"""Carry out `bench run`: plan, measure, report. What is to be printed is returned."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bench.commands.boots_report import boots_report, of_many
from bench.commands.outcome import Outcome, Say
from bench.commands.plan import plan_outcome
from bench.commands.stored import interrupted_outcome, outcome_of
from bench.commands.turns import go_on, in_turn
from bench.engines.base import Engine
from bench.engines.open import open_engine, require_engine
from bench.errors import EXIT_INTERRUPTED, BenchError, CannotJudge, EngineLost, UsageError
from bench.executors.base import Executor
from bench.executors.choose import check, choose_executor, require_anywhere, steps_ahead
from bench.executors.profiling import KINDS, profile_seconds
from bench.executors.uml import DEFAULTS
from bench.measure.display import Display
from bench.measure.jobs import choose_jobs, parse_jobs
from bench.measure.loop import run as run_plan
from bench.measure.loop import run_facts
from bench.measure.profiles import is_due, profile_run, require_profiles
from bench.measure.progress import show_progress
from bench.measure.resume import Resumed, add_workers, carry_on, open_again
from bench.model.cell import Block, Clock, Plan
from bench.model.facts import ProfileFacts, RunFacts
from bench.model.jobs import AUTO_JOBS
from bench.model.near import near
from bench.model.reps import Reps
from bench.model.steps import Step
from bench.model.units import format_duration
from bench.plan.boots import Boot, boots_of, places_of, series_of
from bench.plan.duration import whole_seconds
from bench.plan.matrix import make_plan
from bench.plan.scenario import Scenario, load_scenario
from bench.results.reader import AHEAD
from bench.results.series import BOOTS as SERIES
from bench.results.writer import Store, create, create_boots, load
from bench.tune.for_plan import tuned


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
    jobs: str = AUTO_JOBS  # blocks that are measured at once
    jobs_by: str = ""  # what of the user's defaults asks for them; "": the command line
    fresh: bool = False  # boot for every block instead of going on from a saved state
    profile: ProfileFacts | None = None  # and what is to be in a profile of each cell
    on: str | None = None  # the engine whose workers measure, None for here
    engine: Engine | None = None  # the same, opened
    shard: str = ""  # the part of the plan that is measured here, as in 2/8; "": all
    plan: bool = False  # only say what would be measured


def run_command(options: RunOptions, say: Say) -> Outcome:
    """Measure what was asked for: one boot, several, or the rest of a run.

    UsageError and CannotJudge where nothing could be measured; after that, what was measured
    is part of the outcome, whatever ended it.
    """
    parse_jobs(options.jobs)
    if options.resume:
        with _with_engine(options) as opened:
            if (options.resume / SERIES).exists():
                from bench.commands.resume_boots import resume_boots

                return resume_boots(opened, options.resume, say)
            return resume_run(opened, options.resume, say)
    if options.profile and options.fresh:
        why = "--profile begins where measured guests begin: from a saved one"
        raise UsageError(why, "leave --fresh out")
    scenario = load_scenario(options.scenario, _completed(options.overrides))
    clock, boots = clock_of(options.clock), boots_of(scenario)
    plan = make_plan(boots[0].scenario)
    if options.on is not None:
        require_engine(options.on)
        require_anywhere(scenario, plan, clock)
    if options.plan:
        return plan_outcome(scenario, boots, plan, clock)
    check(scenario, plan, clock)
    if scenario.budget and len(boots) > 1:
        each = format_duration(scenario.budget / len(boots))
        say(f"--budget: {each} for each of {len(boots)} boots")
    with _with_engine(options) as opened:
        if options.shard:
            from bench.commands.shard import run_shard  # which measures boots as this module does

            return run_shard(opened, scenario, boots, say)
        return _run_all(opened, scenario, plan, boots, say)


@contextmanager
def _with_engine(options: RunOptions) -> Iterator[RunOptions]:
    """Open the engine that --on names, until the block is left."""
    if options.on is None:
        yield options
        return
    engine = open_engine(options.on)
    try:
        yield replace(options, engine=engine)
    finally:
        with suppress(KeyboardInterrupt):  # nothing is measured any more: that is to be told
            engine.close()


def _run_all(
    options: RunOptions, scenario: Scenario, plan: Plan, boots: Sequence[Boot], say: Say
) -> Outcome:
    """Measure all blocks of all boots; ``plan`` is that of the first."""
    clock = clock_of(options.clock)
    ahead = seconds_ahead([boot.scenario for boot in boots], plan, plan.blocks, clock)
    for steps, boot in zip(ahead, boots, strict=True):
        if options.profile and boot.number == 1:
            steps[Step.PROFILE] = sum(map(profile_seconds, plan.blocks))
    with show_progress(say, ahead) as display:
        if len(boots) > 1:
            return run_boots(options, scenario, boots, display)
        return run_boot(options, scenario, options.out, display, boots=1)


def profiling_of(profile: bool, counts: str, lines: bool) -> ProfileFacts | None:
    """Return what a profile is to have, None for no profile; UsageError for an unknown count.

    Whoever asks for counts or lines asks for a profile.
    """
    asked = tuple(filter(None, (word.strip() for word in counts.split(","))))
    for word in asked:
        if word not in KINDS:
            raise UsageError(f"--count: '{word}' is unknown: {near(word, KINDS)}")
    wanted = profile or lines or bool(counts)
    in_order = tuple(kind for kind in KINDS if kind in asked)
    return ProfileFacts(counts=in_order, lines=lines) if wanted else None


def _completed(overrides: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add what an executor that was asked for stands for, where the command line says nothing."""
    return {**DEFAULTS, **overrides} if overrides.get("executor") == "uml" else overrides


def seconds_ahead(
    scenarios: Sequence[Scenario], plan: Plan, blocks: Sequence[Block], clock: Clock | None
) -> list[dict[Step, float]]:
    """Estimate the seconds of each step of boots in which ``blocks`` of a plan are measured."""
    measuring = {Step.MEASURE: sum(map(whole_seconds, blocks))}
    return [steps | measuring for steps in steps_ahead(scenarios, plan, clock)]


def run_boot(
    options: RunOptions,
    scenario: Scenario,
    out: Path | None,
    display: Display,
    only: Callable[[Block], bool] = lambda _: True,
    boots: int | None = None,
) -> Outcome:
    """Measure one boot of one kernel into a run directory; more boots where a guest is lost.

    The executor is that of the whole plan, whatever ``only`` leaves of it: a guest that is
    sized or equipped for less is not the one that measured all. With ``boots``, how many of its
    kernel are measured, it says what they are too few for.
    """
    clock = clock_of(options.clock)
    whole = make_plan(scenario)
    plan = replace(whole, blocks=tuple(filter(only, whole.blocks)))
    if options.shard:  # bench merge says of the whole plan what was left out
        plan = replace(plan, left_out=())
    store = create(out, scenario.name)
    try:
        with tuned(options.tune, whole, scenario.executor, display.note) as settings:
            executor = choose_executor(
                *(scenario, whole, clock, store.console, display),
                fresh=options.fresh,
                engine=options.engine,
            )
            if boots and plan.blocks:
                _say_shortage(scenario.reps, boots, executor, display.note)
            changed = settings if options.tune else None
            asked = (options.arguments, changed, options.profile, options.shard)
            facts = partial(run_facts, scenario, plan, executor, *asked)
            _measure(options, plan, executor, store, facts, display)
    except KeyboardInterrupt:
        if (store.path / "run.json").exists():
            return interrupted_outcome(store)
        _remove_if_empty(store)
        complaint = "interrupted before anything was measured"
        return Outcome(EXIT_INTERRUPTED, complaint=complaint, interrupted=True)
    except BenchError as error:
        if _remove_if_empty(store):
            if isinstance(error, EngineLost):
                raise CannotJudge(error.message, "nothing was measured: begin it anew") from None
            raise
        measured = outcome_of(store)
        return replace(measured, code=error.exit_code, complaint=error.message, hint=error.hint)
    return outcome_of(store)


def _jobs(options: RunOptions, executor: Executor, display: Display) -> int:
    asked = parse_jobs(options.jobs)
    return choose_jobs(asked, executor.room(), display.note, options.jobs_by)


def _measure(
    options: RunOptions,
    plan: Plan,
    executor: Executor,
    store: Store,
    facts: Callable[[], RunFacts],
    display: Display,
) -> None:
    """Measure a plan, and profile it if that is asked for."""
    jobs = _jobs(options, executor, display)
    if options.profile:
        require_profiles(executor, options.profile, display)
    store.write_facts(facts())  # a run that is killed from now on can be gone on with
    if plan.blocks:
        executor.begin()
        store.write_facts(facts())  # which know the saved state by now
    try:
        with display.measuring(plan):
            run_plan(plan, executor, store, display, 0, jobs, note=display.note)
    finally:
        if options.engine:
            store.write_facts(facts())  # which know its workers by now
    if options.profile:
        profile_run(store, plan.blocks, executor, options.profile, display)


def run_boots(
    options: RunOptions, scenario: Scenario, boots: Sequence[Boot], display: Display
) -> Outcome:
    """Measure every boot of every kernel, each into a run directory below a common one."""
    count = max(boot.number for boot in boots)
    parent = create_boots(options.out, series_of(scenario, boots, clock_of(options.clock)))
    labels = {boot.label for boot in boots}

    def measure(number: int, boot: Boot) -> Outcome:
        display.begin_boot(number, len(boots), boot.label if len(labels) > 1 else "")
        asked, place = options_of(options, boot), parent / boot.place
        return run_boot(asked, boot.scenario, place, display, boots=count)

    turns = in_turn(parent, boots, measure)
    first, *_ = turns.shown
    runs = tuple(p for each in places_of(boots) if (p := parent / each) in turns.runs)
    if turns.last.complaint:
        complaint = f"{turns.place}: {turns.last.complaint}"
        more = of_many(parent, len(turns.shown))
        return Outcome(turns.code, "", complaint, go_on(parent), (*first, more), runs=runs)
    return Outcome(turns.code, sections=boots_report(parent, runs, first), runs=runs)


def options_of(options: RunOptions, boot: Boot) -> RunOptions:
    """Return what is asked of a boot: the first one of each kernel is profiled."""
    return options if boot.number == 1 else replace(options, profile=None)


def boot_seconds(options: RunOptions, boot: Boot, blocks: Collection[Block]) -> dict[Step, float]:
    """Estimate the seconds of each step of a boot in which some of its blocks are measured."""
    plan, clock = make_plan(boot.scenario), clock_of(options.clock)
    steps = seconds_ahead([boot.scenario], plan, [*blocks], clock)[0]
    if options_of(options, boot).profile:
        steps[Step.PROFILE] = sum(map(profile_seconds, blocks))
    return steps


def resume_run(options: RunOptions, path: Path, say: Say) -> Outcome:
    """Measure the rest of a run, by the executor that its whole plan would have."""
    run = open_again(path)
    if run.set_aside:
        say(f"{run.set_aside} lines of unfinished cells are in samples.damaged.jsonl")
    if run.finished and not run.facts.profile:
        return outcome_of(run.store)
    blocks = [block for block in run.rest.blocks if block not in run.ahead]
    ahead = seconds_ahead([run.scenario], run.plan, blocks, run.clock)
    if run.facts.profile:
        ahead[0][Step.PROFILE] = sum(map(profile_seconds, _to_profile(run)))
    with show_progress(say, ahead) as display:
        return _measure_rest(options, run, display)


def _to_profile(run: Resumed) -> list[Block]:
    """List the blocks that are still to be profiled: those to be measured, and some that are."""
    kept = load(run.store.path)
    return [block for block in run.plan.blocks if block in run.rest.blocks or is_due(kept, block)]


def _measure_rest(options: RunOptions, run: Resumed, display: Display) -> Outcome:
    fresh, console = run.facts.executor.fresh, run.store.console
    try:
        with tuned(options.tune, run.whole, run.scenario.executor, display.note):
            executor = choose_executor(
                *(run.scenario, run.whole, run.clock, console, display),
                fresh=fresh,
                engine=options.engine,
            )
            jobs = _jobs(options, executor, display)
            boots = carry_on(run, executor, options.arguments, options.tune)
            try:
                with display.measuring(run.rest):
                    run_plan(
                        *(run.rest, executor, run.store, display, boots, jobs, run.ahead),
                        note=display.note,
                    )
            finally:
                if options.engine:
                    add_workers(run, executor.facts())
            if run.facts.profile:
                profile_run(run.store, run.plan.blocks, executor, run.facts.profile, display)
    except KeyboardInterrupt:
        return interrupted_outcome(run.store)
    return outcome_of(run.store)


def _say_shortage(reps: Reps, boots: int, executor: Executor, say: Say) -> None:
    from bench.gate.needs import shortage

    line = shortage(reps, boots, executor.clock, here=executor.name == "host")
    if line:
        say(line)


def clock_of(name: str | None) -> Clock | None:
    """Return the clock of this name, None for none; UsageError for another word."""
    try:
        return Clock(name) if name else None
    except ValueError:
        raise UsageError(f"--clock: '{name}' is unknown: {near(name or '', Clock)}") from None


def _remove_if_empty(store: Store) -> bool:
    """Remove the directory of a run in which nothing was stored; False where something was."""
    samples = store.path / "samples.jsonl"
    if not samples.exists() or samples.stat().st_size or (store.path / AHEAD).exists():
        return False
    for path in (samples, store.path / "run.json", store.path / "run.tmp", store.console):
        path.unlink(missing_ok=True)
    with suppress(OSError):
        store.path.rmdir()
    return True
