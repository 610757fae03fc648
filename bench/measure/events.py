# SPDX-License-Identifier: GPL-2.0-only
"""Turn blocks into events, one after the other or some of them at once, for a single reader."""

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TypeAlias

from bench.cleanup.journal import delay_signals
from bench.executors.base import Executor
from bench.model.cell import Block, Rep, Unavailable
from bench.model.method import Method
from bench.plan.duration import whole_seconds
from bench.process import children_ended
from bench.stats.enough import reps_due


@dataclass(frozen=True)
class Begun:
    """The first event of a block."""


@dataclass(frozen=True)
class Ended:
    """The last event of a block; ``problem`` is what ended it before its end.

    ``seconds`` is what it took where that is known better than by when it is told: elsewhere.
    """

    problem: Exception | None = None
    seconds: float | None = None


Event: TypeAlias = Begun | Rep | Unavailable | Ended
Numbered: TypeAlias = tuple[int, Block]  # a block and its place in the plan, from 0


def events_of(
    executor: Executor, blocks: Sequence[Numbered], jobs: int
) -> Generator[tuple[int, Event]]:
    """Measure blocks, at most ``jobs`` of them at once; yield what happens, by their numbers.

    One after the other they begin in their order; at once those that take longest begin first,
    so that none of them is left alone at the end. Closing this ends those that are being measured.
    """
    if jobs == 1 or len(blocks) == 1:
        return _in_turn(executor, blocks)
    return _at_once(executor, blocks, jobs)


def _in_turn(executor: Executor, blocks: Sequence[Numbered]) -> Generator[tuple[int, Event]]:
    for number, block in blocks:
        with closing(_events(block, executor.measure(block))) as events:
            for event in events:
                yield number, event


def _at_once(
    executor: Executor, blocks: Sequence[Numbered], jobs: int
) -> Generator[tuple[int, Event]]:
    """Let threads read, and pass on what they read in the thread of the caller."""
    events: SimpleQueue[tuple[int, Event]] = SimpleQueue()

    def read(number: int, block: Block, items: Generator[Rep | Unavailable]) -> None:
        for event in _events(block, items):
            events.put((number, event))

    pool = ThreadPoolExecutor(jobs)
    try:
        todo = [(number, block, executor.measure(block)) for number, block in blocks]
        for each in sorted(todo, key=lambda each: -whole_seconds(each[1])):
            pool.submit(read, *each)
        left = len(blocks)
        while left:
            number, event = events.get()
            yield number, event
            left -= isinstance(event, Ended)
    finally:
        with delay_signals(), children_ended():
            pool.shutdown(cancel_futures=True)


def _events(block: Block, items: Generator[Rep | Unavailable]) -> Generator[Event]:
    yield Begun()
    try:
        with closing(items):  # which ends what measures, where it is not at its end
            yield from until_enough(block, items)
    except Exception as problem:
        yield Ended(problem)
    else:
        yield Ended()


def until_enough(block: Block, items: Iterator[Rep | Unavailable]) -> Generator[Rep | Unavailable]:
    """Pass on what is measured of a block, up to the round after which it is enough."""
    missing: set[Method] = set()
    pauses: list[int] = []
    for item in items:
        yield item
        if isinstance(item, Unavailable):
            missing.add(item.method)
        elif block.least is not None:
            pauses.append(item.pause)
            order = block.order_without(missing)
            # What has come to the end of its order has to end well: the executor sees to it.
            if reps_due(order, block.least, pauses) == len(pauses) < len(order):
                return
