# SPDX-License-Identifier: GPL-2.0-only
"""Profile what a run has measured, and keep the profiles in its directory."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bench.cleanup.scratch import temporary
from bench.errors import CannotJudge, CellFailed, CellSkipped
from bench.executors.base import Executor
from bench.executors.choose import choose_executor
from bench.executors.guest import GuestExecutor
from bench.executors.profiling import Profiler, why_not
from bench.guest.plugin import ensure_plugin, why_not_profiled
from bench.guest.qemu import Accelerator
from bench.guest.symbols import why_no_lines
from bench.measure.resume import scenario_of
from bench.model.cell import Block, Cell
from bench.model.facts import ProfileFacts
from bench.model.steps import Step, Steps
from bench.paths import cache_dir
from bench.plan.matrix import make_plan
from bench.profile.profile import Profile
from bench.profile.stored import encoded, file_of, has_profile
from bench.protocol.helper import helper_digest
from bench.results.reader import Run
from bench.results.writer import Store, load

_SAME = 2e-5  # of a pause: more than this the profiled rep is not the measured one again


def require_profiles(executor: Executor, wanted: ProfileFacts, steps: Steps) -> GuestExecutor:
    """Return the executor if its guests can be profiled; CannotJudge says why they cannot.

    The plugin is there afterwards: what fails fails before anything is measured.
    """
    if not isinstance(executor, GuestExecutor):
        why = f"no profile: executor {executor.name} runs no guest whose instructions are counted"
        raise CannotJudge(why, "use --executor guest --clock icount")
    if why := why_not_profiled(Accelerator(executor.facts().accelerator)):
        raise CannotJudge(f"no profile: {why}", "use --clock icount; or perf in the guest, by hand")
    if wanted.lines and (why := why_no_lines(executor.kernel)):
        hint = "name a kernel that is built whole: --kernel 7.3:live-update --config lines"
        raise CannotJudge(f"no lines: {why}", hint)
    ensure_plugin(steps)
    return executor


def profile_run(
    store: Store, blocks: Sequence[Block], executor: Executor, wanted: ProfileFacts, steps: Steps
) -> None:
    """Profile the cells of blocks that have a rep in a run and no profile yet.

    What cannot be profiled is noted, with the reason.
    """
    run = load(store.path)
    due = [block for block in blocks if is_due(run, block)]
    for profile in profiles_of(run, due, require_profiles(executor, wanted, steps), wanted, steps):
        store.add_profile(file_of(profile.cell), encoded(profile))


def is_due(run: Run, block: Block) -> bool:
    """Tell whether a block has a measured cell without a profile that can be read."""
    measured = [cell for cell in block.cells if cell in run.by_cell and run.by_cell[cell].ok.any()]
    return not all(has_profile(run.path, cell) for cell in measured)


def profiles_of(
    run: Run, blocks: Sequence[Block], executor: GuestExecutor, wanted: ProfileFacts, steps: Steps
) -> Iterator[Profile]:
    """Profile blocks of a run; each profile says if it is of another rep than the measured one."""
    if not blocks:
        return
    profiler = Profiler(executor, wanted, steps)
    with steps.at(Step.PROFILE, len(blocks)):
        for number, block in enumerate(blocks, 1):
            for profile in _profiled(profiler, block, steps):
                yield _held_against(run, profile)
            steps.reached(number)


def profiled_again(path: Path, cells: Collection[Cell], steps: Steps) -> dict[Cell, Profile]:
    """Profile cells of a stored run on the kernel that they were measured on; nothing is stored.

    CannotJudge or UsageError where the run cannot be repeated here: its kernel or the helper is
    another one by now.
    """
    run = load(path)
    scenario = scenario_of(path, run.facts)
    plan = make_plan(scenario)
    with temporary(cache_dir()) as scratch:
        console = scratch / "console.log"
        executor = choose_executor(scenario, plan, run.facts.clock, console, steps)
        guest = require_profiles(executor, ProfileFacts(), steps)
        _require_same(run, guest)
        blocks = [block for block in plan.blocks if not set(block.cells).isdisjoint(cells)]
        made = [*profiles_of(run, blocks, guest, ProfileFacts(), steps)]
    return {profile.cell: profile for profile in made if profile.cell in cells}


def _require_same(run: Run, guest: GuestExecutor) -> None:
    """Raise CannotJudge unless kernel, QEMU and helper are those that the run was measured with."""
    sessions = run.facts.sessions
    then, now = run.facts.executor, guest.facts()
    pairs = {
        "kernel": (then.kernel_digest, now.kernel_digest),
        "QEMU": (then.qemu, now.qemu),
        "helper": (sessions[-1].helper if sessions else "", helper_digest()),
    }
    for what, (before, here) in pairs.items():
        if before != here:
            why = f"{run.path} was measured with another {what}: {before}, here is {here}"
            raise CannotJudge(f"no profile: {why}")


def _profiled(profiler: Profiler, block: Block, steps: Steps) -> list[Profile]:
    """Profile a block; what cannot be profiled is noted, with the reason."""
    try:
        if why := why_not(block):
            raise CellSkipped(why)
        return profiler.profile(block)
    except (CellFailed, CellSkipped) as error:
        steps.note(f"no profile of {block.label}: {error.message}")
        return []


def _held_against(run: Run, profile: Profile) -> Profile:
    """Note a pause that is not that of the measured rep of the same number."""
    columns = run.by_cell.get(profile.cell)
    if columns is None:
        return profile
    same = columns.pause[columns.rep == profile.rep]
    ticks = sum(profile.spans[name].ticks for name in profile.phases)
    if not len(same) or abs(int(same[0]) - ticks) <= _SAME * ticks:
        return profile
    note = f"its pause was {ticks}, that of the measured rep of its number {int(same[0])}"
    return replace(profile, notes=(*profile.notes, note))
