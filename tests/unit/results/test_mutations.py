# SPDX-License-Identifier: GPL-2.0-only
"""Accidents to each kind of file: what is read is what was written, or it is said."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.measure.resume import open_again
from bench.model.cell import Block, Rep, Unavailable
from bench.protocol.messages import read_reps
from bench.results.crc import add_crc
from bench.results.writer import Run, load
from tests.unit.runs import run_text
from tests.unit.stored_runs import mutated
from tests.unit.streams import PIN_METHODS, small_block, stream

LIVE = small_block(reps=2)
PINS = small_block(method=",".join(PIN_METHODS), device="none", threads=2, reps=1)
STREAMS = ((LIVE, stream(LIVE)), (PINS, stream(PINS, without=PIN_METHODS[1:3])))


@dataclass(frozen=True)
class Good:
    """A run directory, and what is in it."""

    path: Path
    run: Run

    @contextmanager
    def with_accident(self, name: str, rng: random.Random) -> Iterator[None]:
        path = self.path / name
        good = path.read_bytes()
        path.write_bytes(mutated(rng, good))
        yield
        path.write_bytes(good)


@pytest.fixture
def accidents(request: pytest.FixtureRequest) -> int:
    """How many there are: 500, and ten thousand with --long."""
    return 10_000 if request.config.getoption("--long") else 500


@pytest.fixture(scope="module")
def good(whole: Path) -> Good:
    return Good(whole, load(whole))


def check_samples(good: Good, rng: random.Random, reported: bool) -> bool:
    """Whether something was lost: then it is said, and the report says it."""
    with good.with_accident("samples.jsonl", rng):
        run = load(good.path)
    left = [*good.run.samples]
    for sample in run.samples:
        left.remove(sample)  # raises for what was never written
    assert run.damage or run.missing or not left
    if reported:
        text = run_text(run)
        assert all(what in text for what in (*run.damage, *run.missing.values()))
    return bool(left)


def check_facts(good: Good, rng: random.Random) -> bool:
    """Whether they were refused: they are what they were, or nothing."""
    with good.with_accident("run.json", rng):
        try:
            assert load(good.path).facts == good.run.facts
        except BenchError as error:
            assert error.message.startswith(f"{good.path}/run.json: ")
            assert "\n" not in error.message
            return True
    return False


def check_stream(block: Block, lines: list[str], rng: random.Random) -> bool:
    """Whether it was refused; the reps before that are those that were sent."""
    good = [*read_reps(lines, block)]
    bad = mutated(rng, "\n".join(lines).encode()).decode(errors="replace").splitlines()
    got: list[Rep | Unavailable] = []
    refused = False
    try:
        for item in read_reps(bad, block):
            got.append(item)
    except BenchError as error:
        assert "\n" not in error.message
        refused = True
    reps = [item for item in good if isinstance(item, Rep)]
    got_reps = [item for item in got if isinstance(item, Rep)]
    assert got_reps == reps[: len(got_reps)]
    assert all(item in good for item in got)
    assert refused or len(got) == len(good)
    return refused


def test_samples_in_many_accidents(good: Good, accidents: int) -> None:
    rng = random.Random(1)
    lost = sum(check_samples(good, rng, reported=n % 20 == 0) for n in range(accidents))
    assert accidents / 2 < lost < accidents


def test_facts_in_many_accidents(good: Good, accidents: int) -> None:
    rng = random.Random(2)
    refused = sum(check_facts(good, rng) for _ in range(accidents))
    assert accidents / 2 < refused < accidents


def test_streams_in_many_accidents(accidents: int) -> None:
    rng = random.Random(3)
    refused = sum(check_stream(*STREAMS[number % 2], rng) for number in range(accidents))
    assert accidents / 2 < refused < accidents


@given(rng=st.randoms(use_true_random=False))
def test_samples_in_any_accident(good: Good, rng: random.Random) -> None:
    check_samples(good, rng, reported=rng.randrange(10) == 0)


@given(rng=st.randoms(use_true_random=False))
def test_facts_in_any_accident(good: Good, rng: random.Random) -> None:
    check_facts(good, rng)


@given(rng=st.randoms(use_true_random=False), which=st.sampled_from(STREAMS))
def test_streams_in_any_accident(rng: random.Random, which: tuple[Block, list[str]]) -> None:
    check_stream(*which, rng)


Place = tuple[str | int, ...]
WEIRD: list[Any] = [None, True, -1, 1.5, 1 << 64, "", "x", [], {}, [1], [[]], {"a": 1}, [{}]]


def places(value: object, above: Place = ()) -> Iterator[Place]:
    """Every place in a table, of lists the first item."""
    yield from [above] if above else []
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*above, key))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*above, 0))


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_facts_changed_on_purpose_are_refused_or_reported(good: Good, data: st.DataObject) -> None:
    """With a crc that fits anything can stand anywhere."""
    path = good.path / "run.json"
    text = path.read_text()
    facts = json.loads(text)
    del facts["crc"]
    *above, last = data.draw(st.sampled_from([*places(facts)]))
    table: Any = facts
    for key in above:
        table = table[key]
    table[last] = data.draw(st.sampled_from(WEIRD))
    path.write_text(add_crc(json.dumps(facts)))
    with suppress(BenchError):
        run_text(load(good.path))
    with suppress(BenchError):
        open_again(good.path)
    path.write_text(text)
