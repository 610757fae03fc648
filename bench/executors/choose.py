# SPDX-License-Identifier: GPL-2.0-only
"""Choose the executor from ``--executor``, ``--clock`` and the devices of a plan."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bench.errors import CannotJudge, UsageError
from bench.executors import host
from bench.executors.base import Executor
from bench.executors.guest import GuestExecutor
from bench.executors.guest_setup import prepare
from bench.executors.replay import ReplayExecutor
from bench.model.cell import Cell, Clock, Plan
from bench.model.device import NO_DEVICE, of_this_machine
from bench.plan.scenario import Scenario


def choose_executor(
    scenario: Scenario,
    plan: Plan,
    clock: Clock | None,
    console: Path,
    say: Callable[[str], None],
    *,
    fresh: bool = False,
) -> Executor:
    """Return an executor that can begin; ``say`` gets a line for what takes time or was decided.

    A guest boots for every block if ``fresh``, instead of going on from a saved state.

    ``auto`` is the host when the plan names a device of this machine, else the guest. UsageError
    for options that do not fit together, CannotJudge when nothing can be measured.
    """
    name = scenario.executor
    named = sorted({cell.device for cell in _cells(plan) if of_this_machine(cell.device)})
    if name == "auto":
        name = "host" if named else "guest"
    kind, _, recording = name.partition(":")
    if kind == "replay" and recording:
        return ReplayExecutor.from_file(Path(recording), clock or Clock.ICOUNT)
    if name not in ("host", "guest"):
        raise UsageError(
            f"--executor: '{name}' is unknown: known are auto, host, guest, replay:FILE"
        )
    if not plan.blocks:
        raise CannotJudge("no cell is left to measure", "give more --budget, or smaller --mem")
    if name == "host" and scenario.kernel:
        raise UsageError("--kernel: the host has the kernel that runs", "use --executor guest")
    if name == "host":
        return _host(plan, clock, console, say)
    if named:
        raise UsageError(f"--device: {named[0]} is of this machine", "use --executor host")
    say("preparing the kernel and the guest")
    setup = prepare(plan.blocks, clock, console, next(iter(scenario.kernel), ""))
    say(f"guest: {setup.kernel.name} under {setup.accelerator}")
    if clock is None and setup.accelerator.clock is Clock.ICOUNT:
        say("no KVM: see bench doctor")
    return GuestExecutor(replace(setup, fresh=fresh, boot=scenario.seed), say)


def _host(
    plan: Plan, clock: Clock | None, console: Path, say: Callable[[str], None]
) -> host.HostExecutor:
    if clock is Clock.ICOUNT:
        raise UsageError("--clock: icount counts in a guest", "use --executor guest")
    for cell in _cells(plan):
        if cell.device != NO_DEVICE.name and not of_this_machine(cell.device):
            raise UsageError(
                f"--device: {cell.device} is a device of the guest",
                "on the host name a node, as in --device /dev/vhost-vdpa-0",
            )
    executor = host.prepare(plan, console)
    for device in executor.facts().devices or ():
        say(f"device: {device.described}")
    return executor


def _cells(plan: Plan) -> list[Cell]:
    return [cell for block in plan.blocks for cell in block.cells]
