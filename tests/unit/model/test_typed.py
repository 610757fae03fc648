# SPDX-License-Identifier: GPL-2.0-only
"""Parsed JSON as types: what was written is read, and what does not fit is one line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.model.cell import Clock
from bench.model.facts import (
    DeviceFacts,
    ExecutorFacts,
    HugePool,
    MachineFacts,
    RunFacts,
    SessionFacts,
    read_run_facts,
)

TEXT = st.text(st.characters())  # with surrogates, as a command line can have
COUNTS = st.none() | st.integers(0, 1 << 64)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
MACHINES = st.builds(
    MachineFacts,
    cpu=TEXT,
    cpus=COUNTS,
    governor=st.none() | st.lists(TEXT).map(tuple),
    turbo=st.none() | st.booleans(),
    hugepages=st.dictionaries(st.integers(0, 1 << 40), st.builds(HugePool, COUNTS, COUNTS)),
    mitigations=st.none() | st.dictionaries(TEXT, TEXT),
)
DEVICES = st.builds(DeviceFacts, path=TEXT, vendor_id=COUNTS, dma_proven=st.none() | st.booleans())
RUNS = st.builds(
    RunFacts,
    clock=st.sampled_from(Clock),
    command=TEXT,
    scenario=st.builds(dict, question=TEXT, broken=st.none() | TEXT),
    machine=MACHINES,
    executor=st.builds(ExecutorFacts, devices=st.none() | st.lists(DEVICES).map(tuple)),
    sessions=st.lists(st.builds(SessionFacts, host=TEXT)).map(tuple),
)


@given(RUNS)
def test_facts_that_were_written_are_read(facts: RunFacts) -> None:
    assert read_run_facts(json.loads(json.dumps(facts.as_json()))) == facts


FIELDS = st.sampled_from([*RunFacts.__struct_fields__, "novelty"])


@given(st.dictionaries(FIELDS, VALUES), st.dictionaries(FIELDS, VALUES))
def test_anything_is_read_or_refused_in_one_line(some: dict[str, object], inner: object) -> None:
    for table in (some, {"clock": "wall", **some}, {"clock": "wall", "machine": inner}):
        try:
            facts = read_run_facts(table)
        except ValueError as error:
            text = str(error)
            assert text and text.isprintable() and len(text) < 200
        else:
            assert facts.asked.name == facts.scenario.get("name", "")


@pytest.mark.parametrize("word", ["`", " - at `$.x`", "a\nb\u2028", "x" * 1000])
def test_what_a_complaint_quotes_cannot_pass_for_a_place(word: str) -> None:
    with pytest.raises(ValueError, match=r"^clock: invalid enum value '") as caught:
        read_run_facts({"clock": word})
    assert str(caught.value).isprintable()
