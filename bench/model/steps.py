# SPDX-License-Identifier: GPL-2.0-only
"""Name the steps of a command, and how whoever does one tells that it goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum


class Step(StrEnum):
    """What a run does, in this order. What is in the cache already is no step of it."""

    WAIT = "waiting for another bench, which makes the same"
    LISTS = "fetching Debian's package lists"
    FETCH = "fetching the kernel's packages"
    UNPACK = "unpacking them"
    BUILD = "building the kernel's modules"
    LAY = "laying out the kernel's source"
    KERNEL = "building the kernel"
    COMPILE = "compiling the helper"
    PROBE = "trying KVM"
    BOOT = "booting a guest"
    RESTORE = "restoring a guest"
    MEASURE = "measuring"
    PROFILE = "profiling"

    @property
    def unit(self) -> str:
        """Name what is counted while it goes on."""
        return {Step.KERNEL: "objects", Step.PROFILE: "blocks"}.get(self, "MiB")


class Steps:
    """Is told what goes on, by any thread. This one shows nothing of it."""

    @contextmanager
    def at(self, step: Step, total: int = 0, of: str = "") -> Iterator[None]:
        """Tell that a step goes on until the block is left.

        ``total`` is in bytes, or in objects of a kernel, 0 where it is not known; ``of`` is the
        label of the block that it belongs to, of several at once.
        """
        self.step_begins(step, total, of)
        yield
        self.step_ends(step, of)

    def step_begins(self, step: Step, total: int, of: str) -> None:
        """Take note of the beginning of a step."""

    def step_ends(self, step: Step, of: str) -> None:
        """Take note that a step is done; one that fails does not end, but the command does."""

    def reached(self, done: int) -> None:
        """Take note of how much is done in the step that goes on."""

    def note(self, line: str) -> None:
        """Take note of a line for people."""


SILENT = Steps()
