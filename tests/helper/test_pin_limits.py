# SPDX-License-Identifier: GPL-2.0-only
"""What a pin loop does where it may not hold all, or where the kernel counts otherwise."""

import subprocess
from pathlib import Path

import pytest

from bench.model.units import KIB, MIB
from tests.helper.running import Ended, run
from tests.helper.test_pin import MEM, PAGE, check, io_uring_here, words

pytestmark = pytest.mark.alone  # the kernel counts locked memory by user, and pins of all


def methods(ended: Ended) -> list[str]:
    return [rep["method"] for rep in ended.of("rep")]


@pytest.mark.parametrize("threads", [3, 4, 7])
def test_windows_are_those_of_all_threads_together(shipped: Path, threads: int) -> None:
    """The share of one thread fits the limit, and those of all do not."""
    ended = run(shipped, *words(threads=threads), memlock=MEM // threads + MIB)
    check(ended, "io-uring,populate,mlock", threads)
    for rep in ended.of("rep"):
        if rep["method"] != "populate":
            assert rep["vmpin_kb"] * KIB <= MEM // threads + MIB


def test_an_uneven_rest_is_held_with_the_others(shipped: Path) -> None:
    """Three threads and 4096 pages: nothing forbids to hold all of them at once."""
    ended = run(shipped, *words(threads=3))
    held = {rep["vmpin_kb"] for rep in ended.of("rep") if rep["method"] == "io-uring"}
    assert held == {MEM // KIB}


def test_who_may_lock_nothing_can_populate(shipped: Path) -> None:
    ended = run(shipped, *words(), memlock=0)
    assert (ended.code, ended.stderr) == (0, "")
    assert set(ended.skipped) == {"io-uring", "mlock"}
    assert set(methods(ended)) == {"populate"}


@pytest.mark.parametrize("memlock", [0, PAGE - 1, 2 * PAGE])
def test_a_limit_is_blamed_for_what_it_forbids(helper: Path, memlock: int) -> None:
    """The ring itself is accounted, since Linux 6.14: that is no lack of io_uring."""
    ended = run(helper, *words(threads=3, order="io-uring,populate"), memlock=memlock)
    assert set(methods(ended)) == {"populate"}
    assert ("memlock" in ended.skipped["io-uring"]) == io_uring_here()


@pytest.mark.parametrize("threads", [1, 2])
def test_huge_pages_that_are_mapped_twice(helper: Path, threads: int) -> None:
    """io_uring counts a huge page once a ring: half of the memory, or all by two rings."""
    order = "populate,io-uring"
    half = ["--file", str(MEM // 2)]
    ended = run(helper, *words(pages="thp", threads=threads, order=order), *half)
    if ended.code == 4:
        assert "shmem_enabled" in ended.of("skip")[0]["need"]
        return
    assert (ended.code, ended.stderr) == (0, "")
    held = {rep["vmpin_kb"] for rep in ended.of("rep") if rep["method"] == "io-uring"}
    assert held == ({MEM // 2 * threads // KIB} if io_uring_here() else set())


@pytest.mark.parametrize("threads", [1, 3])
def test_locking_with_sanitizers(helper: Path, threads: int) -> None:
    """AddressSanitizer makes mlock() of the C library do nothing."""
    check(run(helper, *words(threads=threads, order="mlock")), "mlock", threads)


def test_too_few_descriptors_leave_the_others(shipped: Path) -> None:
    """What was opened for a method that cannot be had is closed again."""
    few = ["prlimit", "--nofile=16", str(shipped)]
    command = [*few, *words(threads=32, order="io-uring,populate"), "--out", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    ended = Ended(done.returncode, done.stdout.splitlines(), done.stderr)
    assert (ended.code, ended.stderr) == (0, "")
    assert set(ended.skipped) == {"io-uring"}
    assert methods(ended) == ["populate"] * 3
