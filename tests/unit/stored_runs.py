# SPDX-License-Identifier: GPL-2.0-only
"""Runs measured with recorded streams, to be damaged, cut and resumed."""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from bench.executors.replay import ReplayExecutor
from bench.measure.loop import run, run_facts
from bench.measure.resume import Resumed, carry_on, open_again
from bench.model.cell import Clock, Plan, Sample
from bench.plan.matrix import make_plan
from bench.results.writer import Store, create
from tests.unit.streams import Silent, failing_stream, make_scenario, stream

SCENARIO = make_scenario(mem="64M,128M,256M", reps=1)
PLAN = make_plan(SCENARIO)
ERROR = {"t": "error", "op": "NEW_OWNER", "errno": 22, "text": "Invalid argument"}
_FAILS = PLAN.blocks[1]  # whenever it is measured

_STREAMS = {
    block: failing_stream(block, 1, ERROR) if block == _FAILS else stream(block)
    for block in PLAN.blocks
}


def lines_of(plan: Plan) -> list[str]:
    """What the helper says of the blocks of a plan, which are blocks of PLAN."""
    return [text for block in plan.blocks for text in _STREAMS[block]]


def executor(plan: Plan = PLAN) -> ReplayExecutor:
    """One for the blocks of a plan, which are blocks of PLAN."""
    return ReplayExecutor(lines_of(plan), Clock.ICOUNT)


def begun(path: Path) -> Store:
    store = create(path, SCENARIO.name)
    store.write_facts(run_facts(SCENARIO, PLAN, executor(), ["run", "small"]))
    return store


def measured(path: Path) -> Path:
    """A run that came to its end: one block of it failed."""
    store = begun(path)
    run(PLAN, executor(), store, Silent())
    store.close()
    return path


def cut(path: Path, data: bytes) -> None:
    (path / "samples.jsonl").write_bytes(data)


def stored(path: Path) -> bytes:
    return (path / "samples.jsonl").read_bytes()


def resume(path: Path, replay_of: Callable[[Plan], ReplayExecutor] = executor) -> Resumed:
    """Measure what is left, and let go of the directory."""
    resumed = open_again(path)
    left = tuple(block for block in resumed.rest.blocks if block not in resumed.ahead)
    replay = replay_of(replace(resumed.rest, blocks=left))
    boots = carry_on(resumed, replay, ["run", "--resume", "it"])
    run(resumed.rest, replay, resumed.store, Silent(), boots, ahead=resumed.ahead)
    resumed.store.close()
    return resumed


def shape(samples: Iterable[Sample]) -> Counter[tuple[object, ...]]:
    """What is the same in a run that was not interrupted."""
    return Counter((sample.cell, sample.rep, sample.status) for sample in samples)


def mutated(rng: random.Random, data: bytes) -> bytes:
    """After one to three accidents: to bytes, and to lines."""
    for _ in range(rng.randint(1, 3)):
        data = rng.choice(_ACCIDENTS)(rng, data)
    return data


Accident = Callable[[random.Random, bytes], bytes]


def _flip(rng: random.Random, data: bytes) -> bytes:
    at, end = _range(rng, data, 1)
    new = rng.choice([bytes([rng.randrange(256)]), b"0", b"9", b"}", b'"', b",", b"\n"])
    return data[:at] + new + data[end:]


def _insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + rng.randbytes(rng.randint(1, 4)) + data[at:]


def _remove(rng: random.Random, data: bytes) -> bytes:
    at, end = _range(rng, data, rng.choice([1, 1, 5, 40, 700]))
    return data[:at] + data[end:]


def _repeat(rng: random.Random, data: bytes) -> bytes:
    at, end = _range(rng, data, rng.choice([1, 1, 5, 40, 700]))
    return data[:end] + data[at:]


def _swap(rng: random.Random, data: bytes) -> bytes:
    at, end = _range(rng, data, 2)
    return data[:at] + data[at:end][::-1] + data[end:]


def _range(rng: random.Random, data: bytes, longest: int) -> tuple[int, int]:
    at = rng.randint(0, max(0, len(data) - 1))
    return at, min(len(data), at + longest)


def _drop_line(rng: random.Random, data: bytes) -> bytes:
    return _with_lines(rng, data, lambda lines, at: lines[:at] + lines[at + 1 :])


def _repeat_line(rng: random.Random, data: bytes) -> bytes:
    return _with_lines(rng, data, lambda lines, at: lines[: at + 1] + lines[at:])


def _swap_lines(rng: random.Random, data: bytes) -> bytes:
    def swap(lines: list[bytes], at: int) -> list[bytes]:
        other = rng.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
        return lines

    return _with_lines(rng, data, swap)


def _truncate_line(rng: random.Random, data: bytes) -> bytes:
    def cut(lines: list[bytes], at: int) -> list[bytes]:
        kept = lines[at][: rng.randint(0, len(lines[at]))]
        return [*lines[:at], kept + rng.choice([b"", b"\n"]), *lines[at + 1 :]]

    return _with_lines(rng, data, cut)


def _with_lines(
    rng: random.Random, data: bytes, change: Callable[[list[bytes], int], list[bytes]]
) -> bytes:
    lines = data.splitlines(keepends=True)
    return b"".join(change(lines, rng.randrange(len(lines)))) if lines else data


_ACCIDENTS: tuple[Accident, ...] = (
    *(_flip, _insert, _remove, _repeat, _swap),
    *(_drop_line, _repeat_line, _swap_lines, _truncate_line),
)
