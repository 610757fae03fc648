# SPDX-License-Identifier: GPL-2.0-only
"""Find devices of this machine that can be measured: of vhost-vdpa, and PCI ones of vfio-pci.

None is bound to another driver, and one that somebody has open is refused.
"""

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from msgspec import DecodeError, Struct
from msgspec.json import decode
from msgspec.structs import asdict

from bench.errors import BenchError, CannotJudge, UsageError
from bench.model.device import device_named, pci_address
from bench.model.facts import DeviceFacts, VdpaAttributes
from bench.model.method import Family
from bench.process import find_tool, run
from bench.protocol.helper import Target

_ENTROPY = ("0x1af4", "0x1044")  # virtio entropy, which the helper can drive
_NEED = "vdpa dev show lists devices; a node is there once one is bound to vhost_vdpa"


@dataclass(frozen=True)
class HostVdpa:
    """A vhost-vdpa device, its driver, and the parameters of the modules that take part."""

    path: str
    name: str  # of the vDPA device: "vdpa0"
    driver: str  # "mlx5_vdpa.vnet", or the management device where no bus has one
    parameters: dict[str, str]  # "vhost_vdpa.max_iotlb_entries": "2048"
    attributes: VdpaAttributes

    @property
    def pins(self) -> bool:
        """Tell whether it pins memory: it is given physical addresses. Each rep proves it."""
        if self.driver == "vduse":
            return False
        uses_va = self.parameters.get("vdpa_sim.use_va", "N") in ("Y", "1")
        return not (self.simulated and uses_va)

    @property
    def simulated(self) -> bool:
        """Tell whether a simulator is behind it: no network or disk can come to harm."""
        return self.driver.startswith(("vdpasim", "vdpa_sim"))

    @property
    def target(self) -> Target:
        """Return the device as the helper takes it."""
        return Target(Family.VDPA, self.path, self.pins, gentle=not self.simulated)

    def facts(self) -> DeviceFacts:
        """Return what run.json says of the device."""
        return DeviceFacts(
            path=self.path,
            name=self.name,
            driver=self.driver,
            parameters=self.parameters,
            **asdict(self.attributes),
        )


def find_device(path: str, root: Path = Path("/")) -> HostVdpa:
    """Return the device of a node; UsageError when it is none, CannotJudge when it is open."""
    number = _number(path)
    directory = (root / "sys/dev/char" / f"{os.major(number)}:{os.minor(number)}").resolve()
    if not directory.name.startswith("vhost-vdpa-"):
        raise UsageError(f"--device: {path} is not a vhost-vdpa device", _NEED)
    _refuse_open(path, number, root)
    vdpa = directory.parent
    attributes = _shown(vdpa.name)
    driver = _link(vdpa.parent / "driver") or attributes.mgmtdev or "unknown"
    return HostVdpa(path, vdpa.name, driver, _parameters(driver, root), attributes)


def _number(path: str) -> int:
    try:
        found = Path(path).stat()
    except OSError as error:
        raise UsageError(f"--device: {path}: {error.strerror}", _NEED) from None
    if not stat.S_ISCHR(found.st_mode):
        raise UsageError(f"--device: {path} is not a device", _NEED)
    return found.st_rdev


def who_has(number: int, root: Path = Path("/")) -> list[str]:
    """Return ``name (pid N)`` of each process that has this device open, as far as is seen."""
    found = []
    for process in sorted(root.glob("proc/[0-9]*"), key=lambda path: int(path.name)):
        if any(_is_device(link, number) for link in _files(process)):
            found.append(f"{_read(process / 'comm') or 'a process'} (pid {process.name})")
    return found


def _files(process: Path) -> list[Path]:
    try:
        return [*(process / "fd").iterdir()]
    except OSError:  # the process ended, or is another user's: then opening the device fails
        return []


def _is_device(link: Path, number: int) -> bool:
    try:
        found = link.stat()
    except OSError:
        return False
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == number


class _Shown(Struct):
    """The answer of `vdpa -j dev show`: devices by their names."""

    dev: dict[str, VdpaAttributes]


def _shown(name: str) -> VdpaAttributes:
    """Ask the vdpa tool about a device; attributes of None when it cannot be asked."""
    try:
        answer = run([find_tool("vdpa", "iproute2"), "-j", "dev", "show", name])
        return decode(answer, type=_Shown).dev[name]
    except (BenchError, DecodeError, KeyError):
        return VdpaAttributes()


def _parameters(driver: str, root: Path) -> dict[str, str]:
    """Read the parameters of all modules that take part: they decide what is measured."""
    modules = {"vdpa", "vhost", "vhost_vdpa", "vdpa_sim", "vduse", driver.partition(".")[0]}
    return {
        f"{module}.{path.name}": _read(path)
        for module in sorted(modules)
        for path in sorted(root.glob(f"sys/module/{module}/parameters/*"))
    }


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
        """Return the device as the helper takes it."""
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
        with suppress(OSError):  # without its node the helper fails, and names it
            _refuse_open(name, node.stat().st_rdev, root)
    words = [(device / file).read_text().strip() for file in ("vendor", "device")]
    family = device_named(name).family
    shown = ":".join(word.removeprefix("0x") for word in words)
    return HostPci(address, shown, family, group, tuple(words) == _ENTROPY)


def _nodes(device: Path, group: str, root: Path) -> list[Path]:
    """Return the nodes of the group, and of the device itself, which newer kernels have."""
    own = [root / "dev/vfio/devices" / path.name for path in device.glob("vfio-dev/vfio*")]
    return [root / "dev/vfio" / group, *own]


def _refuse_open(name: str, number: int, root: Path) -> None:
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


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
