# SPDX-License-Identifier: GPL-2.0-only
"""Reps as people ask for them: one spelling for each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.model.limits import REPS
from bench.model.reps import AUTO, Reps, parse_reps


@pytest.mark.parametrize(
    ("given", "reps"),
    [
        (5, Reps(5, 5)),
        ("5", Reps(5, 5)),
        ("5+", Reps(5, 20)),
        ("1+", Reps(1, 20)),
        ("auto", Reps(3, 20)),
        ("3+", Reps(3, 20)),
        ("20+", Reps(20, 20)),
        ("30+", Reps(30, 30)),
        (REPS.most, Reps(200, 200)),
    ],
)
def test_what_is_asked_for(given: object, reps: Reps) -> None:
    assert parse_reps(given) == parse_reps(reps) == reps


@given(st.integers(REPS.least, REPS.most), st.sampled_from(["", "+"]))
def test_a_spelling_is_read_again(least: int, plus: str) -> None:
    reps = parse_reps(f"{least}{plus}")
    assert parse_reps(str(reps)) == reps
    assert reps.least == least <= reps.most
    assert reps.exact == (not plus or least >= 20)


def test_auto_has_one_spelling() -> None:
    assert str(parse_reps("3+")) == str(AUTO) == "auto"


@given(st.integers() | st.text(max_size=5) | st.floats() | st.none() | st.booleans())
def test_anything_else_is_named(value: object) -> None:
    try:
        reps = parse_reps(value)
    except ValueError as error:
        assert str(error).startswith(f"'{value}' is neither a whole number from 1 to 200")
    else:
        assert str(value) == str(reps)


@pytest.mark.parametrize("value", [0, 201, -1, 1.0, True, "0", "01", "5 ", "+", "5++", "auto:0"])
def test_what_is_none(value: object) -> None:
    with pytest.raises(ValueError, match="nor auto"):
        parse_reps(value)
