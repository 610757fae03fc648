# SPDX-License-Identifier: GPL-2.0-only
"""A guest that panics, hangs or runs out of memory ends in an error of its own."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import (
    CannotJudge,
    CellFailed,
    GuestHung,
    GuestLost,
    GuestOutOfMemory,
    GuestPanic,
)
from bench.executors.guest import GuestExecutor
from bench.executors.guest_setup import GuestSetup
from tests.guest.conftest import booted


def test_panic_quotes_the_console(setup: GuestSetup, tmp_path: Path) -> None:
    with booted(setup, tmp_path / "console.log") as guest:
        with pytest.raises(GuestPanic) as caught:
            guest.run("echo c >/proc/sysrq-trigger")
        assert "Kernel panic" in caught.value.hint


def test_a_kernel_that_does_not_boot_ends_the_run(setup: GuestSetup, tmp_path: Path) -> None:
    """No cell has failed then: nothing can be judged, as a bisection has to know."""
    (tmp_path / "empty").touch()
    here = replace(setup, initramfs=tmp_path / "empty", console=tmp_path / "console.log")
    with closing(GuestExecutor(here)) as executor, pytest.raises(CannotJudge) as caught:
        executor.begin()
    why = f"{setup.kernel.name} does not boot: the guest's kernel panicked"
    assert caught.value.message == why
    assert "Unable to mount root fs" in caught.value.hint


def test_out_of_memory(setup: GuestSetup, tmp_path: Path) -> None:
    with booted(setup, tmp_path / "console.log") as guest:
        with pytest.raises(GuestOutOfMemory) as caught:
            guest.run(
                f"bench-helper live-update --out 4 --mem {1 << 30} --pages 4k --order exec-only"
            )
        assert "the console ends with" in caught.value.hint


def test_hang_ends_at_the_deadline(setup: GuestSetup, tmp_path: Path) -> None:
    with booted(setup, tmp_path / "console.log") as guest, pytest.raises(GuestHung, match="2 s"):
        guest.run("while :; do :; done", deadline=2)


def test_power_off_is_a_loss(setup: GuestSetup, tmp_path: Path) -> None:
    with booted(setup, tmp_path / "console.log") as guest, pytest.raises(GuestLost, match="exit 0"):
        guest.run("poweroff -f")


def test_failing_command_names_itself(setup: GuestSetup, tmp_path: Path) -> None:
    with booted(setup, tmp_path / "console.log") as guest:
        with pytest.raises(CellFailed, match="insmod") as caught:
            guest.run("insmod /modules/none.ko")
        assert "No such file" in caught.value.hint
        guest.run("echo still here")
