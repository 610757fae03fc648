# SPDX-License-Identifier: GPL-2.0-only
"""What is decided before a guest boots: how large it is, and what its helper is told."""

import re
from typing import Any

import pytest

from bench.errors import CannotJudge
from bench.executors.guest import helper_command
from bench.executors.guest_setup import cell_memory, gigantic_pages, guest_memory, page_count
from bench.model.cell import Block, Break
from bench.model.device import DEVICES
from bench.model.qemu_memory import qemu_regions
from bench.model.units import GIB, KIB, MIB
from bench.protocol.helper import HELPER, regions
from tests.unit.streams import PIN_METHODS, small_block, small_plan

UNPINNED = [name for name, device in DEVICES.items() if device.modules and not device.pins]

RESERVE = 512 * MIB
PARAMS = HELPER / "params.c"
ENTRY, PTE = 128, 8
DEFAULT = (
    "ulimit -l unlimited; bench-helper live-update --out 4 --mem 67108864 --pages thp"
    " --file 67108864 --order {} --device /dev/vhost-vdpa-0 --pinned"
)


@pytest.mark.parametrize(
    ("fields", "file", "pages"),
    [
        ({"mem": "64M", "pages": "4k"}, 64 * MIB, 64 * MIB // (4 * KIB)),
        ({"mem": "64M", "pages": "4k-fragmented"}, 64 * MIB, 64 * MIB // (4 * KIB)),
        ({"mem": "64M", "pages": "thp"}, 64 * MIB, 32),
        ({"mem": "64G", "pages": "thp"}, GIB, 32768),
        ({"mem": "64G", "pages": "4k"}, GIB, 1 << 24),
        ({"mem": "64G", "pages": "hugetlb-2m"}, GIB, 32768),
        ({"mem": "64G", "pages": "hugetlb-1g"}, 0, 64),  # its pages are set aside beside
        ({"mem": "4G", "pages": "thp", "backing": "real"}, 4 * GIB, 2048),
    ],
)
def test_a_cell_has_its_file_its_page_tables_and_its_iotlb_twice(
    fields: dict[str, Any], file: int, pages: int
) -> None:
    cell = small_block(**fields).any_cell
    assert cell_memory(cell) == RESERVE + file + 2 * pages * PTE + 2 * pages * ENTRY


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"mem": "2G", "pages": "hugetlb-1g"}, 2),
        ({"mem": "64G", "pages": "hugetlb-1g"}, 1),
        ({"mem": "4G", "pages": "hugetlb-1g", "backing": "real"}, 4),
        ({"mem": "1G,2G,64G", "pages": "hugetlb-1g"}, 2),
        ({"mem": "2G", "pages": "thp,hugetlb-1g,4k"}, 2),
        ({"mem": "2G", "pages": "thp,hugetlb-2m,4k"}, 0),
    ],
)
def test_gigantic_pages_are_those_of_the_largest_file(fields: dict[str, Any], count: int) -> None:
    blocks = small_plan(**fields).blocks
    assert gigantic_pages(blocks) == count
    assert gigantic_pages(iter(blocks)) == count


def test_no_block_wants_no_gigantic_pages() -> None:
    assert gigantic_pages(()) == 0


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"mem": "64M", "pages": "hugetlb-2m"}, 32),
        ({"mem": "64G", "pages": "hugetlb-2m"}, 512),
        ({"mem": "64G", "pages": "hugetlb-1g"}, 1),
    ],
)
def test_a_pool_has_the_pages_of_the_file(fields: dict[str, Any], count: int) -> None:
    assert page_count(small_block(**fields).any_cell) == count


def with_free(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr("bench.executors.guest_setup.available_memory", lambda: free)


BLOCKS = small_plan(mem="64M,64G", pages="4k,thp").blocks
LARGEST = 6 * GIB  # 5.8 are needed


def test_a_guest_has_the_memory_of_its_largest_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    with_free(monkeypatch, 1 << 50)
    needed = max(cell_memory(block.any_cell) for block in BLOCKS)
    assert guest_memory(BLOCKS) == guest_memory(iter(BLOCKS)) == LARGEST
    assert LARGEST - GIB < needed <= LARGEST


@pytest.mark.parametrize("mem", ["64M", "128M,64M", "256M,4M"])
def test_small_cells_have_a_guest_of_one_size(mem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_free(monkeypatch, 1 << 50)
    assert guest_memory(small_plan(mem=mem, pages="4k,thp").blocks) == GIB


def test_gigantic_pages_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    with_free(monkeypatch, 1 << 50)
    plan = small_plan(mem="2G", pages="4k,hugetlb-1g", backing="real")
    largest = max(cell_memory(block.any_cell) for block in plan.blocks)
    assert 2 * GIB < largest < 3 * GIB and guest_memory(plan.blocks) == 5 * GIB


def test_gigantic_pages_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Below 4 GiB and at the end kernel and initramfs have their part of a GiB."""
    with_free(monkeypatch, 1 << 50)
    assert guest_memory(small_plan(mem="1G", pages="hugetlb-1g").blocks) == 4 * GIB


def test_what_just_fits_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with_free(monkeypatch, LARGEST + GIB // 2)
    assert guest_memory(BLOCKS) == LARGEST


@pytest.mark.parametrize("free", [0, LARGEST, LARGEST + GIB // 2 - 1])
def test_what_does_not_fit_is_refused(free: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with_free(monkeypatch, free)
    with pytest.raises(CannotJudge) as caught:
        guest_memory(BLOCKS)
    assert f"{LARGEST / GIB:.1f} GiB is needed" in caught.value.message
    assert f"{free / GIB:.1f} GiB are free" in caught.value.message
    assert "--mem" in caught.value.hint
    assert "--backing alias" in caught.value.hint


def test_gigantic_pages_that_do_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with_free(monkeypatch, 4 * GIB)
    with pytest.raises(CannotJudge):
        guest_memory(small_plan(mem="4G", pages="hugetlb-1g", backing="real").blocks)


def default(block: Block) -> str:
    return DEFAULT.format(",".join(block.order))


def test_the_helper_is_told_what_the_block_is() -> None:
    block = small_block()
    assert helper_command(block) == default(block)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"ptes": "warm"}, "--warm"),
        ({"handover": "transfer"}, "--handover transfer"),
        ({"handover": "fork"}, "--handover fork"),
        ({"batch": "off"}, "--unbatched"),
        ({"regions": "7"}, "--regions 7"),
        ({"ptes": "warm", "batch": "off"}, "--warm --unbatched"),
    ],
)
def test_a_factor_adds_its_word(fields: dict[str, Any], words: str) -> None:
    block = small_block(**fields)
    assert helper_command(block) == default(block).replace(" --order", f" {words} --order")


@pytest.mark.parametrize("fault", Break)
def test_a_fault_comes_last(fault: Break) -> None:
    block = small_block(**{"break": fault})
    assert helper_command(block) == f"{default(block)} --fault {fault}"


@pytest.mark.parametrize(
    ("fields", "old", "new"),
    [
        (
            {"mem": "128M"},
            "--mem 67108864 --pages thp --file 67108864",
            "--mem 134217728 --pages thp --file 134217728",
        ),
        (
            {"mem": "64G"},
            "--mem 67108864 --pages thp --file 67108864",
            "--mem 68719476736 --pages thp --file 1073741824",
        ),
        ({"pages": "hugetlb-2m"}, "--pages thp", "--pages hugetlb-2m"),
        ({"pages": "4k-fragmented"}, "--pages thp", "--pages 4k-fragmented"),
        ({"method": "exec-only"}, " --device /dev/vhost-vdpa-0 --pinned", ""),
        (
            {"device": "vfio-type1", "method": "vfio-vaddr,vfio-remap"},
            "/dev/vhost-vdpa-0 --pinned",
            "type1=0000:00:11.0",
        ),
        (
            {"device": "sim-net-pa,vfio-type1,none", "method": "new-owner,vfio-vaddr,exec-only"},
            " --pinned",
            " --pinned --device type1=0000:00:11.0",
        ),
        *(({"device": name}, " --pinned", "") for name in UNPINNED),
    ],
)
def test_a_factor_changes_its_word(fields: dict[str, Any], old: str, new: str) -> None:
    block = small_block(**fields)
    assert old in default(block)
    assert helper_command(block) == default(block).replace(old, new)


def test_the_helper_knows_every_option() -> None:
    factors = {
        "ptes": "warm",
        "handover": "transfer",
        "batch": "off",
        "regions": "2",
        "break": "drop-mapping",
    }
    used = set(re.findall(r"--([a-z]+)", helper_command(small_block(**factors))))
    known = re.findall(r'^\t\{ "([a-z]+)", (?:FLAG|NUMBER|required)', PARAMS.read_text(), re.M)
    assert used <= set(known)
    assert used >= {"regions", "warm", "handover", "unbatched", "fault", "pinned"}


@pytest.mark.parametrize("mem", ["2M", "64M", "4G", "64G"])
def test_the_regions_of_qemu_are_read_back(mem: str) -> None:
    cell = small_block(mem=mem, regions="qemu").any_cell
    parts = [re.fullmatch(r"(\d+)\+(\d+)@(\d+)", part) for part in regions(cell).split(",")]
    found = tuple(tuple(map(int, part.groups())) for part in parts if part)
    assert len(found) == len(parts)
    assert found == qemu_regions(cell.mem)
    assert sum(size for _, size, _ in found) == cell.mem
    assert f" --regions {regions(cell)} --order" in helper_command(
        small_block(mem=mem, regions="qemu")
    )


@pytest.mark.parametrize("count", ["1", "2", "32"])
def test_a_count_of_regions_stays_one(count: str) -> None:
    assert regions(small_block(regions=count).any_cell) == count


def test_the_command_of_a_pin_loop_has_its_threads() -> None:
    methods = ",".join(PIN_METHODS)
    block = small_block(method=methods, device="none", threads=3, ptes="warm")
    command = helper_command(block, counters=True)
    assert command.startswith("ulimit -l unlimited; bench-helper pin --out 4 ")
    assert command.endswith(f" --warm --threads 3 --order {','.join(block.order)} --counters")
    assert "--device" not in command
    with_device = helper_command(small_block(method=methods, threads=3))
    assert " --threads 3 --order " in with_device
    assert with_device.endswith(" --device /dev/vhost-vdpa-0 --pinned")
