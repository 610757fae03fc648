# SPDX-License-Identifier: GPL-2.0-only
"""The words of the project as types: no I/O, nothing that changes after it is made."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

# What methods are is a module of its own; who reads the model finds them here too.
from bench.model.method import OWN_PHASES as OWN_PHASES
from bench.model.method import Experiment as Experiment
from bench.model.method import Family as Family
from bench.model.method import Method as Method
from bench.model.method import Phase as Phase
from bench.model.units import GIB, KIB, MIB


class Pages(StrEnum):
    SMALL = "4k"
    FRAGMENTED = "4k-fragmented"  # no two neighbours are physically contiguous
    THP = "thp"
    HUGETLB_2M = "hugetlb-2m"
    HUGETLB_1G = "hugetlb-1g"

    @property
    def size(self) -> int:
        """Bytes of one page; for ``thp`` of the block that has to be whole."""
        if self.small:
            return 4 * KIB
        return GIB if self is Pages.HUGETLB_1G else 2 * MIB

    @property
    def small(self) -> bool:
        return self in (Pages.SMALL, Pages.FRAGMENTED)

    @property
    def pooled(self) -> bool:
        """Has to be set aside before anyone can have one."""
        return self in (Pages.HUGETLB_2M, Pages.HUGETLB_1G)


class Backing(StrEnum):
    AUTO = "auto"  # only in a scenario: a plan has decided
    REAL = "real"
    ALIAS = "alias"


class Ptes(StrEnum):
    COLD = "cold"
    WARM = "warm"


class Handover(StrEnum):
    EXEC = "exec"
    TRANSFER = "transfer"


class Batch(StrEnum):
    ON = "on"
    OFF = "off"


class Break(StrEnum):
    """Sequences that are wrong on purpose: a proof that catches none of them proves nothing."""

    SKIPS_REMAP = "new-owner-skips-remap"
    SKIPS_VADDR = "vfio-vaddr-skips-map"
    WRONG_ADDRESS = "wrong-address"
    DROP_MAPPING = "drop-mapping"


class Clock(StrEnum):
    WALL = "wall"
    ICOUNT = "icount"

    @property
    def unit(self) -> str:
        """What one tick is: under instruction counting a span is a count, not a time."""
        return "ns" if self is Clock.WALL else "instructions"


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
    regions: str = "1"  # messages that map all of mem, or "qemu": as a q35 guest has them
    batch: Batch = Batch.ON
    threads: int = 1  # that pin at once

    def __hash__(self) -> int:
        """Kept: a million samples share some hundred cells, and are grouped by them."""
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(tuple(self.factors().values()))

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
            "batch": self.batch.value,
            "threads": self.threads,
        }


@dataclass(frozen=True)
class Block:
    """Cells that differ only in their method, measured interleaved in one helper run.

    Methods of several families have a device each, of which the helper has one at a time.
    ``order`` is the method of each rep. The first ``warmup`` reps are handovers like any
    other and are proven too, but are not samples: the process that they leave has made
    the memory and the device instead of having taken them over.
    """

    cells: tuple[Cell, ...]
    order: tuple[Method, ...]
    warmup: int = 1
    broken: Break | None = None

    @property
    def any_cell(self) -> Cell:
        """For what the cells of a block have in common."""
        return self.cells[0]

    @property
    def devices(self) -> tuple[str, ...]:
        """Each once."""
        return tuple(dict.fromkeys(cell.device for cell in self.cells))

    @property
    def experiment(self) -> Experiment:
        return self.any_cell.method.experiment

    def cell_of(self, method: Method) -> Cell:
        return next(cell for cell in self.cells if cell.method is method)

    def order_without(self, methods: Collection[Method]) -> tuple[Method, ...]:
        """The order that is left; the warm-up falls to the first method that is."""
        left = [method for method in self.order[1:] if method not in methods]
        if self.order[0] not in methods:
            return (self.order[0], *left)
        return (left[0], *left) if left else ()


@dataclass(frozen=True)
class Plan:
    scenario: str
    seed: int
    reps: int
    blocks: tuple[Block, ...]
    left_out: tuple[tuple[Block, str], ...] = ()  # and why


@dataclass(frozen=True)
class Rep:
    """One measured handover, proven by the helper. Ticks of the executor's clock."""

    method: Method
    phases: Mapping[Phase, int]
    pause: int
    pinned: int  # bytes charged to the new process (VmPin)
    extents: int  # physically contiguous pieces of guest memory; 0: only root can tell
    window: int = 0  # bytes that each thread pins at once; 0: all
    counters: Mapping[str, int] = field(default_factory=dict)  # of the PMU, where there is one


@dataclass(frozen=True)
class Unavailable:
    """A method of a block that cannot be had where it runs; the others are measured."""

    method: Method
    why: str
    need: str


@dataclass(frozen=True, slots=True)
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
    extents: int = 0
    window: int = 0
    counters: Mapping[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.status == "ok"
