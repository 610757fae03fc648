# SPDX-License-Identifier: GPL-2.0-only
"""Define cells and their factors, blocks of cells, plans, and what is measured of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from typing import Any

from bench.model.described import Described
from bench.model.factor import Factor, Words
from bench.model.limits import DEVICES_OF_VM, HANDOVERS, MOST_MEMORY, REGIONS, THREADS
from bench.model.method import Experiment, Method, Phase
from bench.model.order import order_without
from bench.model.units import GIB, KIB, MIB, TIB, format_size


class Pages(Described):
    """What backs guest memory."""

    SMALL = "4k", "pages of 4 KiB, as the kernel gives them out"
    FRAGMENTED = "4k-fragmented", "the same, no two neighbours physically contiguous"
    THP = "thp", "transparent huge pages: blocks of 2 MiB that the kernel makes"
    HUGETLB_2M = "hugetlb-2m", "pages of 2 MiB that are set aside before"
    HUGETLB_1G = "hugetlb-1g", "pages of 1 GiB that are set aside when the kernel boots"

    @property
    def size(self) -> int:
        """Return the bytes of one page; for ``thp`` of the block that has to be whole."""
        if self.small:
            return 4 * KIB
        return GIB if self is Pages.HUGETLB_1G else 2 * MIB

    @property
    def small(self) -> bool:
        return self in (Pages.SMALL, Pages.FRAGMENTED)

    @property
    def pooled(self) -> bool:
        """Tell whether such pages have to be set aside before anyone can have one."""
        return self in (Pages.HUGETLB_2M, Pages.HUGETLB_1G)


class Backing(StrEnum):
    """How much of guest memory is distinct."""

    AUTO = "auto"  # only in a scenario: a plan has decided
    REAL = "real"
    ALIAS = "alias"


class Ptes(StrEnum):
    """What the new process's page tables hold before the handover."""

    COLD = "cold"
    WARM = "warm"


class Handover(StrEnum):
    """How the device gets to the new process."""

    EXEC = "exec"
    TRANSFER = "transfer"
    FORK = "fork"


class Batch(StrEnum):
    """Whether all messages that map memory are one batch."""

    ON = "on"
    OFF = "off"


class Cvq(StrEnum):
    """What the VMM does with the control queue of a network device."""

    NONE = "none"  # it is not used
    OWN_ASID = "own-asid"  # it stands between: ring and buffers are its own, in a space apart


class Break(Described):
    """Sequences that are wrong on purpose: a proof that catches none of them proves nothing."""

    SKIPS_REMAP = "new-owner-skips-remap", "new-owner or resume leaves out IOTLB_REMAP"
    SKIPS_VADDR = "vfio-vaddr-skips-map", "vfio-vaddr leaves out MAP_DMA"
    WRONG_ADDRESS = "wrong-address", "the new process names memory that is not the guest's"
    DROP_MAPPING = "drop-mapping", "one region is unmapped again"
    LOSES_KICK = "loses-kick", "of a soak: the new process does not take over the guest's kicks"


class Clock(StrEnum):
    """What a span is measured by."""

    WALL = "wall"
    ICOUNT = "icount"

    @property
    def unit(self) -> str:
        """Name one tick: under instruction counting a span is a count, not a time."""
        return "ns" if self is Clock.WALL else "instructions"


def _any_of(kind: type[StrEnum]) -> str:
    *most, last = kind
    return f"{', '.join(most)} or {last}"


_UPDATE = Experiment.LIVE_UPDATE
CONTROL_BYTES = 8 * KIB  # of the helper: a ring, and a request
QEMU = "qemu"  # the regions that a real QEMU has for a guest of this size
_MEM = f"Guest memory: 64G, 1G,64G or 1G:64G (times four), at most {MOST_MEMORY // TIB}T"
_PAGES = f"What backs it: {_any_of(Pages)}"
_PTES = Words(
    f"Page tables of the new process: {_any_of(Ptes)}",
    head="PTEs",
    phrase="{} page tables",
    helper="--warm",
)
_HANDOVER = Words(
    f"How the device gets to the new process: {_any_of(Handover)}",
    phrase="handover by {}",
    helper="--handover {}",
    only=_UPDATE,
)
_REGIONS = Words(
    f"Messages that map all memory: a count {REGIONS}, or {QEMU}",
    label="regions={}",
    phrase="regions: {}",
    helper="--regions {}",
    limits=REGIONS,
    names=(QEMU,),
    only=_UPDATE,
)
_BATCH = Words(
    f"All messages in one batch: {_any_of(Batch)}",
    label="unbatched",
    phrase="batch {}",
    helper="--unbatched",
    only=_UPDATE,
)
_DEVICES_OF_VM = Words(
    f"Devices that have the memory of the VM, each handed over: {DEVICES_OF_VM}",
    label="devices-of-vm={}",
    head="of VM",
    phrase="devices of the VM: {}",
    helper="--devices-of-vm {}",
    limits=DEVICES_OF_VM,
    only=_UPDATE,
)
_CVQ = Words(
    f"Control queue of a network device: {_any_of(Cvq)}",
    label="cvq={}",
    phrase="control queue: {}",
    helper="--cvq",
    only=_UPDATE,
)
_THREADS = Words(
    f"Threads that pin at once: each {THREADS}",
    label="threads={}",
    phrase="threads: {}",
    helper="--threads {}",
    limits=THREADS,
    only=Experiment.PIN,
)
_HANDOVERS = Words(
    f"In all, spread over the reps, under load (a soak): {HANDOVERS}",
    label="handovers={}",
    phrase="{} handovers",
    helper="--handovers {}",
    limits=HANDOVERS,
    only=_UPDATE,
)


@dataclass(frozen=True, order=True)
class Cell:
    """One point of the matrix: what a median is taken over. This is the table of factors.

    A factor is one line here: name, type, default, and its `Words`. Stored rows, fields of
    scenarios, options of ``bench run``, the plan, the helper's command line, labels and columns
    are made from it. ``mem`` and ``file`` are bytes: ``file`` is the distinct memory, which is
    ``mem``, or less for ``alias``.
    """

    device: str = field(metadata={"words": Words("See bench list; or /dev/vhost-vdpa-0")})
    method: Method = field(metadata={"words": Words("See bench list: new-owner,reset-owner,...")})
    mem: int = field(metadata={"words": Words(_MEM, phrase="{} of memory", helper="--mem {}")})
    pages: Pages = field(metadata={"words": Words(_PAGES, phrase="{} pages", helper="--pages {}")})
    backing: Backing = field(metadata={"words": Words("real, alias, or auto: real up to 2G")})
    file: int = field(metadata={"words": Words("", helper="--file {}")})
    ptes: Ptes = field(default=Ptes.COLD, metadata={"words": _PTES})
    handover: Handover = field(default=Handover.EXEC, metadata={"words": _HANDOVER})
    regions: str = field(default="1", metadata={"words": _REGIONS})
    batch: Batch = field(default=Batch.ON, metadata={"words": _BATCH})
    devices_of_vm: int = field(default=1, metadata={"words": _DEVICES_OF_VM})
    cvq: Cvq = field(default=Cvq.NONE, metadata={"words": _CVQ})
    threads: int = field(default=1, metadata={"words": _THREADS})
    handovers: int = field(default=1, metadata={"words": _HANDOVERS})

    def __hash__(self) -> int:
        """Return the hash that was computed once: a million samples share some hundred cells."""
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(tuple(self.factors().values()))

    def factors(self) -> dict[str, str | int]:
        """Spell every factor as the stored lines do: sizes in bytes, all else as its name."""
        values = ((name, getattr(self, name)) for name in FACTORS)
        return {name: v.value if isinstance(v, StrEnum) else v for name, v in values}

    def variant(self) -> dict[str, str]:
        """Name and spell each factor that is not at its default, in the order of the table."""
        return {name: str(v) for name in VARIANTS if (v := getattr(self, name)) != usual(name)}

    def differing(self) -> list[str]:
        """Say what is not at its default: ``warm``, ``regions=qemu``, ``unbatched``."""
        return [FACTORS[name].words.label.format(text) for name, text in self.variant().items()]

    def without(self, *names: str) -> tuple[object, ...]:
        """Return all factors but these: equal for cells that differ in nothing else."""
        return tuple(getattr(self, name) for name in FACTORS if name not in names)

    def sort_key(self, *names: str) -> tuple[Any, ...]:
        """Return what sorts cells by these factors: enums stand in the order of definition."""
        return tuple(FACTORS[name].rank(getattr(self, name)) for name in names)

    @property
    def soak(self) -> bool:
        """Tell whether there are handovers beside the reps, to see what they leave behind."""
        return self.handovers > 1

    @property
    def mapped(self) -> int:
        """Return the bytes that are mapped for its devices, and charged where that pins them."""
        control = CONTROL_BYTES if self.cvq is Cvq.OWN_ASID else 0
        return (self.mem + control) * self.devices_of_vm

    @property
    def label(self) -> str:
        """Tell it from all others: ``sim-net-pa thp warm 64 GiB alias 1 GiB new-owner``."""
        return " ".join([self.device, _place(self), self.method])


FACTORS: Mapping[str, Factor] = {each.name: Factor.of_field(each) for each in fields(Cell)}
VARIANTS = tuple(name for name, factor in FACTORS.items() if factor.default is not None)


def usual(name: str) -> object:
    """Return the default of a factor; None for one that has to be given."""
    return FACTORS[name].default


def _place(cell: Cell) -> str:
    """Name what the cells of a block have in common beside their devices."""
    words = [cell.pages.value, *cell.differing(), format_size(cell.mem)]
    distinct = [cell.backing.value, format_size(cell.file)]
    return " ".join([*words, *(distinct if cell.backing is Backing.ALIAS else distinct[:1])])


@dataclass(frozen=True)
class Block:
    """Cells that differ only in their method, measured interleaved in one helper run.

    Methods of several families have a device each, of which the helper has one at a time.
    ``order`` is the method of each rep. The first ``warmup`` reps are handovers like any
    other and are proven too, but are not samples: the process that they leave has made
    the memory and the device instead of having taken them over. With ``least`` the block may
    end before its order does, once it has so many reps of each method: bench.stats.enough.
    """

    cells: tuple[Cell, ...]
    order: tuple[Method, ...]
    warmup: int = 1
    broken: Break | None = None
    least: int | None = None

    @property
    def any_cell(self) -> Cell:
        """Return the first cell, for what the cells of a block have in common."""
        return self.cells[0]

    @property
    def devices(self) -> tuple[str, ...]:
        """List the devices of its cells, each once."""
        return tuple(dict.fromkeys(cell.device for cell in self.cells))

    @property
    def experiment(self) -> Experiment:
        return self.any_cell.method.experiment

    @property
    def label(self) -> str:
        """Tell it from all other blocks of a plan: devices, common factors, and its methods."""
        methods = ", ".join(cell.method for cell in self.cells)
        words = [*self.devices, _place(self.any_cell)]
        return f"{' '.join(words)} ({methods})"

    @property
    def least_order(self) -> tuple[Method, ...]:
        """Return the part of its order that is measured in any case."""
        if self.least is None:
            return self.order
        return self.order[: self.warmup + self.least * len(self.cells)]

    def handovers_in(self, reps: int) -> int:
        """Count the handovers up to and with a number of its reps; more than those in a soak."""
        return max(reps, self.any_cell.handovers * reps // max(1, len(self.order)))

    @property
    def count(self) -> str:
        """Spell how many handovers or turns it has: ``11``, or ``11 to 41``."""
        counts = (self.handovers_in(len(order)) for order in (self.least_order, self.order))
        return " to ".join(dict.fromkeys(map(str, counts)))

    def cell_of(self, method: Method) -> Cell:
        return next(cell for cell in self.cells if cell.method is method)

    def order_without(self, methods: Collection[Method]) -> tuple[Method, ...]:
        """Return the order without these methods; the first that is left does the warm-up."""
        return order_without(self.order, methods)


@dataclass(frozen=True)
class Plan:
    """What a run measures: blocks in their order."""

    scenario: str
    seed: int
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
    settle: int = 0  # ticks left out of the pause: the new process mapped the helper's own pages
    after_pause: int = 0  # ticks that the first touch of all memory took, once it was proven
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
    settle: int = 0
    after_pause: int = 0
    counters: Mapping[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.status == "ok"
