# SPDX-License-Identifier: GPL-2.0-only
"""A vhost-vdpa device of this machine: what drives it, and who has it open."""

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import BenchError, CannotJudge, UsageError
from bench.model.cell import Family
from bench.process import find_tool, run
from bench.protocol.helper_argv import Target

_NEED = "vdpa dev show lists devices; a node is there once one is bound to vhost_vdpa"


@dataclass(frozen=True)
class HostDevice:
    """A device node, and its driver with what it was loaded with."""

    path: str
    name: str  # of the vDPA device: "vdpa0"
    driver: str  # "mlx5_vdpa.vnet", or the management device where no bus has one
    parameters: dict[str, str]  # "vhost_vdpa.max_iotlb_entries": "2048"
    attributes: dict[str, Any]  # as `vdpa -j dev show` has them

    @property
    def pins(self) -> bool:
        """It is given physical addresses. The proof of the first handover tells whether."""
        if self.driver == "vduse":
            return False
        uses_va = self.parameters.get("vdpa_sim.use_va", "N") in ("Y", "1")
        return not (self.simulated and uses_va)

    @property
    def simulated(self) -> bool:
        """Nobody lives behind it: what is sent comes back, what is written is nobody's."""
        return self.driver.startswith(("vdpasim", "vdpa_sim"))

    @property
    def target(self) -> Target:
        return Target(Family.VDPA, self.path, self.pins, gentle=not self.simulated)

    def facts(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "name": self.name,
            "driver": self.driver,
            "parameters": self.parameters,
            **self.attributes,
        }


def find_device(path: str, root: Path = Path("/")) -> HostDevice:
    """The device behind a node; UsageError when it is none, CannotJudge when it is taken."""
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
    driver = _link(vdpa.parent / "driver") or str(attributes.get("mgmtdev", "unknown"))
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
    """``name (pid N)`` of each process that has this device open and can be looked into."""
    found = []
    for process in sorted(root.glob("proc/[0-9]*"), key=lambda path: int(path.name)):
        if any(_is_device(link, number) for link in _files(process)):
            found.append(f"{_read(process / 'comm') or 'a process'} (pid {process.name})")
    return found


def _files(process: Path) -> list[Path]:
    try:
        return [*(process / "fd").iterdir()]
    except OSError:  # gone, or another user's: opening the device tells about those
        return []


def _is_device(link: Path, number: int) -> bool:
    try:
        found = link.stat()
    except OSError:
        return False
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == number


def _shown(name: str) -> dict[str, Any]:
    """What the vdpa tool says of a device; empty when it cannot be asked."""
    try:
        shown = json.loads(run([find_tool("vdpa", "iproute2"), "-j", "dev", "show", name]))
        found = shown["dev"][name]
    except (BenchError, ValueError, KeyError, TypeError):
        return {}
    return dict(found) if isinstance(found, dict) else {}


def _parameters(driver: str, root: Path) -> dict[str, str]:
    """Of every module that takes part: their limits and modes decide what is measured."""
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
