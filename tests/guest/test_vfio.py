# SPDX-License-Identifier: GPL-2.0-only
"""vfio's live update behind an emulated IOMMU: proven, caught when wrong, beside vdpa's."""

from collections.abc import Iterator
from contextlib import closing
from statistics import median

import pytest

from bench.errors import CellFailed, CellSkipped
from bench.executors.guest import GuestExecutor
from bench.executors.guest_setup import GuestSetup, prepare
from bench.model.cell import OWN_PHASES, Block, Clock, Method, Rep
from bench.model.units import MIB
from tests.guest.conftest import plan_of

DEVICE = "vfio-type1"
METHODS = "vfio-vaddr,vfio-remap"
ALL = "reset-owner,new-owner,reopen,vfio-remap,vfio-vaddr,exec-only"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> GuestSetup:
    console = tmp_path_factory.mktemp("vfio") / "console.log"
    blocks = plan_of(device=DEVICE, method=METHODS, mem="2560M", pages="4k", backing="alias").blocks
    return prepare(blocks, Clock.ICOUNT, console)


@pytest.fixture(scope="module")
def guest(here: GuestSetup) -> Iterator[GuestExecutor]:
    with closing(GuestExecutor(here)) as executor:
        yield executor


def reps_of(executor: GuestExecutor, block: Block) -> list[Rep]:
    reps = [rep for rep in executor.measure(block) if isinstance(rep, Rep)]
    assert [rep.method for rep in reps] == [*block.order]
    return reps


@pytest.mark.parametrize("handover", ["exec", "transfer", "fork"])
@pytest.mark.parametrize("pages", ["4k", "thp", "hugetlb-2m"])
def test_every_handover_is_proven(guest: GuestExecutor, pages: str, handover: str) -> None:
    """All memory is charged to the new process, and DMA arrives in each region of it."""
    words = {"pages": pages, "handover": handover, "regions": "1,7", "reps": 1}
    for block in plan_of(device=DEVICE, method=METHODS, **words).blocks:
        assert {rep.pinned for rep in reps_of(guest, block)} == {64 * MIB}


def test_memory_of_which_parts_are_the_same(guest: GuestExecutor) -> None:
    words = {"mem": "2560M", "backing": "alias", "regions": "3,qemu", "ptes": "warm"}
    for block in plan_of(device=DEVICE, method=METHODS, reps=1, **words).blocks:
        assert {rep.pinned for rep in reps_of(guest, block)} == {2560 * MIB}


def test_vaddr_costs_the_same_whatever_the_memory(guest: GuestExecutor) -> None:
    own: dict[tuple[Method, int], float] = {}
    for block in plan_of(device=DEVICE, method=METHODS, mem="64M,1G", reps=3).blocks:
        reps = reps_of(guest, block)[block.warmup :]
        for method in block.order:
            costs = [sum(r.phases[p] for p in OWN_PHASES) for r in reps if r.method is method]
            own[method, block.any_cell.mem] = median(costs)
    small, large = 64 * MIB, 1024 * MIB
    vaddr = own[Method.VFIO_VADDR, large] / own[Method.VFIO_VADDR, small]
    remap = own[Method.VFIO_REMAP, large] / own[Method.VFIO_REMAP, small]
    assert vaddr == pytest.approx(1, abs=0.05)
    assert remap == pytest.approx(16, rel=0.05)


@pytest.mark.parametrize("handover", ["exec", "transfer", "fork"])
def test_methods_of_all_families_take_turns(guest: GuestExecutor, handover: str) -> None:
    """In one helper and one boot, each with its own device and its own account."""
    devices = f"sim-net-pa,{DEVICE},none"
    (block,) = plan_of(device=devices, method=ALL, handover=handover, reps=2).blocks
    for rep in reps_of(guest, block):
        assert rep.pinned == (64 * MIB if rep.method.needs_device else 0)
    assert guest.boots == 1


def test_figures_are_those_of_a_device_by_itself(guest: GuestExecutor) -> None:
    """What a method costs does not depend on which others are in the run."""
    devices = f"sim-net-pa,{DEVICE}"
    (mixed,) = plan_of(device=devices, method=ALL.removesuffix(",exec-only"), reps=3).blocks
    together = reps_of(guest, mixed)[1:]
    for device, methods in (("sim-net-pa", "reset-owner,new-owner"), (DEVICE, METHODS)):
        (block,) = plan_of(device=device, method=methods, reps=3).blocks
        alone = reps_of(guest, block)[1:]
        for method in {rep.method for rep in alone}:
            costs = [
                median(sum(r.phases[p] for p in OWN_PHASES) for r in reps if r.method is method)
                for reps in (alone, together)
            ]
            assert costs[1] == pytest.approx(costs[0], rel=0.02), method


@pytest.mark.parametrize(
    ("fault", "method", "reason"),
    [
        ("vfio-vaddr-skips-map", Method.VFIO_VADDR, "VmLck is 0 kB, not 65536 kB"),
        ("drop-mapping", Method.VFIO_VADDR, "VmLck is 0 kB"),
        ("drop-mapping", Method.VFIO_REMAP, "VmLck is 0 kB"),
        ("wrong-address", Method.VFIO_REMAP, "did not answer"),
    ],
)
def test_proof_catches(here: GuestSetup, fault: str, method: Method, reason: str) -> None:
    (block,) = plan_of(device=DEVICE, method=method, reps=1, **{"break": fault}).blocks
    with closing(GuestExecutor(here)) as executor, pytest.raises(CellFailed, match=reason):
        [*executor.measure(block)]


def test_a_kernel_without_iommufd_is_a_skip_with_its_need(guest: GuestExecutor) -> None:
    (block,) = plan_of(device="iommufd", method="iommufd-process,iommufd-remap").blocks
    with pytest.raises(CellSkipped, match="/dev/iommu: No such file") as skipped:
        [*guest.measure(block)]
    assert "IOMMU_IOAS_CHANGE_PROCESS (6.14)" in skipped.value.hint


def test_what_iommufd_lacks_costs_no_other_method_its_place(guest: GuestExecutor) -> None:
    methods = "new-owner,vfio-vaddr,iommufd-process"
    devices = f"sim-net-pa,{DEVICE},iommufd"
    (block,) = plan_of(device=devices, method=methods, reps=1).blocks
    items = [*guest.measure(block)]
    assert [item.method for item in items] == [
        Method.IOMMUFD_PROCESS,
        *block.order_without([Method.IOMMUFD_PROCESS]),
    ]
