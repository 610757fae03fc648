# SPDX-License-Identifier: GPL-2.0-only
"""Real guests: the kernel of kernel-config/ under TCG, counting instructions."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from bench.errors import CellFailed
from bench.executors.guest import GuestExecutor, device_steps
from bench.executors.guest_setup import GuestSetup, prepare
from bench.guest.boot import Guest, boot
from bench.guest.qemu import GuestConfig
from bench.model.cell import Clock, Plan
from bench.model.device import DEVICES
from bench.model.method import Family
from bench.model.units import GIB
from bench.plan.matrix import make_plan
from bench.plan.scenario import load_scenario


def plan_of(**overrides: object) -> Plan:
    return make_plan(load_scenario("smoke", {"reps": 2, **overrides}))


def fails(executor: GuestExecutor, reason: str, **factors: object) -> None:
    """Check that a block of these factors fails its proof for this reason."""
    (block,) = plan_of(**factors).blocks
    with pytest.raises(CellFailed, match=reason):
        [*executor.measure(block)]


def qemus_of(process: psutil.Process) -> list[psutil.Process]:
    """Return the guests below a process, without those that end while it looks."""

    def is_qemu(child: psutil.Process) -> bool:
        try:
            return "qemu" in child.name()
        except psutil.NoSuchProcess:
            return False

    return [child for child in process.children(recursive=True) if is_qemu(child)]


@pytest.fixture(scope="session")
def setup(tmp_path_factory: pytest.TempPathFactory) -> GuestSetup:
    console = tmp_path_factory.mktemp("guest") / "console.log"
    smallest = prepare(plan_of().blocks, Clock.ICOUNT, console)
    return replace(smallest, memory=2 * GIB)


@pytest.fixture
def executor(setup: GuestSetup, tmp_path: Path) -> Iterator[GuestExecutor]:
    executor = GuestExecutor(replace(setup, console=tmp_path / "console.log"))
    yield executor
    executor.close()


# Those that the usual kernel has: tests/kernels has the others.
REAL = [n for n, d in DEVICES.items() if d.family is Family.VDPA and not d.needs[0]]


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuestExecutor]:
    """One guest that has what any of the devices wants."""
    console = tmp_path_factory.mktemp("devices") / "console.log"
    blocks = plan_of(device=",".join([*REAL, "vduse-suspend"]), mem="128M").blocks
    with closing(GuestExecutor(prepare(blocks, Clock.ICOUNT, console))) as executor:
        yield executor


Bound = Callable[[str], Guest]


@pytest.fixture
def bound(executor: GuestExecutor) -> Iterator[Bound]:
    """Give a guest with a device, for commands one by one, until the test ends."""
    with ExitStack() as stack:

        def guest_with(device: str) -> Guest:
            steps = device_steps([DEVICES[device]], executor.kernel)
            guest = stack.enter_context(executor.guest([step.command for step in steps]))
            for step in steps:
                step.take(guest)
            return guest

        yield guest_with


_SPLAT = re.compile(r"BUG:|WARNING:|UBSAN:|KASAN:|INFO: possible|Call Trace:")


def splats(console: Path) -> list[str]:
    """Return the lines of a console with which the kernel complains of itself."""
    lines = console.read_text(errors="replace").splitlines()
    return [line for line in lines if _SPLAT.search(line)]


@contextmanager
def booted(setup: GuestSetup, console: Path, memory: int = GIB // 2) -> Iterator[Guest]:
    """A guest with nothing loaded, for tests that are going to lose it."""
    config = GuestConfig(
        kernel=setup.kernel.image,
        initramfs=setup.initramfs,
        memory=memory,
        accelerator=setup.accelerator,
        console=console,
    )
    with boot(config, deadline=120) as (guest, _):
        yield guest
