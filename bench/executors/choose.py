# SPDX-License-Identifier: GPL-2.0-only
"""From ``--executor`` and ``--clock`` to an executor that can begin."""

from collections.abc import Callable
from pathlib import Path

from bench.errors import CannotJudge, UsageError
from bench.executors.base import Executor
from bench.executors.guest import GuestExecutor
from bench.executors.guest_setup import prepare
from bench.executors.replay import ReplayExecutor
from bench.model import Clock, Plan


def choose_executor(
    name: str, plan: Plan, clock: Clock | None, console: Path, say: Callable[[str], None]
) -> Executor:
    """``guest``, or ``replay:FILE`` for tests. What takes time or was decided is said."""
    kind, _, recording = name.partition(":")
    if kind == "replay" and recording:
        return ReplayExecutor.from_file(Path(recording), clock or Clock.ICOUNT)
    if name != "guest":
        raise UsageError(f"--executor: '{name}' is unknown: known are guest, replay:FILE")
    if not plan.blocks:
        raise CannotJudge("no cell is left to measure", "give more --budget, or smaller --mem")
    say("preparing the kernel and the guest")
    setup = prepare(plan.blocks, clock, console)
    say(f"guest: {setup.kernel.name} under {setup.accelerator} ({setup.reason})")
    return GuestExecutor(setup)
