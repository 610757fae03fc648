# SPDX-License-Identifier: GPL-2.0-only
"""Looks that do not depend on seeing colours, and the arithmetic of axes."""

import math
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bench.model.method import Experiment, Method, Phase
from bench.report.plots import styles as plot_styles
from bench.report.plots.data import names_of, thinned
from bench.report.plots.scales import QuantityFormatter, ratio_formatter, set_log, set_sizes
from bench.report.plots.styles import fill_of, style_of
from bench.report.plots.svg import element

COLOURS = sorted(
    {style_of(method).colour for method in Method}
    | {fill_of(phase).colour for phase in Phase}
    | {plot_styles._NEW_METHOD.colour, plot_styles._NEW_PHASE.colour}  # noqa: SLF001
)
# Machado, Oliveira and Fernandes (2009), severity 1.
BLIND = {
    "nobody": np.eye(3),
    "protan": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deutan": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}


def linear(colour: str) -> NDArray[np.float64]:
    parts = np.array([int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one: str, two: str) -> float:
    """As WCAG 2 has it."""
    light = sorted(float(linear(each) @ [0.2126, 0.7152, 0.0722]) for each in (one, two))
    return (light[1] + 0.05) / (light[0] + 0.05)


@pytest.mark.parametrize("colour", COLOURS)
def test_a_colour_is_seen_on_a_light_page_and_on_a_dark_one(colour: str) -> None:
    assert contrast(colour, "#ffffff") >= 3
    assert contrast(colour, "#121212") >= 3


@pytest.mark.parametrize("kind", BLIND)
def test_methods_of_an_experiment_differ_for_the_colour_blind(kind: str) -> None:
    for experiment in Experiment:
        methods = [method for method in Method if method.experiment is experiment]
        for one, two in combinations(methods, 2):
            seen = [BLIND[kind] @ linear(style_of(each).colour) for each in (one, two)]
            assert np.abs(seen[0] - seen[1]).max() > 0.04, (one, two)


def test_methods_differ_without_any_colour() -> None:
    """One that comes later too."""
    looks = [*map(style_of, Method), plot_styles._NEW_METHOD]  # noqa: SLF001
    for part in ("colour", "marker"):
        assert len({getattr(look, part) for look in looks}) == len(looks)
    for experiment in Experiment:
        methods = [method for method in Method if method.experiment is experiment]
        assert len({style_of(method).dash for method in methods}) == len(methods)


def test_a_method_that_comes_later_has_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    rest = {name: look for name, look in plot_styles._METHODS.items() if name != "reopen"}  # noqa: SLF001
    monkeypatch.setattr(plot_styles, "_METHODS", rest)
    assert style_of(Method.REOPEN) == plot_styles._NEW_METHOD  # noqa: SLF001


def test_neighbouring_phases_differ_without_any_colour() -> None:
    for experiment in Experiment:
        fills = [fill_of(phase) for phase in experiment.phases]
        assert all(one.hatch != two.hatch for one, two in pairwise(fills))
        assert len({*fills}) == len(fills)


values = st.integers(0, (1 << 63) - 1).map(float) | st.integers(0, 1000).map(float)


@given(st.lists(values, min_size=1), st.sampled_from("xy"))
def test_an_axis_holds_its_values_and_names_its_ticks_once(found: list[float], which: str) -> None:
    axes = Figure().add_subplot()
    axes.plot(found, found)
    set_log(axes, which, found, QuantityFormatter("ns"), most=4)
    low, high = axes.get_xlim() if which == "x" else axes.get_ylim()
    axis = axes.xaxis if which == "x" else axes.yaxis
    assert low < min(found) <= max(found) < high
    assert axis.get_scale() == ("log" if min(found) > 0 else "symlog")
    ticks = {tick for tick in axis.get_majorticklocs() if low <= tick <= high}
    labels = axis.get_major_formatter().format_ticks(sorted(ticks))
    assert len({*labels}) == len(ticks) <= 12
    assert ticks or max(found) == 0


@given(st.lists(st.integers(1, (1 << 63) - 1), min_size=2, max_size=5, unique=True))
def test_labels_of_ticks_are_as_exact_as_their_steps(ticks: list[int]) -> None:
    ticks.sort()
    labels = QuantityFormatter("ns").format_ticks([*map(float, ticks)])
    step = min(two - one for one, two in pairwise(map(float, ticks)))
    for label, tick in zip(labels, ticks, strict=True):
        number, unit = label.split()
        shown = float(number) * {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[unit]
        assert shown == pytest.approx(tick, rel=1e-15, abs=step / 50)


def test_ticks_are_spelled_without_zeros_at_their_end() -> None:
    spell = QuantityFormatter("instructions").format_ticks
    assert spell([0, 0.5e6, 1e6, 12e9]) == ["0", "500 k", "1 M", "12 G"]
    assert spell([79.6450e6, 79.6475e6, 79.65e6]) == ["79.645 M", "79.6475 M", "79.65 M"]
    ratios = [0.001, 0.5, 1, 1000, 1e6, 1e9]
    assert [ratio_formatter(each, None) for each in ratios] == [
        *("0.001x", "0.5x", "1x", "1000x", "1e6x", "1e9x")
    ]


@given(st.lists(st.text(max_size=60), max_size=6), st.integers(8, 30))
def test_names_fit_and_are_told_apart(texts: list[str], most: int) -> None:
    names = names_of(texts, most)
    assert len({*names.values()}) == len({*texts})
    assert all(len(name) <= most + 3 and name.isprintable() for name in names.values())


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300), st.integers(2, 50))
def test_thinned_values_keep_their_ends_and_quantiles(found: list[float], most: int) -> None:
    kept = thinned(found, most)
    assert len(kept) == min(most, len(found))
    assert (kept[0], kept[-1]) == (min(found), max(found))
    for n, value in enumerate(kept):
        rank = n / max(len(kept) - 1, 1) * (len(found) - 1)
        assert sorted(found)[round(rank)] == value


@pytest.mark.parametrize("sizes", [[2.0**n for n in range(12)], [1, 48, 64], [40, 60], [3]])
def test_labels_of_sizes_are_apart_and_the_largest_is_there(sizes: list[float]) -> None:
    axes = Figure().add_subplot()
    axes.plot(sizes, sizes)
    set_sizes(axes, sizes)
    ticks = axes.get_xticks()
    low, high = axes.get_xlim()
    assert max(ticks) == sizes[-1] and {*ticks} <= {*sizes}
    assert low < sizes[0] and sizes[-1] < high
    gaps = np.diff(np.sort(np.log(ticks))) / math.log(high / low)
    assert all(gap > 0.17 for gap in gaps)


def test_text_of_people_is_left_alone() -> None:
    text = '<svg width="1pt"><text id="a" x="1.23456">url(#a) 1.23456 #111213</text></svg>'
    assert element(text, "n").count("url(#a) 1.23456 #111213") == 1
    assert 'x="1.23"' in element(text, "n")
