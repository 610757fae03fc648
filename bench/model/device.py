# SPDX-License-Identifier: GPL-2.0-only
"""Define the devices of a guest: what each stands for, and how it gets behind its node."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from bench.model.method import Family

# Entries of an iotlb are to be bounded by memory alone: 64 GiB of scattered 4k pages are
# 2^24 of them, and since 6.12.117 the limit is enforced (ENOSPC in vhost_iotlb_add_range).
IOTLB_ENTRIES = 1 << 26
_IOTLB = f"max_iotlb_entries={IOTLB_ENTRIES}"

_NAME = "vdpa0"  # of a vDPA device, if it has no other

# Where QEMU puts the virtio device that is rebound to vp_vdpa, and that of vfio-pci.
PCI_SLOT = "10"
VFIO_SLOT = "11"
PCI_ADDRESS = f"0000:00:{PCI_SLOT}.0"
VFIO_ADDRESS = f"0000:00:{VFIO_SLOT}.0"


@dataclass(frozen=True)
class Device:
    """One kind of device. ``add`` and ``remove`` are commands for the guest's shell."""

    name: str
    stands_for: str
    modules: Mapping[str, str]  # module: its parameters, in loading order
    add: tuple[str, ...]
    remove: tuple[str, ...]
    pins: bool = True  # it is given physical addresses, so that mapping pins pages
    platform_iommu: bool = False  # it needs QEMU's PCI devices and IOMMU
    programs: tuple[str, ...] = ()  # of the host or of ours, wanted in the guest
    needs: tuple[str, str] = ("", "")  # a command that fails without it, and what it is
    family: Family = Family.VDPA
    node: str = "/dev/vhost-vdpa-0"  # or the address of a PCI device
    several: bool = False  # a guest can have more than one: see `added`

    def added(self, number: int) -> tuple[str, ...]:
        """Return the commands that add another of it, ``vdpa1`` for 1, or with 0 the first."""
        return tuple(command.replace(_NAME, f"vdpa{number}") for command in self.add)


def _sim(name: str, kind: str, stands_for: str, *, use_va: int = 0, batch: int = 1) -> Device:
    return Device(
        name=name,
        stands_for=stands_for,
        modules={
            "vhost_vdpa": _IOTLB,
            "vdpa_sim": f"use_va={use_va} batch_mapping={batch} {_IOTLB}",
            f"vdpa_sim_{kind}": "",
        },
        add=(f"vdpa dev add name {_NAME} mgmtdev vdpasim_{kind}",),
        remove=(f"vdpa dev del {_NAME}",),
        pins=not use_va,
        several=True,
    )


def _unbind(address: str) -> str:
    device = f"/sys/bus/pci/devices/{address}"
    return f"[ ! -e {device}/driver ] || echo {address} >{device}/driver/unbind"


def _rebind(address: str, driver: str) -> tuple[str, ...]:
    """List the commands that give a PCI device to a driver, whichever has it."""
    device = f"/sys/bus/pci/devices/{address}"
    return (
        _unbind(address),
        f"echo {driver} >{device}/driver_override",
        f"echo {address} >/sys/bus/pci/drivers_probe",
    )


_VP_VDPA = Device(
    name="vp-vdpa",
    stands_for="platform IOMMU: vp_vdpa, ifcvf, pds, snet, octeon_ep",
    modules={"vhost_vdpa": _IOTLB, "vp_vdpa": ""},
    add=(
        *_rebind(PCI_ADDRESS, "vp-vdpa"),
        f"vdpa dev add name {_NAME} mgmtdev pci/{PCI_ADDRESS}",
    ),
    remove=(f"vdpa dev del {_NAME}", _unbind(PCI_ADDRESS)),
    platform_iommu=True,
)

_VFIO_TYPE1 = Device(
    name="vfio-type1",
    stands_for="vfio-pci in a container of type1: the reference that the patches name",
    modules={"vfio": "", "vfio_iommu_type1": "", "vfio-pci-core": "", "vfio-pci": ""},
    add=_rebind(VFIO_ADDRESS, "vfio-pci"),
    remove=(_unbind(VFIO_ADDRESS),),
    platform_iommu=True,
    family=Family.TYPE1,
    node=VFIO_ADDRESS,
)

# Debian's 6.12 is built without IOMMUFD: the helper says so, and what it needs.
_IOMMUFD = replace(
    _VFIO_TYPE1,
    name="iommufd",
    stands_for="vfio-pci over /dev/iommu: guest memory as a file, no addresses",
    family=Family.IOMMUFD,
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

# QEMU's daemon, up to 11, does not tell VDUSE that it can suspend; ours does.
_VDUSE_SUSPEND = Device(
    name="vduse-suspend",
    stands_for="VDUSE with a daemon that can suspend (7.3): nothing is pinned",
    modules={"vhost_vdpa": _IOTLB, "vduse": _IOTLB},
    needs=("bench-vduse", "a kernel with VDUSE_F_SUSPEND (7.3)"),
    add=(
        "bench-vduse vduse0 >/dev/console 2>&1 &",
        "for i in 1 2 3 4 5 6 7 8 9; do [ -e /dev/vduse/vduse0 ] && break; sleep 1; done",
        "vdpa dev add name vduse0 mgmtdev vduse",
    ),
    remove=("vdpa dev del vduse0", "killall bench-vduse", "sleep 1"),
    pins=False,
    programs=("bench-vduse",),
)

# For what needs none: pin loops, and the handover alone.
NO_DEVICE = Device(
    name="none",
    stands_for="no device: pin loops of io_uring, gup_test and mlock",
    modules={},
    add=(),
    remove=(),
    pins=False,
    family=Family.NONE,
    node="",
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
        _VDUSE_SUSPEND,
        _VFIO_TYPE1,
        _IOMMUFD,
    )
}


def drivers_of(devices: Iterable[Device]) -> dict[str, str]:
    """Return the modules of devices with their parameters, in loading order, each once."""
    return {name: words for device in devices for name, words in device.modules.items()}


def on_command_line(drivers: Mapping[str, str]) -> tuple[str, ...]:
    """Spell parameters of drivers that are part of a kernel for its command line."""
    return tuple(f"{name}.{word}" for name, words in drivers.items() for word in words.split())


# A PCI device of this machine, as in vfio:0000:03:00.0; of what family it is then.
PCI_PATTERN = r"(vfio|iommufd):([0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7])"
_PCI_FAMILIES = {"vfio": Family.TYPE1, "iommufd": Family.IOMMUFD}


def of_this_machine(name: str) -> bool:
    """Tell whether a name is that of a device of this machine, not of one that a guest is given."""
    return name.startswith("/") or pci_address(name) != ""


def pci_address(name: str) -> str:
    """Return the PCI address in the name of a device, empty where it has none."""
    match = re.fullmatch(PCI_PATTERN, name)
    return match[2] if match else ""


def device_named(name: str) -> Device:
    """Return a device of the guest or of this machine by its name; KeyError for any other.

    One of this machine is taken to pin until its driver is known.
    """
    if name in DEVICES:
        return DEVICES[name]
    if not of_this_machine(name):
        raise KeyError(name)
    address = pci_address(name)
    family = _PCI_FAMILIES[name.partition(":")[0]] if address else Family.VDPA
    here = Device(name, "a device of this machine", modules={}, add=(), remove=())
    return replace(here, family=family, node=address or name)
