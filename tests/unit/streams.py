# SPDX-License-Identifier: GPL-2.0-only
"""Scenarios, plans and the helper streams that measuring them gives, all without a machine."""

import json
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.model.cell import QEMU, Batch, Block, Cell, Cvq, Plan, Ptes, Rep, Unavailable
from bench.model.device import device_named
from bench.model.method import Experiment, Family, Method, Phase
from bench.model.qemu_memory import qemu_regions
from bench.model.steps import Step, Steps
from bench.model.units import KIB
from bench.plan.matrix import make_plan
from bench.plan.scenario import Scenario
from bench.protocol.messages import PROTO

PAUSES: Mapping[Method, int] = {
    Method.NEW_OWNER: 1_300_000,
    Method.RESET_OWNER: 5_200_000,
    Method.REOPEN: 5_400_000,
    Method.RESUME: 1_200_000,
    Method.NEW_OWNER_BACK: 1_500_000,
    Method.RESET_OWNER_BACK: 5_600_000,
    Method.VFIO_VADDR: 1_010_000,
    Method.VFIO_REMAP: 8_300_000,
    Method.IOMMUFD_PROCESS: 1_020_000,
    Method.IOMMUFD_REMAP: 8_400_000,
    Method.EXEC_ONLY: 1_000_000,
    Method.IO_URING: 900_000,
    Method.GUP_TEST: 800_000,
    Method.IOTLB: 950_000,
    Method.MLOCK: 500_000,
    Method.POPULATE: 400_000,
    Method.START_HELPER: 350_000,
    Method.START_VMM: 64_600_000,
}
DRIFT = 1000  # that each rep takes longer than the one before it

# Per mille of a pause with a device; exec has the rest.
_SHARES = {Phase.SUSPEND: 2, Phase.RESET: 1, Phase.RELEASE: 400, Phase.CLAIM: 3, Phase.VRINGS: 20}
_SHARES |= {Phase.MAP: 150, Phase.START: 4}

# What the methods of a pin loop have in /proc while they hold memory.
_HOLDS = (Method.IO_URING, Method.IOTLB, Method.MLOCK)
PIN_METHODS = tuple(m for m in Method if m.experiment is Experiment.PIN)
LIVE_METHODS = tuple(m for m in Method if m.experiment is Experiment.LIVE_UPDATE)

# Those who write them are no helper: the shell of the guest, which has no CRC.
_UNSEALED = ("exit", "ready")


def make_scenario(**fields: Any) -> Scenario:
    """Two methods on 64 MiB, two reps of each, unless ``fields`` say otherwise."""
    small = {
        "name": "small",
        "device": "sim-net-pa",
        "method": "reset-owner,new-owner",
        "mem": "64M",
        "pages": "thp",
        "reps": 2,
    }
    return Scenario.model_validate({**small, **fields})


def small_plan(**fields: Any) -> Plan:
    return make_plan(make_scenario(**fields))


def small_block(**fields: Any) -> Block:
    return small_plan(**fields).blocks[0]


def device_of(method: Method) -> str:
    """One that it is a method of."""
    return {Family.TYPE1: "vfio-type1", Family.IOMMUFD: "iommufd"}.get(method.family, "sim-net-pa")


def split_pause(pause: int, method: Method = Method.RESET_OWNER) -> dict[str, int]:
    """The phases of a pause, in their order; they add up to it."""
    if method.experiment is Experiment.PIN:
        return {Phase.PIN.value: pause * 2 // 3, Phase.UNPIN.value: pause - pause * 2 // 3}
    shares = {} if method is Method.EXEC_ONLY else _SHARES
    phases = {p.value: pause * shares.get(p, 0) // 1000 for p in method.experiment.phases}
    phases[Phase.EXEC] = pause - sum(phases.values())
    return phases


def pinned(cell: Cell) -> int:
    if cell.method.needs_device:
        return cell.mapped if device_named(cell.device).pins else 0
    return cell.mem if cell.method in _HOLDS else 0


def bare(message: Mapping[str, Any]) -> str:
    """A line without a CRC."""
    return json.dumps(message, separators=(",", ":"))


def line(message: Mapping[str, Any]) -> str:
    """A line as the helper writes it: its last key is the CRC of what is before it."""
    text = bare(message)
    if message["t"] in _UNSEALED:
        return text
    body = text.removesuffix("}")
    return f'{body},"crc":{zlib.crc32(body.encode())}}}'


def hello(block: Block) -> dict[str, Any]:
    cell = block.any_cell
    needing = [method for method in block.order if method.needs_device]
    params = {
        "device": "/dev/vhost-vdpa-0" if needing else "",
        "mem": cell.mem,
        "file": cell.file,
        "pages": cell.pages.value,
        "regions": len(qemu_regions(cell.mem)) if cell.regions == QEMU else int(cell.regions),
        "warm": cell.ptes is Ptes.WARM,
        "handover": cell.handover.value,
        "unbatched": cell.batch is Batch.OFF,
        "devices-of-vm": cell.devices_of_vm,
        "cvq": cell.cvq is Cvq.OWN_ASID,
        "broken": block.broken is not None,
        "threads": cell.threads,
        "handovers": cell.handovers,
        "reps": len(block.order),
    }
    experiment = block.experiment.value
    return {"t": "hello", "proto": PROTO, "experiment": experiment, "params": params}


def skip_of(method: Method) -> dict[str, Any]:
    """One method that cannot be had; the others are measured."""
    return {"t": "skip", "method": method.value, "why": f"no {method}", "need": f"a {method}"}


def rep(
    block: Block, order: Sequence[Method], number: int, pauses: Mapping[Method, int] = PAUSES
) -> dict[str, Any]:
    method = order[number]
    pause = pauses[method] + number * DRIFT
    pins = block.experiment is Experiment.PIN
    return {
        "t": "rep",
        "i": number,
        "method": method.value,
        "phases": split_pause(pause, method),
        "pause": pause,
        "vmpin_kb": pinned(block.cell_of(method)) // KIB,
        "extents": 2,
        **({"window": block.any_cell.mem // block.any_cell.threads} if pins else {}),
    }


def messages(
    block: Block, pauses: Mapping[Method, int] = PAUSES, without: Collection[Method] = ()
) -> list[dict[str, Any]]:
    """hello, a skip for each method to do without, the reps that are left, end and exit."""
    order = block.order_without(without)
    reps = [rep(block, order, number, pauses) for number in range(len(order))]
    ended = [{"t": "end", "n": len(order)}, {"t": "exit", "code": 0}]
    return [hello(block), *map(skip_of, without), *reps, *ended]


def stream(
    block: Block, pauses: Mapping[Method, int] = PAUSES, without: Collection[Method] = ()
) -> list[str]:
    """What the helper writes for a block when all goes well, and the exit line after it."""
    return [line(message) for message in messages(block, pauses, without)]


def failing_stream(block: Block, reps: int, last: Mapping[str, Any]) -> list[str]:
    """A stream that ends in the message ``last`` after some reps."""
    code = 4 if last["t"] == "skip" else 1
    return [*stream(block)[: 1 + reps], line(last), line({"t": "exit", "code": code})]


def recording(plan: Plan, pauses: Mapping[Method, int] = PAUSES) -> list[str]:
    """The streams of all blocks of a plan, one after another."""
    return [text for block in plan.blocks for text in stream(block, pauses)]


def write_lines(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("".join(f"{text}\n" for text in lines))
    return path


class Notes(Steps):
    """Keeps what is noted, and the steps that were told of."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.begun: list[Step] = []
        self.ended: list[Step] = []

    def note(self, line: str) -> None:
        self.notes.append(line)

    def step_begins(self, step: Step, total: int, of: str) -> None:
        self.begun.append(step)

    def step_ends(self, step: Step, of: str) -> None:
        self.ended.append(step)


class Silent:
    """A progress that shows nothing."""

    def begin(self, block: Block) -> None:
        """Not a word."""

    def advance(self, block: Block, rep: Rep) -> None:
        """Not a word."""

    def without(self, block: Block, item: Unavailable) -> None:
        """Not a word."""

    def end(self, block: Block, problem: str, details: str, took: float | None = None) -> None:
        """Not a word."""
