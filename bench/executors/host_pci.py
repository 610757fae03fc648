# SPDX-License-Identifier: GPL-2.0-only
"""Find a PCI device of this machine that vfio-pci drives. It is never bound to another driver."""

from dataclasses import dataclass
from pathlib import Path

from bench.errors import CannotJudge, UsageError
from bench.executors.host_device import who_has
from bench.model.cell import Family
from bench.model.device import device_named, pci_address
from bench.model.facts import DeviceFacts
from bench.protocol.helper_argv import Target

_ENTROPY = ("0x1af4", "0x1044")  # virtio entropy, which the helper can drive


@dataclass(frozen=True)
class HostPci:
    """A device of vfio-pci. All memory that is mapped for it is pinned."""

    path: str  # its address: "0000:03:00.0"
    name: str  # vendor and device, as in "8086:10fb"
    family: Family
    group: str  # of the IOMMU
    driven: bool  # the helper proves its DMA; of others only what is charged for their pins
    driver: str = "vfio-pci"

    @property
    def target(self) -> Target:
        return Target(self.family, self.path, pins=True)

    def facts(self) -> DeviceFacts:
        """Return what run.json says of the device."""
        return DeviceFacts(
            path=self.path,
            name=self.name,
            driver=self.driver,
            iommu_group=self.group,
            dma_proven=self.driven,
        )


def find_pci(name: str, root: Path = Path("/")) -> HostPci:
    """Return the device of ``vfio:0000:03:00.0``.

    UsageError when vfio-pci does not drive it, CannotJudge when it is open.
    """
    address = pci_address(name)
    device = root / "sys/bus/pci/devices" / address
    if not device.exists():
        raise UsageError(f"--device: there is no PCI device {address}", "lspci -D lists them")
    driver = _link(device / "driver")
    if driver != "vfio-pci":
        raise UsageError(
            f"--device: {address} is driven by {driver or 'nothing'}, not by vfio-pci",
            "bind one that nobody needs: driverctl set-override ADDRESS vfio-pci",
        )
    group = _link(device / "iommu_group")
    if not group:
        raise UsageError(f"--device: {address} is behind no IOMMU", "intel_iommu=on, or amd_iommu")
    for node in _nodes(device, group, root):
        _refuse_open(name, node, root)
    words = [(device / file).read_text().strip() for file in ("vendor", "device")]
    family = device_named(name).family
    shown = ":".join(word.removeprefix("0x") for word in words)
    return HostPci(address, shown, family, group, tuple(words) == _ENTROPY)


def _nodes(device: Path, group: str, root: Path) -> list[Path]:
    """Return the nodes of the group, and of the device itself, which newer kernels have."""
    own = [root / "dev/vfio/devices" / path.name for path in device.glob("vfio-dev/vfio*")]
    return [root / "dev/vfio" / group, *own]


def _refuse_open(name: str, node: Path, root: Path) -> None:
    try:
        number = node.stat().st_rdev
    except OSError:  # without its node the helper fails, and names it
        return
    holders = who_has(number, root)
    if holders:
        raise CannotJudge(
            f"--device: {name} is open in {', '.join(holders)}",
            "a live update would take it from whoever has it: end that first",
        )


def _link(path: Path) -> str:
    try:
        return path.readlink().name
    except OSError:
        return ""
