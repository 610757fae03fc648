# SPDX-License-Identifier: GPL-2.0-only
"""Samples and facts to store, and the lines that they are stored as."""

import json
from typing import Any

from bench.model.cell import Clock, Method, Phase, Sample
from bench.model.facts import ExecutorFacts, RunFacts
from bench.results.writer import Store
from tests.unit.streams import small_block, split_pause

FACTS = RunFacts(
    scenario={"name": "small"}, seed=1, clock=Clock.ICOUNT, executor=ExecutorFacts(name="x")
)
BLOCK = small_block()


def sample(number: int, method: Method = Method.NEW_OWNER) -> Sample:
    pause = 1000 + number
    return Sample(
        cell=BLOCK.cell_of(method),
        clock=Clock.ICOUNT,
        boot=1,
        status="ok",
        rep=number,
        pause=pause,
        phases={Phase(name): ticks for name, ticks in split_pause(pause).items()},
        pinned=64 << 20,
        runs=2,
    )


SAMPLES = (sample(0), sample(1, Method.RESET_OWNER), sample(2))
FAILED = Sample(BLOCK.any_cell, Clock.ICOUNT, 1, "failed: it \u201cdied\u201d\u2028 of \U0001f9ea")


def rows(store: Store) -> list[dict[str, Any]]:
    text = (store.path / "samples.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]
