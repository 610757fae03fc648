# SPDX-License-Identifier: GPL-2.0-only
"""The devices of a guest: what each stands for, and how it gets behind /dev/vhost-vdpa-0."""

from collections.abc import Mapping
from dataclasses import dataclass

# Entries of an iotlb are to be bounded by memory alone: 64 GiB of scattered 4k pages are
# 2^24 of them, and since 6.12.117 the limit is enforced (ENOSPC in vhost_iotlb_add_range).
IOTLB_ENTRIES = 1 << 26
_IOTLB = f"max_iotlb_entries={IOTLB_ENTRIES}"

# Where QEMU puts the virtio device that is rebound to vp_vdpa.
PCI_SLOT = "10"
PCI_ADDRESS = f"0000:00:{PCI_SLOT}.0"


@dataclass(frozen=True)
class Device:
    """One kind of vDPA device. ``add`` and ``remove`` are commands for the guest's shell."""

    name: str
    stands_for: str
    modules: Mapping[str, str]  # module: its parameters, in loading order
    add: tuple[str, ...]
    remove: tuple[str, ...]
    pins: bool = True  # it is given physical addresses, so that mapping pins pages
    platform_iommu: bool = False  # it needs QEMU's PCI device and IOMMU
    programs: tuple[str, ...] = ()  # of the host, wanted in the guest


def _sim(name: str, kind: str, stands_for: str, *, use_va: int = 0, batch: int = 1) -> Device:
    return Device(
        name=name,
        stands_for=stands_for,
        modules={
            "vhost_vdpa": _IOTLB,
            "vdpa_sim": f"use_va={use_va} batch_mapping={batch} {_IOTLB}",
            f"vdpa_sim_{kind}": "",
        },
        add=(f"vdpa dev add name vdpa0 mgmtdev vdpasim_{kind}",),
        remove=("vdpa dev del vdpa0",),
        pins=not use_va,
    )


_SYS_PCI = f"/sys/bus/pci/devices/{PCI_ADDRESS}"

_VP_VDPA = Device(
    name="vp-vdpa",
    stands_for="platform IOMMU: vp_vdpa, ifcvf, pds, snet, octeon_ep",
    modules={"vhost_vdpa": _IOTLB, "vp_vdpa": ""},
    add=(
        f"echo {PCI_ADDRESS} >{_SYS_PCI}/driver/unbind",
        f"echo vp-vdpa >{_SYS_PCI}/driver_override",
        f"echo {PCI_ADDRESS} >/sys/bus/pci/drivers_probe",
        f"vdpa dev add name vdpa0 mgmtdev pci/{PCI_ADDRESS}",
    ),
    remove=("vdpa dev del vdpa0", f"echo {PCI_ADDRESS} >{_SYS_PCI}/driver/unbind"),
    platform_iommu=True,
)

_VDUSE_DAEMON = "qemu-storage-daemon"
_VDUSE_BLK = Device(
    name="vduse-blk",
    stands_for="VDUSE: a daemon has the memory as files, nothing is pinned",
    modules={"vhost_vdpa": _IOTLB, "vduse": _IOTLB},
    add=(
        "truncate -s 16M /tmp/disk",
        f"{_VDUSE_DAEMON} --blockdev driver=file,node-name=disk,filename=/tmp/disk"
        " --export type=vduse-blk,id=export,node-name=disk,name=vduse0,writable=on"
        " >/dev/console 2>&1 &",
        "for i in 1 2 3 4 5 6 7 8 9; do [ -e /dev/vduse/vduse0 ] && break; sleep 1; done",
        "vdpa dev add name vduse0 mgmtdev vduse",
    ),
    remove=("vdpa dev del vduse0", f"killall {_VDUSE_DAEMON}", "sleep 1"),
    pins=False,
    programs=(_VDUSE_DAEMON,),
)

# For what needs none: pin loops, and the handover alone.
NO_DEVICE = Device(
    name="none",
    stands_for="no device: pin loops of io_uring, gup_test and mlock",
    modules={},
    add=(),
    remove=(),
    pins=False,
)

DEVICES: Mapping[str, Device] = {
    device.name: device
    for device in (
        NO_DEVICE,
        _sim("sim-net-pa", "net", "set_map, physical addresses: the path of mlx5"),
        _sim("sim-net-va", "net", "set_map, user addresses: nothing is pinned", use_va=1),
        _sim("sim-net-pa-nobatch", "net", "dma_map for each run of pages: no batches", batch=0),
        _sim("sim-blk-pa", "blk", "as sim-net-pa, a block device"),
        _VP_VDPA,
        _VDUSE_BLK,
    )
}


def is_path(name: str) -> bool:
    """A device of this machine, as opposed to one that a guest is given."""
    return name.startswith("/")


def device_named(name: str) -> Device:
    """One of the guest's, or one of this machine: that pins, until its driver is known."""
    if is_path(name):
        return Device(name, "a device of this machine", modules={}, add=(), remove=())
    return DEVICES[name]
