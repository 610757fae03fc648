# SPDX-License-Identifier: GPL-2.0-only
"""Pin loops on this machine: what is held is what was asked for, in windows where it has to be."""

import ctypes
import os
import subprocess
import time
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.model.cell import Block, Rep, Unavailable
from bench.model.method import Method
from bench.model.units import KIB, MIB
from bench.protocol.messages import read_reps
from tests.helper.running import Ended, run
from tests.unit.streams import small_block

pytestmark = pytest.mark.alone  # the kernel counts locked memory by user, and pins of all

PAGE = 4 * KIB
MEM = 16 * MIB
# AddressSanitizer makes mlock() do nothing, so that it is asked of the shipped build.
EVERY = "io-uring,populate,mlock"
SANITIZED = "io-uring,populate"


def io_uring_here() -> bool:
    """Whether this kernel has it, and this process may: asked of the kernel itself."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(425, 1, ctypes.create_string_buffer(120))
    if fd >= 0:
        os.close(fd)
    return bool(fd >= 0)


def words(mem: int = MEM, pages: str = "4k", threads: int = 1, order: str = EVERY) -> list[str]:
    rounds = ",".join([order] * 2)
    size = ["--mem", str(mem), "--pages", pages]
    return ["pin", *size, "--threads", str(threads), "--order", rounds]


def shares(mem: int, threads: int, page: int = PAGE) -> list[int]:
    """Whole pages for each thread; the last takes the rest."""
    size = mem // threads // page * page
    return [size] * (threads - 1) + [mem - size * (threads - 1)]


def check(ended: Ended, order: str, threads: int, mem: int = MEM, page: int = PAGE) -> None:
    """All reps are there and hold what they say; only io_uring may be missing, for a reason."""
    assert (ended.code, ended.stderr) == (0, "")
    missing = set() if io_uring_here() else {"io-uring"}
    assert set(ended.skipped) == missing
    left = [method for method in order.split(",") if method not in missing]
    assert [rep["method"] for rep in ended.of("rep")] == left * 2
    for rep in ended.of("rep"):
        assert set(rep["phases"]) == {"pin", "unpin"}
        assert rep["pause"] == sum(rep["phases"].values()) > 0
        assert rep["vmpin_kb"] * KIB == held(rep, threads, mem, page)


def held(rep: dict[str, Any], threads: int, mem: int, page: int) -> int:
    """At once, at most: a window of each thread."""
    if rep["method"] == "populate":
        assert rep["window"] >= max(shares(mem, threads, page))
        return 0
    if rep["method"] == "mlock":
        return 0  # what it locks is VmLck, and is checked by the helper
    return sum(min(rep["window"], share) for share in shares(mem, threads, page))


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("extra", [[], ["--warm"], ["--file", str(MEM // 2)]], ids=str)
def test_memory_is_held(helper: Path, shipped: Path, threads: int, extra: list[str]) -> None:
    """Three threads share 4096 pages unevenly; a smaller file is mapped twice."""
    check(run(shipped, *words(threads=threads), *extra), EVERY, threads)
    ended = run(helper, *words(threads=threads, order=SANITIZED), *extra)
    check(ended, SANITIZED, threads)
    assert ended.of("hello")[0]["params"]["threads"] == threads
    assert ended.of("end")[0]["n"] == len(ended.of("rep"))


@pytest.mark.parametrize("threads", [16, 256])
def test_as_many_threads_as_pages(helper: Path, threads: int) -> None:
    mem = threads * PAGE
    check(run(helper, *words(mem, threads=threads, order=SANITIZED)), SANITIZED, threads, mem)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("extra", [[], ["--warm"]], ids=str)
def test_huge_pages(helper: Path, threads: int, extra: list[str]) -> None:
    """Whatever shmem_enabled says: madvise() can collapse them, since Linux 6.1."""
    ended = run(helper, *words(pages="thp", threads=threads, order=SANITIZED), *extra)
    if ended.code == 4:
        assert "shmem_enabled" in ended.of("skip")[0]["need"]
        assert "huge pages" in ended.stderr
        return
    check(ended, SANITIZED, threads, page=2 * MIB)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("memlock", [MIB, 3 * MIB, 64 * PAGE])
def test_windows_fit_the_limit(helper: Path, shipped: Path, threads: int, memlock: int) -> None:
    """As large as halving makes them, for all threads together, and never too large."""
    for built, order in ((shipped, EVERY), (helper, SANITIZED)):
        ended = run(built, *words(threads=threads, order=order), memlock=memlock)
        check(ended, order, threads)
        for rep in ended.of("rep"):
            if rep["method"] != "populate":
                assert rep["window"] % PAGE == 0
                together = rep["window"] * threads
                assert memlock // 4 < together + threads * PAGE
                assert together <= memlock


def pins_taken() -> int:
    """By anybody on this machine since it was started."""
    try:
        Path("/proc/sys/vm/stat_refresh").write_text("1")
    except PermissionError:
        time.sleep(3)  # each CPU adds its own once a second
    counts = dict(line.split() for line in Path("/proc/vmstat").read_text().splitlines())
    return int(counts["nr_foll_pin_acquired"])


@pytest.mark.parametrize("memlock", [None, MIB], ids=["at once", "in windows"])
@pytest.mark.parametrize("threads", [1, 3])
def test_windows_cover_all_of_memory(helper: Path, threads: int, memlock: int | None) -> None:
    """The kernel's own count of pinned pages has each of them in each rep.

    So many reps that a part of a window, lost in each, is more than trying out windows adds.
    """
    order = ",".join(["io-uring"] * 64)
    size = ["--mem", str(MEM), "--pages", "4k", "--threads", str(threads)]
    before = pins_taken()
    ended = run(helper, "pin", *size, "--order", order, memlock=memlock)
    taken = pins_taken() - before
    assert len(ended.of("rep")) == 64 * io_uring_here()
    assert taken >= len(ended.of("rep")) * MEM // PAGE


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("memlock", [0, PAGE - 1])
def test_a_limit_below_a_page_leaves_the_others(shipped: Path, threads: int, memlock: int) -> None:
    ended = run(shipped, *words(threads=threads), memlock=memlock)
    assert (ended.code, ended.stderr) == (0, "")
    assert set(ended.skipped) == {"io-uring", "mlock"}
    assert "memlock" in ended.skipped["mlock"]
    assert [rep["method"] for rep in ended.of("rep")] == ["populate"] * 3  # one warms up


def test_no_device_leaves_the_others(helper: Path) -> None:
    ended = run(helper, *words(order="iotlb,populate"))
    assert (ended.code, ended.stderr) == (0, "")
    assert "--device" in ended.skipped["iotlb"]
    assert [rep["method"] for rep in ended.of("rep")] == ["populate"] * 3


def test_no_right_to_debugfs_leaves_the_others(helper: Path) -> None:
    ended = run(helper, *words(order="populate,gup-test"), memlock=MIB)
    assert ended.code == 0
    assert "CONFIG_GUP_TEST" in ended.skipped["gup-test"]
    assert [rep["method"] for rep in ended.of("rep")] == ["populate"] * 2


@pytest.mark.parametrize("method", ["iotlb", "gup-test", "gup-test,iotlb"])
def test_nothing_that_can_be_had_is_a_skip(helper: Path, method: str) -> None:
    ended = run(helper, *words(order=method), memlock=MIB)
    assert ended.code == 4
    *others, last = ended.of("skip")
    assert [skip["method"] for skip in others] == method.split(",")[:-1]
    assert "method" not in last
    assert last["why"]
    assert last["need"]
    assert not ended.of("rep")


orders = st.lists(
    st.sampled_from(["populate", "mlock", "iotlb", "gup-test"]), min_size=1, max_size=9
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orders)
def test_the_reader_expects_the_order_that_is_left(shipped: Path, order: list[str]) -> None:
    methods = tuple(map(Method, order))
    every = small_block(
        method="populate,mlock,iotlb,gup-test", device="none", pages="4k", mem="64K"
    )
    block = Block(every.cells, methods)
    size = ["--mem", "65536", "--pages", "4k"]
    ended = run(shipped, "pin", *size, "--order", ",".join(order), memlock=MIB)
    left = block.order_without([Method.IOTLB, Method.GUP_TEST])
    if not left:
        assert ended.code == 4
        return
    items = [*read_reps([*ended.lines, '{"t":"exit","code":0}'], block)]
    assert tuple(item.method for item in items if isinstance(item, Rep)) == left
    assert {item.method for item in items if isinstance(item, Unavailable)} == {*methods} - {*left}


@pytest.mark.parametrize("method", ["io-uring", "populate"])
def test_cold_page_tables_cost_more(shipped: Path, method: str) -> None:
    """Who pins cold memory makes its page tables first: that is no close call."""
    size = ["--mem", str(64 * MIB), "--pages", "4k", "--order", ",".join([method] * 9)]
    cold, warm = (run(shipped, "pin", *size, *extra) for extra in ([], ["--warm"]))
    if method == "io-uring" and not io_uring_here():
        assert cold.code == warm.code == 4
        return
    spans = [median(r["phases"]["pin"] for r in ended.of("rep")) for ended in (cold, warm)]
    assert spans[0] > 1.2 * spans[1]


def test_counters_are_of_each_rep(helper: Path) -> None:
    """Whichever the machine has: the same in every rep, and none where none were asked for."""
    ended = run(helper, *words(order="populate"), "--counters", "--threads", "2")
    assert ended.code == 0
    names = {tuple(rep["counters"]) for rep in ended.of("rep")}
    assert len(names) == 1
    assert {*names.pop()} <= {"instructions-kernel", "page-faults", "dtlb-misses"}
    assert not any("counters" in rep for rep in run(helper, *words(order="populate")).of("rep"))


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
