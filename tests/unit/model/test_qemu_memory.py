# SPDX-License-Identifier: GPL-2.0-only
"""The rule for QEMU's regions against what a real QEMU sent."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench.model.qemu_memory import qemu_regions
from bench.model.units import GIB, KIB, MIB
from bench.paths import ROOT

_FILE = ROOT / "kernel-config" / "record-regions" / "regions_qemu.json"
RECORDED: dict[str, Any] = json.loads(_FILE.read_text())
SIZES = sorted(int(size) for size in RECORDED["layouts"])

memory_sizes = st.integers(512, 4 << 20).map(lambda count: count * 2 * MIB)  # 1 GiB to 8 TiB


def recorded(mem: int) -> list[tuple[int, int, str, int | None]]:
    layout, offsets = RECORDED["layouts"][str(mem)], RECORDED["offsets"][str(mem)]
    return [(*row, offset) for row, offset in zip(layout, offsets, strict=True)]


@pytest.mark.parametrize("mem", SIZES)
def test_the_rule_is_what_qemu_does(mem: int) -> None:
    ram = tuple((iova, size, at) for iova, size, _, at in recorded(mem) if at is not None)
    assert qemu_regions(mem) == ram


@pytest.mark.parametrize("mem", SIZES)
def test_all_that_is_left_out_is_the_firmware_rom(mem: int) -> None:
    rest = [(iova, size, perm) for iova, size, perm, at in recorded(mem) if at is None]
    assert rest == [(4 * GIB - 256 * KIB, 256 * KIB, "ro")]


@pytest.mark.parametrize("mem", SIZES)
def test_write_protected_memory_is_kept(mem: int) -> None:
    read_only = [(iova, size) for iova, size, perm, at in recorded(mem) if perm == "ro" and at]
    assert read_only == [(780 * KIB, 148 * KIB), (960 * KIB, 64 * KIB)]
    assert set(read_only) < {(iova, size) for iova, size, _ in qemu_regions(mem)}


def test_the_recordings_are_on_both_sides_of_the_split() -> None:
    split = 2816 * MIB
    assert {split - 2 * MIB, split, GIB, 2 * GIB, 3 * GIB, 4 * GIB} < set(SIZES)
    assert {16 * GIB, 64 * GIB, 256 * GIB} < set(SIZES)


@given(memory_sizes)
@example(2816 * MIB - 2 * MIB)
@example(2816 * MIB)
@example(2818 * MIB)
def test_regions_are_all_of_the_memory_once(mem: int) -> None:
    """QEMU maps every byte of it: no hole is in the memory, only between addresses."""
    regions = qemu_regions(mem)
    assert regions[0][2] == 0
    assert regions[-1][1] + regions[-1][2] == mem
    for (iova, size, at), (next_iova, _, next_at) in pairwise(regions):
        assert at + size == next_at
        assert iova + size <= next_iova
    assert all(size > 0 for _, size, _ in regions)


@given(memory_sizes)
def test_alignment(mem: int) -> None:
    """Base pages everywhere; huge pages but for the first MiB, and there iova is offset."""
    for iova, size, at in qemu_regions(mem):
        assert (iova | size | at) % (4 * KIB) == 0
        assert (iova - at) % (2 * GIB) == 0


@given(memory_sizes)
def test_no_region_reaches_where_devices_are(mem: int) -> None:
    for iova, size, _ in qemu_regions(mem):
        assert iova + size <= 2816 * MIB or iova >= 4 * GIB


@pytest.mark.parametrize("mem", [0, MIB, 3 * MIB, GIB + 4 * KIB])
def test_memory_that_is_not_made_of_2m_pages(mem: int) -> None:
    with pytest.raises(ValueError, match="not a whole number"):
        qemu_regions(mem)
