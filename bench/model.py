# SPDX-License-Identifier: GPL-2.0-only
"""The words of the project as types: no I/O, nothing that changes after it is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bench.units import GIB, KIB, MIB


class Method(StrEnum):
    NEW_OWNER = "new-owner"
    RESET_OWNER = "reset-owner"
    REOPEN = "reopen"
    EXEC_ONLY = "exec-only"


class Pages(StrEnum):
    SMALL = "4k"
    THP = "thp"
    HUGETLB_2M = "hugetlb-2m"
    HUGETLB_1G = "hugetlb-1g"

    @property
    def size(self) -> int:
        """Bytes of one page; for ``thp`` of the block that has to be whole."""
        return {"4k": 4 * KIB, "hugetlb-1g": GIB}.get(self, 2 * MIB)


class Backing(StrEnum):
    AUTO = "auto"  # only in a scenario: a plan has decided
    REAL = "real"
    ALIAS = "alias"


class Ptes(StrEnum):
    COLD = "cold"
    WARM = "warm"


class Handover(StrEnum):
    EXEC = "exec"


class Clock(StrEnum):
    WALL = "wall"
    ICOUNT = "icount"

    @property
    def unit(self) -> str:
        """What one tick is: under instruction counting a span is a count, not a time."""
        return "ns" if self is Clock.WALL else "instructions"


class Phase(StrEnum):
    """In the order in which they happen; together they are the pause."""

    SUSPEND = "suspend"
    RESET = "reset"
    RELEASE = "release"
    EXEC = "exec"
    POPULATE = "populate"
    CLAIM = "claim"
    VRINGS = "vrings"
    MAP = "map"
    START = "start"


# What a method itself costs, as opposed to what every handover pays.
OWN_PHASES = (Phase.RELEASE, Phase.CLAIM, Phase.MAP)


@dataclass(frozen=True)
class Device:
    """What is behind /dev/vhost-vdpa-N in a guest, and how it gets there."""

    name: str
    mgmtdev: str  # of ``vdpa dev add``
    modules: Mapping[str, str]  # module: its parameters, in loading order
    pins: bool  # it keeps physical addresses, so that mapping pins pages
    stands_for: str


# Entries of the iotlb are bounded by memory, see max_iotlb_entries in 6.12:
# 64 GiB of scattered 4k pages are 2^24 entries.
_IOTLB = "max_iotlb_entries=67108864"


def _sim_net(name: str, use_va: int, stands_for: str) -> Device:
    modules = {
        "vhost_vdpa": _IOTLB,
        "vdpa_sim": f"use_va={use_va} {_IOTLB}",
        "vdpa_sim_net": "",
    }
    return Device(name, "vdpasim_net", modules, pins=not use_va, stands_for=stands_for)


DEVICES: Mapping[str, Device] = {
    device.name: device
    for device in (
        _sim_net(
            "sim-net-pa", 0, "physical addresses, set_map: the path of mlx5 without its firmware"
        ),
        _sim_net("sim-net-va", 1, "user addresses, set_map: nothing is pinned, new-owner remaps"),
    )
}


@dataclass(frozen=True, order=True)
class Cell:
    """One point of the matrix: what a median is taken over."""

    device: str
    pages: Pages
    mem: int  # bytes
    method: Method
    backing: Backing
    file: int  # bytes of distinct memory: mem, or less for ``alias``
    ptes: Ptes = Ptes.COLD
    handover: Handover = Handover.EXEC
    regions: int = 1  # messages that map all of mem

    def factors(self) -> dict[str, str | int]:
        """The cell as the stored lines spell it."""
        return {
            "device": self.device,
            "method": self.method.value,
            "mem": self.mem,
            "pages": self.pages.value,
            "backing": self.backing.value,
            "file": self.file,
            "ptes": self.ptes.value,
            "handover": self.handover.value,
            "regions": self.regions,
        }

    @staticmethod
    def from_factors(row: Mapping[str, Any]) -> "Cell":
        """The inverse of `factors`; KeyError or ValueError for a line that is not one."""
        return Cell(
            device=str(row["device"]),
            pages=Pages(row["pages"]),
            mem=int(row["mem"]),
            method=Method(row["method"]),
            backing=Backing(row["backing"]),
            file=int(row["file"]),
            ptes=Ptes(row["ptes"]),
            handover=Handover(row["handover"]),
            regions=int(row["regions"]),
        )


@dataclass(frozen=True)
class Block:
    """Cells that differ only in their method, measured interleaved in one helper run.

    ``order`` is the method of each rep. The first ``warmup`` reps are handovers like any
    other and are proven too, but are not samples: the process that they leave has made
    the memory and the device instead of having taken them over.
    """

    cells: tuple[Cell, ...]
    order: tuple[Method, ...]
    warmup: int = 1

    @property
    def any_cell(self) -> Cell:
        """For what the cells of a block have in common."""
        return self.cells[0]

    def cell_of(self, method: Method) -> Cell:
        return next(cell for cell in self.cells if cell.method is method)


@dataclass(frozen=True)
class Plan:
    scenario: str
    seed: int
    reps: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Rep:
    """One measured handover, proven by the helper. Ticks of the executor's clock."""

    method: Method
    phases: Mapping[Phase, int]
    pause: int
    pinned: int  # bytes charged to the new process (VmPin)
    runs: int  # physically contiguous runs of guest memory


@dataclass(frozen=True)
class Sample:
    """A stored rep, or the reason why a cell has none."""

    cell: Cell
    clock: Clock
    boot: int
    status: str  # "ok", or "failed: ..." or "skipped: ..."
    rep: int | None = None
    pause: int | None = None
    phases: Mapping[Phase, int] = field(default_factory=dict)
    pinned: int = 0
    runs: int = 0

    @property
    def ok(self) -> bool:
        return self.status == "ok"
