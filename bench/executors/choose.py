# SPDX-License-Identifier: GPL-2.0-only
"""Choose the executor from ``--executor``, ``--clock`` and the devices of a plan."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.engines.base import Engine
from bench.errors import CannotJudge, UsageError
from bench.executors import guest_setup, host, uml
from bench.executors.base import Executor
from bench.executors.guest import GuestExecutor
from bench.executors.remote import RemoteExecutor
from bench.executors.replay import ReplayExecutor
from bench.kernel.config import Architecture
from bench.kernel.name import KernelName, read_name
from bench.model.cell import Cell, Clock, Plan
from bench.model.device import NO_DEVICE, of_this_machine
from bench.model.method import Experiment
from bench.model.steps import Step, Steps
from bench.plan.scenario import Scenario


def check(scenario: Scenario, plan: Plan, clock: Clock | None) -> None:
    """Refuse what cannot be measured here, before anything is fetched, built or measured.

    UsageError for options that do not fit together or name what is not there, CannotJudge when
    nothing can be measured.
    """
    kind, recording = _kind(scenario, plan)
    if kind == "replay":
        _check_recording(recording)
        return
    if not plan.blocks:
        raise CannotJudge("no cell is left to measure", "give more --budget, or smaller --mem")
    if kind == "host":
        _check_host(scenario, plan, clock)
        return
    if kind == "uml":
        if scenario.config:
            raise UsageError("--config: user-mode Linux has one configuration", "leave it out")
        uml.check(plan, clock, kernels_of(scenario))
        return
    if named := _named(plan):
        raise UsageError(f"--device: {named[0]} is of this machine", "use --executor host")
    for name in kernels_of(scenario):
        if name.architecture is Architecture.UML:
            raise UsageError(f"--kernel: {name.base} is a process", "use --executor uml")
    guest_setup.check(plan.blocks, clock, kernels_of(scenario))


def kernels_of(scenario: Scenario) -> list[KernelName]:
    """Return the kernels of a scenario, each in each of its configurations; UsageError."""
    usual = uml.bases()[0] if scenario.executor == "uml" else ""
    names, configs = scenario.kernel or (usual,), scenario.config or ("",)
    return [read_name(name, config) for name in names for config in configs]


def _kind(scenario: Scenario, plan: Plan) -> tuple[str, Path]:
    """Return "host", "guest", "uml" or "replay", and the recording of the latter."""
    name = scenario.executor
    if name == "auto":
        name = "host" if _named(plan) else "guest"
    kind, _, recording = name.partition(":")
    if name in ("host", "guest", "uml") or (kind == "replay" and recording):
        return kind, Path(recording)
    raise UsageError(
        f"--executor: '{name}' is unknown: known are auto, host, guest, uml, replay:FILE"
    )


def _named(plan: Plan) -> list[str]:
    """List the devices of this machine that a plan names."""
    return sorted({cell.device for cell in _cells(plan) if of_this_machine(cell.device)})


def _check_recording(path: Path) -> None:
    if not path.is_fifo():  # to open one for a look would take it from who reads it
        try:
            path.open("rb").close()
        except OSError as error:
            raise UsageError(f"--executor: {path}: {error.strerror}") from None


def _check_host(scenario: Scenario, plan: Plan, clock: Clock | None) -> None:
    for option in ("kernel", "config"):
        if getattr(scenario, option):
            why = f"--{option}: the host has the kernel that runs"
            raise UsageError(why, "use --executor guest")
    if clock is Clock.ICOUNT:
        raise UsageError("--clock: icount counts in a guest", "use --executor guest")
    for cell in _cells(plan):
        if cell.method.experiment is Experiment.VMM_START:
            why = f"--executor: {cell.method} is measured in a guest, as live updates are"
            raise UsageError(why, "use --executor guest")
        if cell.device != NO_DEVICE.name and not of_this_machine(cell.device):
            raise UsageError(
                f"--device: {cell.device} is a device of the guest",
                "on the host name a node, as in --device /dev/vhost-vdpa-0",
            )
    host.find_devices(plan)


def steps_ahead(
    scenarios: Sequence[Scenario], plan: Plan, clock: Clock | None
) -> list[dict[Step, float]]:
    """Estimate the seconds of what comes before measuring the plan, for a boot of each scenario."""
    kind = _kind(scenarios[0], plan)[0]
    if kind == "uml":
        return guest_setup.steps_to_build([kernels_of(each)[0] for each in scenarios])
    if kind != "guest":
        return [{} for _ in scenarios]
    return guest_setup.steps_ahead(clock, [kernels_of(each)[0] for each in scenarios])


def choose_executor(
    scenario: Scenario,
    plan: Plan,
    clock: Clock | None,
    console: Path,
    steps: Steps,
    *,
    fresh: bool = False,
    engine: Engine | None = None,
) -> Executor:
    """Return an executor that can begin, after what takes time: ``steps`` is told of it.

    A guest boots for every block if ``fresh``, instead of going on from a saved state. With an
    ``engine`` its workers have the guests.

    ``auto`` is the host when the plan names a device of this machine, else the guest. Raises
    as `check` does.
    """
    check(scenario, plan, clock)
    kind, recording = _kind(scenario, plan)
    if engine:
        require_anywhere(scenario, plan, clock)
    if kind == "replay":
        return ReplayExecutor.from_file(recording, clock or Clock.ICOUNT)
    if kind == "host":
        executor = host.prepare(plan, console, steps)
        for device in executor.facts().devices or ():
            steps.note(f"device: {device.described}")
        return executor
    kernel = kernels_of(scenario)[0]
    if kind == "uml":
        return uml.prepare(plan, console, kernel, steps)
    setup = guest_setup.prepare(plan.blocks, clock, console, kernel, steps)
    steps.note(f"guest: {setup.kernel.name} under {setup.accelerator}")
    if clock is None and setup.accelerator.clock is Clock.ICOUNT:
        steps.note("no KVM: see bench doctor")
    setup = replace(setup, fresh=fresh, boot=scenario.seed)
    if engine is None:
        return GuestExecutor(setup, steps)
    if setup.accelerator.clock is Clock.WALL:
        raise UsageError(*_HERE)
    return RemoteExecutor(setup, engine, steps)


_HERE = (
    "--on: times of several hosts are not of one run",
    "--clock icount counts anywhere; or bench run --shard on each host",
)


def require_anywhere(scenario: Scenario, plan: Plan, clock: Clock | None) -> None:
    """Refuse what can only be measured here; UsageError."""
    if not is_for_guests(scenario, plan):
        raise UsageError("--on: an engine's workers have guests alone", "use --executor guest")
    if clock is Clock.WALL:
        raise UsageError(*_HERE)


def is_for_guests(scenario: Scenario, plan: Plan) -> bool:
    """Tell whether guests under QEMU measure a plan."""
    return _kind(scenario, plan)[0] == "guest"


def _cells(plan: Plan) -> list[Cell]:
    return [cell for block in plan.blocks for cell in block.cells]
