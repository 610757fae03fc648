# SPDX-License-Identifier: GPL-2.0-only
"""Play programs on the device of a guest."""

import json
import logging
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from bench.executors.guest import GuestExecutor, device_steps
from bench.executors.guest_setup import GuestSetup
from bench.guest.boot import Guest
from bench.guest.initramfs import ensure_initramfs
from bench.model.device import DEVICES
from tests.guest.conftest import splats
from tests.interface.model import TRAITS, disagreement
from tests.interface.programs import programs
from tests.interface.steps import PAGE, Answer, Program

SOURCE = Path(__file__).with_name("player.c")
_KB = PAGE // 1024
_MEAN = 13  # steps of a program
# For long runs and others than those of the tests.
STEPS, SEED = "BENCH_INTERFACE_STEPS", "BENCH_INTERFACE_SEED"


@dataclass
class Player:
    """A guest with a device, and how many steps were played there."""

    guest: Guest
    device: str
    steps: int = 0
    found: int = 0  # the steps until the kernel and the model first differed

    def play(self, program: Program) -> list[Answer]:
        """Play a program on the device, opened anew."""
        words = " ".join(step.encoded() for step in program)
        *lines, end = self.guest.lines(f"player /dev/vhost-vdpa-0 {words}", 60)
        assert json.loads(end)["code"] == 0, f"{end} behind {lines[-1:]}"
        self.steps += len(program)
        return [_answer(json.loads(line)) for line in lines]

    def problem(self, program: Program) -> str:
        """Play a program; return where the kernel and the model differ, "" where they agree."""
        problem = disagreement(TRAITS[self.device], program, self.play(program))
        if problem and not self.found:
            self.found = self.steps
        return problem


def _answer(line: dict[str, object]) -> Answer:
    pinned = [kb // _KB for kb in line["pin"]]  # type: ignore[attr-defined]
    return Answer(int(str(line["r"])), tuple(pinned), str(line["out"]))


@contextmanager
def guest_with(setup: GuestSetup, device: str, source: Path, where: Path) -> Iterator[Guest]:
    """Boot a guest with a program of C and a device in it, until the block is left."""
    program = where / source.stem
    flags = ["-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-static"]
    subprocess.run(["gcc", *flags, "-o", program, source], check=True)
    made = DEVICES[device]
    initramfs = ensure_initramfs(setup.kernel, made.programs, {source.stem: program})
    console = where / "console.log"
    once = replace(setup, initramfs=initramfs, console=console, fresh=True)  # not saved
    executor = GuestExecutor(once)
    steps = device_steps([made], executor.kernel)
    with executor.guest([step.command for step in steps]) as guest:
        for step in steps:
            step.take(guest)
        yield guest
    executor.close()
    assert splats(console) == []


@contextmanager
def playing(setup: GuestSetup, device: str, where: Path) -> Iterator[Player]:
    """Boot a guest with the player and a device in it, until the block is left."""
    with guest_with(setup, device, SOURCE, where) as guest:
        yield Player(guest, device)


def hold(player: Player, steps: int) -> None:
    """Draw and play programs of so many steps in all; AssertionError with the shortest that fails.

    The programs are the same each time, unless the environment asks for others.
    """
    wanted = int(os.environ.get(STEPS, steps))

    @seed(int(os.environ.get(SEED, "1")))
    @settings(
        max_examples=max(wanted // _MEAN, 1),
        deadline=None,
        report_multiple_bugs=False,
        database=None,
        suppress_health_check=[*HealthCheck],
        phases=(Phase.generate, Phase.shrink),
    )
    @given(programs(TRAITS[player.device]))
    def holds(program: Program) -> None:
        problem = player.problem(program)
        assert not problem, f"after {player.found} steps:\n{problem}"

    holds()
    logging.getLogger(__name__).info("%s: no difference in %d steps", player.device, player.steps)
