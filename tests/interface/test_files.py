# SPDX-License-Identifier: GPL-2.0-only
"""What is mapped of files, whatever it is pinned by: holes, ends, seals, poison, other memory."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from errno import EFAULT
from pathlib import Path
from typing import Any

import pytest

from bench.executors.guest_setup import GuestSetup
from bench.guest.boot import Guest
from bench.model.units import GIB
from tests.interface.conftest import BASELINES, KERNELS, Planted
from tests.interface.playing import guest_with
from tests.kernel.series import BEST_BASELINE

pytestmark = pytest.mark.guest

SOURCE = Path(__file__).with_name("mapper.c")
PATCHES = Path(__file__).parents[1] / "guest/patches"
READ, BOTH = 1, 3  # what the device may do
_HUGE = 512  # pages of 4 KiB in one of 2 MiB
_HUGE_KINDS = ("huge", "thp")
_MANY = 1100  # more than fit into two batches


@dataclass(frozen=True)
class Memory:
    """Memory of several kinds as mapper.c spells it, and which pages have to be faulted in.

    ``faults`` is "" where the mapping has to fail.
    """

    kinds: str
    faults: str = ""
    perm: int = BOTH
    skip: int = 0  # pages of 4 KiB

    @property
    def pages(self) -> int:
        """What is mapped, in 4 KiB."""
        kinds = [kind.split(":") for kind in self.kinds.split()]
        sizes = [len(states) * (_HUGE if kind in _HUGE_KINDS else 1) for kind, states in kinds]
        return sum(sizes) - self.skip


MEMORY = {
    "in the cache": Memory("shmem:cccc", "0000"),
    "all of it a hole": Memory("shmem:....", "1111"),
    "a hole, and what is behind it": Memory("shmem:cc.cc", "00111"),
    "untouched since fallocate": Memory("shmem:cffc", "0111"),
    "several batches": Memory(f"shmem:{'c' * _MANY}", "0" * _MANY),
    "a hole behind a batch": Memory(f"shmem:{'c' * _MANY}.c", "0" * _MANY + "11"),
    "the last page is not whole": Memory("shmem:ccch", "0001"),
    "shorter than the mapping": Memory("shmem:cccee"),
    "sealed, to be read": Memory("sealed:cc", "00", READ),
    "sealed, to be written": Memory("sealed:cc"),
    "sealed behind another": Memory("shmem:cc sealed:cc"),
    "poisoned": Memory("shmem:ccpc"),
    "private in the middle": Memory("shmem:cc private:cc shmem:cc", "001100"),
    "no file in the middle": Memory("shmem:c anon:cccc shmem:.c", "0111111"),
    "nothing in the middle": Memory("shmem:cc none:c shmem:cc"),
    "hugetlb": Memory("huge:cc", "00"),
    "a hole of hugetlb": Memory("huge:c.c", "011"),
    "hugetlb, whose file grows when it is mapped": Memory("huge:ce", "01"),
    "from within a page of hugetlb": Memory("huge:ccc", "000", skip=100),
    "from within a huge page": Memory("thp:ccc", "000", skip=100),
    "from within a hole of hugetlb": Memory("huge:.cc", "111", skip=100),
    "a huge page in two mappings": Memory("thp:ccc", "000"),
    "huge pages, and a hole": Memory("thp:c.. shmem:cc", "01100"),
    "all kinds": Memory("huge:c thp:c shmem:c.c anon:cc private:c", "00011111"),
}


@contextmanager
def in_guest(setup: GuestSetup, where: Path) -> Iterator[Guest]:
    """Boot a guest with mapper.c, and huge pages for it, until the block is left."""
    with guest_with(setup, "sim-net-pa", SOURCE, where) as guest:
        guest.run("echo 8 >/proc/sys/vm/nr_hugepages")
        guest.run("echo advise >/sys/kernel/mm/transparent_hugepage/shmem_enabled")
        yield guest


@pytest.fixture(scope="module")
def guest(setup: GuestSetup, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    with in_guest(setup, tmp_path_factory.mktemp("files")) as guest:
        yield guest


def mapped(guest: Guest, memory: Memory) -> dict[str, Any]:
    """Map it and say what came of it."""
    command = f"mapper /dev/vhost-vdpa-0 {memory.perm} {memory.skip} {memory.kinds}"
    *lines, end = guest.lines(command, 60)
    assert json.loads(end)["code"] == 0 and len(lines) == 1, end
    answer: dict[str, Any] = json.loads(lines[0])
    return answer


def right(memory: Memory, kernel: str) -> dict[str, Any]:
    """Return what has to come of it on that kernel; other ones fault all pages in."""
    by_file = "file-pin" in kernel
    return {
        "r": 0 if memory.faults else -EFAULT,
        "charged": memory.pages if memory.faults else 0,
        "faulted": memory.faults if by_file else "1" * len(memory.faults),
        "differs": 0,
        "still_charged": 0,
        "left": 0,
    }


def wrong(answer: dict[str, Any], memory: Memory, kernel: str) -> list[str]:
    """Return what of an answer is not right; a mapping that fails may fault in what it likes."""
    expected = right(memory, kernel)
    if not memory.faults:
        del expected["faulted"]
    return [key for key in expected if answer[key] != expected[key]]


@pytest.mark.parametrize("setup", (*KERNELS, *BASELINES), indirect=True)
@pytest.mark.parametrize("name", MEMORY)
def test_memory_is_mapped_and_released(setup: GuestSetup, guest: Guest, name: str) -> None:
    answer = mapped(guest, MEMORY[name])
    assert wrong(answer, MEMORY[name], setup.kernel.name) == [], answer
    assert bool(answer["pins"]) == bool(MEMORY[name].faults)


@pytest.mark.parametrize("setup", BASELINES, indirect=True)
@pytest.mark.parametrize("kinds", [f"anon:{'c' * 600} none:c", f"shmem:{'c' * _MANY}e"])
def test_what_is_pinned_before_another_batch_fails_is_released(
    setup: GuestSetup, guest: Guest, kinds: str
) -> None:
    """Entries end in the middle of a batch; the next one meets memory that is not there."""
    answer = mapped(guest, Memory(kinds))
    assert (answer["r"], answer["charged"], answer["pins"], answer["left"]) == (-EFAULT, 0, 0, 0)


# What each has to be found by, and the key of what is wrong then.
FAULTS = {
    "fills-holes": ("all of it a hole", "faulted"),
    "pins-uncleared": ("untouched since fallocate", "faulted"),
    "ignores-seals": ("sealed, to be written", "r"),
    "wrong-page": ("a huge page in two mappings", "differs"),
}


_LONG = ("pins-uncleared", "wrong-page")  # each builds a kernel, as the others do
_KINDS = [pytest.param(name, marks=pytest.mark.long if name in _LONG else ()) for name in FAULTS]


@pytest.mark.kernels
@pytest.mark.parametrize("fault", _KINDS)
def test_a_planted_fault_is_found(fault: str, tmp_path: Path, planted: Planted) -> None:
    made = planted(BEST_BASELINE, fault)
    memory, key = FAULTS[fault]
    with in_guest(replace(made, memory=2 * GIB), tmp_path) as guest:
        answer = mapped(guest, MEMORY[memory])
    assert key in wrong(answer, MEMORY[memory], made.kernel.name)
