# SPDX-License-Identifier: GPL-2.0-only
"""Carry out `bench gate BASE --kernel-from-tree PATH`, which is a step of `git bisect run`.

git takes 125 for a commit to skip, and every other code below 128 for a bad one: what no commit
can change must end in a code from 128 on, which ends the bisection.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.cleanup.scratch import temporary
from bench.commands.again import Again
from bench.commands.gate import Files, judge_sides
from bench.commands.outcome import Outcome, Say
from bench.errors import (
    BenchError,
    CannotJudge,
    EndsBisection,
    MissingTool,
    NoSpace,
    TreeTaken,
    UsageError,
)
from bench.executors.choose import check
from bench.gate.compare import GateOptions, Sides, ask, read_sides
from bench.gate.judge import EXIT_CANNOT_JUDGE
from bench.kernel.build import ensure_tree_kernel
from bench.kernel.checkout import keep_tree
from bench.kernel.kernel import Kernel
from bench.kernel.name import on_base, read_name
from bench.kernel.tree import Origin, Tree
from bench.measure.display import Display
from bench.measure.progress import show_progress
from bench.measure.resume import scenario_of
from bench.model.facts import RunFacts
from bench.model.steps import Step
from bench.paths import cache_dir
from bench.plan.duration import STEP_SECONDS
from bench.plan.matrix import make_plan
from bench.plan.scenario import Scenario
from bench.report.table.cells import CellTable
from bench.report.table.figures import require_measured
from bench.results.reader import read_facts
from bench.results.series import runs_below
from bench.results.writer import load
from bench.sides import read_side

_AGAIN = 60.0  # seconds of a build after a few files have changed
_LIKE_THIS = "measure BASE as in: bench run smoke --kernel NAME:live-update --out BASE"


@dataclass(frozen=True)
class TreeOptions:
    """Which kernel is NEW, and where its run is kept; without a place it is not kept."""

    path: Path
    rev: str = ""
    out: Path | None = None
    arguments: Sequence[str] = ()  # the command line


@dataclass(frozen=True)
class _Measured:
    """A run of BASE, and what it measured."""

    path: Path
    facts: RunFacts
    scenario: Scenario

    def on(self, base: str) -> Scenario:
        """Return the same on a tree: with the series of patches and configurations of BASE."""
        before = self.scenario.kernel[0] if self.scenario.kernel else ""
        config = "+".join(self.facts.executor.kernel_configs)
        changed = {"kernel": (on_base(base, before),), "config": (config,) if config else ()}
        return self.scenario.model_copy(update=changed)


def gate_tree(
    question: GateOptions,
    wanted: TreeOptions,
    files: Files,
    confirm: bool,
    annotate: bool,
    say: Say,
) -> Outcome:
    """Build a tree, measure on it what BASE measured, and judge that against BASE.

    CannotJudge, which a bisection skips, when the tree does not build, boot or work;
    EndsBisection for what would be the same for each commit.
    """
    with _ending(BenchError):
        if wanted.out and wanted.out.exists():
            raise UsageError(f"--out: {wanted.out} exists", "leave it out: each step has a run")
        runs = _base(question)
    name = name_of(wanted.path)
    with temporary(cache_dir()) as scratch:
        out = wanted.out or scratch / "new"
        origin, kernel = _have_kernel(name, wanted, runs[0].on(name), say)
        _measure(runs, name, out, wanted.arguments, say)
        check_measured(runs_below(out), name, kernel)
        question = replace(question, new=out)
        sides = _sides(question, f"{wanted.path} at {origin.described}")
        return judge_sides(question, sides, files, confirm, annotate, say)


def name_of(path: Path) -> str:
    """Return the name under which a tree is kept: the same for each commit of it."""
    digest = hashlib.sha256(str(path.resolve()).encode(errors="surrogateescape"))
    return f"tree-{digest.hexdigest()[:8]}"


@contextmanager
def _ending(*kinds: type[BenchError]) -> Iterator[None]:
    """Let errors of some kinds end a bisection."""
    try:
        yield
    except kinds as error:
        raise EndsBisection(error.message, error.hint) from None


@contextmanager
def _skipping() -> Iterator[None]:
    """Let errors be those of a commit, but for those of this machine or the command line."""
    try:
        with _ending(UsageError, MissingTool, NoSpace, TreeTaken):
            yield
    except EndsBisection:
        raise
    except BenchError as error:
        words = " / ".join(map(str.strip, error.hint.splitlines()))  # the end of a console
        raise CannotJudge(error.message, words) from None


def _base(question: GateOptions) -> list[_Measured]:
    """Read the runs of BASE; BenchError for what cannot be judged against, whatever NEW is."""
    paths = runs_below(question.base)
    if not question.base.is_dir() and question.base.exists():
        raise UsageError(f"{question.base}: a file does not say what to measure", _LIKE_THIS)
    same = read_sides(replace(question, new=question.base))
    judgement = ask(question, replace(same, interleaved=False))
    if judgement.code == EXIT_CANNOT_JUDGE:
        why = next((cell.reason for cell in judgement.cells if cell.blind), "--strict")
        raise CannotJudge(f"{question.base}: nothing can be judged against it: {why}", _LIKE_THIS)
    return [_measured(path) for path in paths]


def _measured(path: Path) -> _Measured:
    facts = read_facts(path / "run.json")
    if facts.executor.name != "guest":
        where = facts.executor.name or "unknown"
        raise UsageError(f"{path}: measured by executor {where}: a tree boots in a guest")
    scenario = scenario_of(path, facts)
    plain = scenario.model_copy(update={"kernel": (), "config": ()})
    check(plain, make_plan(plain), facts.clock)
    return _Measured(path, facts, scenario)


def _have_kernel(
    name: str, wanted: TreeOptions, scenario: Scenario, say: Say
) -> tuple[Origin, Kernel]:
    """Build the kernel of a tree unless the cache has it; returns what it is made of, and it."""
    tree = Tree(name)
    ahead = {step: STEP_SECONDS[step] for step in (Step.LAY, Step.KERNEL)}
    if tree.origin():  # of the commit before: most of it is compiled
        ahead[Step.KERNEL] = _AGAIN
    with show_progress(say, [ahead]) as display:
        with _ending(BenchError):
            origin = keep_tree(tree, wanted.path, wanted.rev, (), display)
        with _skipping():
            kernel = read_name(*scenario.kernel, *scenario.config)
            return origin, ensure_tree_kernel(kernel, origin, display)


def check_measured(runs: Sequence[Path], name: str, kernel: Kernel) -> None:
    """Find that it was this kernel that was measured; EndsBisection where it was another's."""
    digests = {read_facts(run / "run.json").executor.kernel_digest for run in runs}
    with _ending(TreeTaken):
        if digests != {kernel.digest}:
            raise TreeTaken(name)


def _measure(
    runs: Sequence[_Measured], name: str, out: Path, arguments: Sequence[str], say: Say
) -> None:
    """Measure on a tree as many boots as BASE has, each into a run directory."""
    several = len(runs) > 1
    with _skipping():
        boots = [
            Again.of(
                run.path,
                run.facts,
                run.on(name),
                out / f"{number:02}" if several else out,
                arguments,
            )
            for number, run in enumerate(runs, 1)
        ]
        with show_progress(say, [boot.seconds for boot in boots]) as display:
            for number, boot in enumerate(boots, 1):
                if several:
                    display.begin_boot(number, len(boots), "")
                _measure_boot(boot, display)


def _measure_boot(boot: Again, display: Display) -> None:
    """Measure a boot; CannotJudge where nothing was measured."""
    outcome = boot.measure(display)
    if outcome.interrupted:
        raise KeyboardInterrupt
    run = load(boot.out)
    require_measured(run, CellTable(run))
    if outcome.complaint:
        raise CannotJudge(outcome.complaint, outcome.hint)


def _sides(question: GateOptions, name: str) -> Sides:
    """Read both sides; EndsBisection where they differ in what is no matter of the kernel."""
    read_side(runs_below(question.new), question.force)  # raises for what is wrong with it alone
    with _ending(BenchError):
        sides = read_sides(question)
    return replace(sides, new=replace(sides.new, name=name))
