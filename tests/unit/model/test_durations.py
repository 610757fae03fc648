# SPDX-License-Identifier: GPL-2.0-only
"""Durations as people write them, and as people read them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.model.units import format_duration, parse_duration

_SECONDS = {"s": 1, "min": 60, "h": 3600}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1),
        ("90s", 90),
        ("10m", 600),
        ("2h", 7200),
        ("1.5h", 5400),
        ("0.5s", 0.5),
        (" 10m ", 600),
        ("007s", 7),
    ],
)
def test_a_duration(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", "0s", "0.0h", "10", "ten", "-1m", "m", "1 m", "1d", "1M", "1ms", ".5h", "1.h"),
        *("1h30m", "1e3s", "inf", "nan", "infs", "\u0663s", "1\u017f", "10m\0", "1,5h"),
    ],
)
def test_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="as in 10m") as caught:
        parse_duration(text)
    assert f"'{text}'" in str(caught.value)


def test_an_endless_duration_is_none() -> None:
    with pytest.raises(ValueError, match="as in 10m"):
        parse_duration("9" * 400 + "h")


@given(st.text(st.sampled_from("0123456789.smhe+-in \u0663\u017f\n")))
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except ValueError:
        return
    assert 0 < seconds < math.inf


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1, "1 s"),
        (45.4, "45 s"),
        (89, "89 s"),
        (120, "2 min"),
        (750, "12 min"),
        (5280, "88 min"),
        (5400, "1.5 h"),
        (36000, "10.0 h"),
    ],
)
def test_a_formatted_duration(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.floats(1, 1e6))
def test_a_formatted_duration_is_off_by_half_of_its_last_digit(seconds: float) -> None:
    number, unit = format_duration(seconds).split()
    step = 0.1 if unit == "h" else 1
    off = abs(float(number) - seconds / _SECONDS[unit])
    assert off <= step / 2 + 1e-9


@given(st.integers(2, 89), st.sampled_from("sm"))
def test_whole_seconds_and_minutes_are_read_as_written(count: int, unit: str) -> None:
    text = format_duration(parse_duration(f"{count}{unit}"))
    assert text == f"{count} {'s' if unit == 's' else 'min'}"
