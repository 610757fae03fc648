# SPDX-License-Identifier: GPL-2.0-only
"""Sizes, shares, pauses and durations as people write them; quantities as people read them."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.model.units import (
    GIB,
    KIB,
    MIB,
    TIB,
    format_duration,
    format_quantity,
    format_ratio,
    format_ratio_interval,
    format_size,
    number_of,
    parse_duration,
    parse_pause,
    parse_share,
    parse_size,
    parse_sizes,
)

_SCALES = {
    "ns": {"s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1},
    "instructions": {"G": 1e9, "M": 1e6, "k": 1e3, "": 1},
}
REFUSED: dict[tuple[Callable[[str], object], str], tuple[str, ...]] = {
    (parse_size, "as in 64G"): (
        *("", "0", "0G", "banana", "-1G", "1.5G", "G", "64X", "1 2", "64G\0", "0x10", "3\u212a"),
    ),
    (parse_sizes, "write"): ("1G:", ":1G", "1G,,2G", "1G:4G:16G", "1G,"),
    (parse_sizes, "'64G:1G' runs backwards: write the smaller size first"): ("64G:1G",),
    (parse_share, "as in 2%"): (
        *(
            "",
            "%",
            "0",
            "0%",
            "1",
            "0.5",
            "0.1",
            "100%",
            "-1%",
            "1e-3",
            "nan",
            "2 %%",
            "\u0662%",
            "9" * 400,
        ),
    ),
    (parse_pause, "write 100ms"): (
        *("", "100", "0ms", "-1ms", "1m", "20M", "1e3ms", "9" * 400 + "s"),
    ),
    (parse_duration, "as in 10m"): (
        *("", "0s", "0.0h", "10", "ten", "-1m", "m", "1 m", "1d", "1M", "1ms", ".5h", "1.h"),
        *("1h30m", "1e3s", "inf", "nan", "infs", "\u0663s", "1\u017f", "10m\0", "1,5h"),
        "9" * 400 + "h",
    ),
}


@pytest.mark.parametrize(
    ("parse", "advice", "text"),
    [(*how, text) for how, texts in REFUSED.items() for text in texts],
)
def test_what_is_none_is_quoted_with_what_to_write(
    parse: Callable[[str], object], advice: str, text: str
) -> None:
    with pytest.raises(ValueError, match=advice) as caught:
        parse(text)
    assert parse is parse_sizes or len(text) > 99 or f"'{text}'" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("4096", 4096),
        ("3K", 3 * KIB),
        ("3k", 3 * KIB),
        ("64G", 64 * GIB),
        ("64GiB", 64 * GIB),
        ("64GB", 64 * GIB),
        (" 64G ", 64 * GIB),
        ("10E", 10 << 60),
    ],
)
def test_a_size(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("64G", (64 * GIB,)),
        ("1G,64G", (GIB, 64 * GIB)),
        ("64G,1G", (64 * GIB, GIB)),
        ("1G,1024M", (GIB,)),
        ("1G:64G", (GIB, 4 * GIB, 16 * GIB, 64 * GIB)),
        ("1G:50G", (GIB, 4 * GIB, 16 * GIB, 50 * GIB)),
        ("1G:1G", (GIB,)),
        ("64M,1G:4G", (64 * MIB, GIB, 4 * GIB)),
    ],
)
def test_sizes(text: str, sizes: tuple[int, ...]) -> None:
    assert parse_sizes(text) == sizes


@given(st.text(st.sampled_from("0123456789KMGTPEkib:,.-+ \u212a\u0663\u00b2\n")))
def test_any_text_is_sizes_or_a_value_error(text: str) -> None:
    try:
        sizes = parse_sizes(text)
    except ValueError:
        return
    assert sizes
    assert all(size > 0 for size in sizes)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (1, "1 B"),
        (4097, "4097 B"),
        (4 * KIB, "4 KiB"),
        (1536 * MIB, "1536 MiB"),
        (64 * GIB, "64 GiB"),
        (8 * TIB, "8 TiB"),
        (1024 * TIB, "1024 TiB"),
    ],
)
def test_a_formatted_size(size: int, text: str) -> None:
    assert format_size(size) == text


@given(st.integers(1, 2**40), st.sampled_from([1, KIB, MIB, GIB, TIB]))
def test_a_formatted_size_is_exact(count: int, unit: int) -> None:
    size = count * unit
    assert parse_size(format_size(size).replace(" ", "")) == size


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1_234_000_000, "ns", "1.234 s"),
        (1_234_000_000, "instructions", "1.234 G"),
        (12_340_000, "ns", "12.34 ms"),
        (12_340_000, "instructions", "12.34 M"),
        (123_400, "ns", "123.4 us"),
        (123_400, "instructions", "123.4 k"),
        (1e99, "ns", "1e+90 s"),
        (1e15, "instructions", "1e+06 G"),
        (0, "ns", "0 ns"),
        (0, "instructions", "0"),
    ],
)
def test_a_quantity(value: float, unit: str, text: str) -> None:
    assert format_quantity(value, unit) == text


@pytest.mark.parametrize("value", [999_960, 999_960_000])
def test_a_quantity_that_rounds_up_takes_the_next_unit(value: float) -> None:
    for unit in ("ns", "instructions"):
        assert float(format_quantity(value, unit).split()[0]) < 1000


@given(st.integers(0, 10**18) | st.integers(0, 10**12), st.sampled_from([*_SCALES]))
def test_a_quantity_keeps_four_digits_and_its_kind(value: int, unit: str) -> None:
    """Instructions are never a time, nanoseconds always."""
    number, _, suffix = format_quantity(value, unit).partition(" ")
    assert float(number) * _SCALES[unit][suffix] == pytest.approx(value, rel=5.1e-4, abs=0)


@pytest.mark.parametrize(
    ("text", "share"),
    [("2%", 0.02), ("0.5%", 0.005), ("0.1 %", 0.001), ("0.005", 0.005), (" 99.9% ", 0.999)],
)
def test_a_share(text: str, share: float) -> None:
    assert parse_share(text) == pytest.approx(share)


@pytest.mark.parametrize(
    ("text", "ticks", "unit"),
    [
        ("100ms", 1e8, "ns"),
        ("1.5 s", 1.5e9, "ns"),
        ("7us", 7e3, "ns"),
        ("12ns", 12, "ns"),
        ("20Mi", 2e7, "instructions"),
        ("1.5Gi", 1.5e9, "instructions"),
        ("3ki", 3e3, "instructions"),
        ("400i", 400, "instructions"),
    ],
)
def test_a_pause(text: str, ticks: float, unit: str) -> None:
    found, of = parse_pause(text)
    assert (found, of) == (ticks, unit)


@given(st.text(max_size=12) | st.text(st.sampled_from("0123456789.smhe+-in \u0663\u017f\n")))
def test_any_text_is_some_of_it_or_refused(text: str) -> None:
    for parse, most in ((parse_share, 1.0), (parse_pause, math.inf), (parse_duration, math.inf)):
        try:
            found = parse(text)
        except ValueError as error:
            assert f"'{text}'" in str(error)
        else:
            assert 0 < (found[0] if isinstance(found, tuple) else found) < most


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (0.0, "0.000x"),
        (1.02e-7, "1.02e-7x"),
        (0.000957, "0.000957x"),
        (0.0957, "0.0957x"),
        (0.957, "0.957x"),
        (1.0, "1.000x"),
        (1.002, "1.002x"),
        (2.0, "2.00x"),
        (79.16, "79.2x"),
        (99.96, "100x"),
        (185.3, "185x"),
        (1604.7, "1605x"),
        (999_999.7, "1000000x"),
        (1_234_567, "1.23e6x"),
        (float("inf"), "-"),
        (float("nan"), "-"),
    ],
)
def test_a_ratio(ratio: float, text: str) -> None:
    assert format_ratio(ratio) == text


_RATIOS = st.floats(1e-12, 1e12) | st.floats(0.5, 2.5)


@given(_RATIOS, _RATIOS, st.integers(3, 7))
def test_a_larger_ratio_is_never_spelled_smaller(one: float, other: float, digits: int) -> None:
    less, more = (float(format_ratio(each, digits)[:-1]) for each in sorted((one, other)))
    assert less <= more


@given(_RATIOS, st.integers(3, 7))
def test_a_ratio_keeps_its_digits(ratio: float, digits: int) -> None:
    spelled = float(format_ratio(ratio, digits)[:-1])
    assert spelled == pytest.approx(ratio, rel=0.501 * 10 ** (1 - digits), abs=0)
    if 0.5 < ratio < 1.9:
        assert spelled == pytest.approx(ratio, rel=0, abs=0.501 * 10**-digits)


@given(st.floats(0, 1e300))
def test_a_ratio_takes_little_room(ratio: float) -> None:
    text = format_ratio(ratio)
    assert len(text) <= 12
    assert ("e" in text) <= (not 1e-6 <= ratio < 1e6)


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        ((79.13, 79.42), "79.1-79.4"),
        ((0.9979, 1.0023), "0.998-1.002"),
        ((184.98, 185.04), "184.98-185.04"),
        ((1604.6, 1604.8), "1604.6-1604.8"),
        ((1.00002, 1.00003), "1.00002-1.00003"),
        ((185.0, 185.0), "185"),
        ((1.0, float("inf")), "-"),
        (None, "-"),
    ],
)
def test_an_interval_of_a_ratio(ends: tuple[float, float] | None, text: str) -> None:
    assert format_ratio_interval(ends) == text


@given(_RATIOS, st.floats(0, 0.1))
def test_ends_that_differ_are_spelled_apart(low: float, more: float) -> None:
    ends, text = (low, low * (1 + more)), format_ratio_interval((low, low * (1 + more)), " to ")
    shown = [float(end) for end in text.split(" to ")]
    assert shown == sorted({*shown})
    assert len(shown) == 2 or ends[1] / ends[0] - 1 < 1.1e-6
    assert shown == pytest.approx([ends[0], ends[1]][: len(shown)], rel=5.1e-3)


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


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [
        (1, "cell", "1 cell"),
        (0, "cell", "0 cells"),
        (2, "patch", "2 patches"),
        (2000, "more function", "2,000 more functions"),
    ],
)
def test_a_number_of_things(number: int, noun: str, said: str) -> None:
    assert number_of(number, noun) == said
