# SPDX-License-Identifier: GPL-2.0-only
"""How QEMU maps a q35 guest's memory through vhost-vdpa: a rule that fits all recordings.

The recordings are kernel-config/record-regions/regions_qemu.json, made by the programs beside it.
QEMU sends one IOTLB_UPDATE for each part of the guest's address space that is memory, in
ascending order and in one batch. What splits it up:

- Below 1 MiB the firmware has write-protected what it shadowed in memory (perm "ro"). That is
  guest memory like any other: it is mapped, pinned and handed over, so it is kept here.
- Below 4 GiB there is room for devices: memory ends at 2 GiB there when it does not fit below
  2.75 GiB. The rest continues at 4 GiB.
- The firmware's ROM ends at 4 GiB. It is mapped too ("ro"), but it is 256 KiB of QEMU's own
  and no guest memory, so it is left out here.

Recorded from 512 MiB to 512 GiB, with SeaBIOS and no VGA. From about 1 TiB on, QEMU gives a
guest with an AMD CPU its high memory from 1 TiB instead of 4 GiB, which is not modelled.
"""

from bench.model.units import GIB, KIB, MIB

# Where the permissions change: offsets that do not depend on the size of the memory.
_LOW_STARTS = (0, 780 * KIB, 928 * KIB, 960 * KIB, MIB)

_FITS_BELOW = 0xB0000000  # 2.75 GiB: memory of this size or more is split
_SPLIT = 2 * GIB
_HIGH = 4 * GIB


def qemu_regions(mem: int) -> tuple[tuple[int, int, int], ...]:
    """List (iova, size, offset in guest memory) of each message, for ``mem`` bytes of memory.

    Together they are all of the memory, each byte once, in the order of both iova and offset.
    """
    if mem < 2 * MIB or mem % (2 * MIB):
        raise ValueError(f"{mem} bytes are not a whole number of 2 MiB")
    below = mem if mem < _FITS_BELOW else _SPLIT
    ends = (*_LOW_STARTS[1:], below)
    low = [(start, end - start, start) for start, end in zip(_LOW_STARTS, ends, strict=True)]
    high = [(_HIGH, mem - below, below)] if mem > below else []
    return (*low, *high)
