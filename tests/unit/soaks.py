# SPDX-License-Identifier: GPL-2.0-only
"""What the helper writes of a soak: a line a handover, and before each rep what is in use."""

from collections.abc import Callable, Mapping
from typing import Any

from bench.model.cell import Block, Plan
from tests.unit.streams import line, messages, small_plan

Counts = Callable[[int], Mapping[str, int]]  # by the handovers that are done

HANDOVERS = 700
PLAN: Plan = small_plan(handovers=[HANDOVERS], reps=3)
(BLOCK,) = PLAN.blocks


def steady(handovers: int) -> dict[str, int]:
    """What a kernel without a leak has in use: up and down by a little."""
    up = handovers % 3
    return {
        "MemFree": 900_000 - 4 * up,
        "nr_foll_pin_acquired": 16384 * (handovers + 1),
        "nr_foll_pin_released": 16384 * handovers,
        "open-files": 12,
        "tasks": 60,
        "slab:kmalloc-64:64": 2000 + up,
        "slab:filp:192": 120,
    }


def leaking(handovers: int) -> dict[str, int]:
    """An object of 64 bytes every second handover."""
    return {**steady(handovers), "slab:kmalloc-64:64": 2000 + handovers // 2}


def soak_messages(block: Block = BLOCK, counts: Counts = steady) -> list[dict[str, Any]]:
    """The messages of a block, each rep behind its handovers and its footprint."""
    found: list[dict[str, Any]] = []
    before = 0
    for message in messages(block):
        if message["t"] == "rep":
            done = block.handovers_in(message["i"] + 1)
            found += [{"t": "done", "handovers": n} for n in range(before + 1, done + 1)]
            use = [*{"handovers": done, "requests-under-way": done // 2, **counts(done)}.items()]
            halves = (dict(use[:3]), dict(use[3:]))  # a line holds what fits
            found += [{"t": "footprint", "counts": half} for half in halves]
            before = done
        found.append(message)
    return found


def soak_stream(block: Block = BLOCK, counts: Counts = steady) -> list[str]:
    return [line(message) for message in soak_messages(block, counts)]


def up_to(rep: int, counts: Counts = steady) -> list[str]:
    """The stream up to and with a rep."""
    found = soak_messages(counts=counts)
    (at,) = (n for n, each in enumerate(found) if each["t"] == "rep" and each["i"] == rep)
    return [line(message) for message in found[: at + 1]]
