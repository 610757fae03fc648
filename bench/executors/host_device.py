# SPDX-License-Identifier: GPL-2.0-only
"""Find a vhost-vdpa device of this machine, what drives it, and who has it open."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from msgspec import DecodeError, Struct
from msgspec.json import decode
from msgspec.structs import asdict

from bench.errors import BenchError, CannotJudge, UsageError
from bench.model.cell import Family
from bench.model.facts import DeviceFacts, VdpaAttributes
from bench.process import find_tool, run
from bench.protocol.helper_argv import Target

_NEED = "vdpa dev show lists devices; a node is there once one is bound to vhost_vdpa"


@dataclass(frozen=True)
class HostDevice:
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


def find_device(path: str, root: Path = Path("/")) -> HostDevice:
    """Return the device of a node; UsageError when it is none, CannotJudge when it is open."""
    number = _number(path)
    directory = (root / "sys/dev/char" / f"{os.major(number)}:{os.minor(number)}").resolve()
    if not directory.name.startswith("vhost-vdpa-"):
        raise UsageError(f"--device: {path} is not a vhost-vdpa device", _NEED)
    holders = who_has(number, root)
    if holders:
        raise CannotJudge(
            f"--device: {path} is open in {', '.join(holders)}",
            "a live update would reset it under whoever has it: end that first",
        )
    vdpa = directory.parent
    attributes = _shown(vdpa.name)
    driver = _link(vdpa.parent / "driver") or attributes.mgmtdev or "unknown"
    return HostDevice(path, vdpa.name, driver, _parameters(driver, root), attributes)


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
