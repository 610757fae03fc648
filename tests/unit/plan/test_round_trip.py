# SPDX-License-Identifier: GPL-2.0-only
"""A scenario goes into run.json and comes back as what it was."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bench.model.cell import FACTORS, VARIANTS, Backing, Break
from bench.model.limits import BOOTS, MOST_MEMORY, REPS
from bench.model.reps import Reps
from bench.paths import SCENARIOS
from bench.plan.scenario import Scenario, load_scenario

NAMES = sorted(path.stem for path in SCENARIOS.glob("*.toml"))

BEFORE = {
    "name": "smoke",
    "question": "Does everything work? Seconds, for tests.",
    "device": ["sim-net-pa"],
    "method": ["reset-owner", "new-owner"],
    "mem": [1073741824, 4294967296],
    "pages": ["thp"],
    "backing": "auto",
    "ptes": ["cold", "warm"],
    "handover": ["exec"],
    "regions": ["1", "qemu"],
    "batch": ["on"],
    "threads": [1],
    "executor": "auto",
    "kernel": ["a", "b"],
    "boots": 1,
    "max_pause": "",
    "broken": "drop-mapping",
    "reps": 2,
    "seed": 1,
    "budget": 600.0,
}


def there_and_back(scenario: Scenario) -> Scenario:
    return Scenario.from_dump(json.loads(json.dumps(scenario.model_dump(mode="json"))))


def some(name: str) -> st.SearchStrategy[list[Any]]:
    """Values of a factor, as a file has them."""
    factor, limits = FACTORS[name], FACTORS[name].words.limits
    one: st.SearchStrategy[Any] = st.sampled_from(factor.values or factor.words.names or ("1",))
    if limits:
        count = st.integers(limits.least, limits.most)
        one = st.one_of(count, one) if factor.words.names else count
    return st.lists(one, min_size=1, max_size=4)


SIZES = st.integers(1, MOST_MEMORY).map(str)
OVERRIDES = st.fixed_dictionaries(
    {},
    optional={
        **{name: some(name) for name in ("method", "pages", *VARIANTS)},
        "mem": st.lists(SIZES, min_size=1, max_size=3),
        "device": st.lists(st.sampled_from(["sim-net-pa", "/dev/a,b", "/dev/ü 1"]), min_size=1),
        "backing": st.sampled_from(Backing),
        "break": st.sampled_from(Break),
        "kernel": st.lists(st.text(max_size=9)),
        "executor": st.text(min_size=1, max_size=9),
        "boots": st.integers(BOOTS.least, BOOTS.most),
        "reps": st.integers(REPS.least, REPS.most)
        | st.sampled_from(["1+", "5+", "30+", "auto", "7"]),
        "seed": st.integers(0, 1 << 70),
        "budget": st.floats(0, exclude_min=True, allow_infinity=False),
        "max_pause": st.sampled_from(["", "100ms", "1.5 Mi"]),
        "question": st.text(max_size=20),
    },
)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_scenario_comes_back(name: str) -> None:
    scenario = load_scenario(name, {})
    assert there_and_back(scenario) == scenario


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(NAMES), overrides=OVERRIDES)
def test_a_scenario_of_any_fields_comes_back(name: str, overrides: dict[str, Any]) -> None:
    """Exactly: the same types too, so that its plan is the same."""
    shipped = load_scenario(name, {}).model_dump(by_alias=True)
    sizes: dict[str, Any] = {"mem": [str(size) for size in shipped["mem"]]}
    sizes["also"] = [
        {**each, "mem": [str(size) for size in each["mem"]]} for each in shipped["also"]
    ]
    lists = {key: [*value] if isinstance(value, tuple) else value for key, value in shipped.items()}
    scenario = Scenario.model_validate({**lists, **sizes, **overrides})
    back = there_and_back(scenario)
    assert back == scenario
    assert repr(back) == repr(scenario)


def test_a_dump_of_the_version_before_is_read() -> None:
    """Sizes in bytes, and ``broken`` for what files call ``break``."""
    scenario = Scenario.from_dump(BEFORE)
    assert scenario.mem == (1 << 30, 4 << 30)
    assert scenario.broken is Break.DROP_MAPPING
    assert scenario.values("regions") == ("1", "qemu")
    assert scenario.budget == 600.0
    assert scenario.reps == Reps(2, 2)
    assert scenario.model_dump(mode="json")["reps"] == BEFORE["reps"]


@pytest.mark.parametrize("mem", [[0], [-1], ["1G"], [True], [1.5], 7, [MOST_MEMORY + 1]])
def test_sizes_of_a_dump_are_bytes(mem: object) -> None:
    stored = load_scenario("smoke", {}).model_dump(mode="json")
    with pytest.raises(ValidationError):
        Scenario.from_dump({**stored, "mem": mem})
