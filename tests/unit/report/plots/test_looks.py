# SPDX-License-Identifier: GPL-2.0-only
"""Looks that do not depend on seeing colours, and the arithmetic of axes."""

import math
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bench.model.cell import Experiment, Method, Phase
from bench.report.plots import axes as plot_axes
from bench.report.plots import styles as plot_styles
from bench.report.plots.layout import Layout
from bench.report.plots.parts import steps
from bench.report.plots.styles import fill_of, spare_fill, spare_style, style_of
from bench.report.plots.svg import element

COLOURS = sorted(
    {style_of(method).colour for method in Method}
    | {fill_of(phase).colour for phase in Phase}
    | {spare_style(n).colour for n in range(8)}
    | {spare_fill(n).colour for n in range(8)}
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
    """Those that come later too, as many as there are spare looks."""
    looks = [style_of(method) for method in Method] + [spare_style(n) for n in range(2)]
    for part in ("colour", "marker"):
        assert len({getattr(look, part) for look in looks}) == len(looks)
    for experiment in Experiment:
        methods = [method for method in Method if method.experiment is experiment]
        assert len({style_of(method).dash for method in methods}) == len(methods)
    assert spare_style(400) in looks


def test_a_method_that_comes_later_has_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    rest = {name: look for name, look in plot_styles._METHODS.items() if name != "reopen"}  # noqa: SLF001
    monkeypatch.setattr(plot_styles, "_METHODS", rest)
    assert style_of(Method.REOPEN) == spare_style(0)


def test_neighbouring_phases_differ_without_any_colour() -> None:
    for experiment in Experiment:
        fills = [fill_of(phase) for phase in experiment.phases]
        assert all(one.hatch != two.hatch for one, two in pairwise(fills))
        assert len({*fills}) == len(fills)


values = st.integers(0, (1 << 63) - 1).map(float) | st.integers(0, 1000).map(float)


@given(st.lists(values, min_size=1), st.booleans() | st.none())
def test_an_axis_holds_its_values_and_names_its_ticks_once(
    found: list[float], log: bool | None
) -> None:
    scale = plot_axes.scale(found, "ns", log)
    low, high = scale.ends
    assert low < high and low <= min(found) and max(found) <= high
    assert all(math.isfinite(end) for end in scale.ends) and len(scale.ticks) <= 12
    room = 1e-9 * (high - low)
    assert all(low - room <= tick <= high + room for tick in scale.ticks)
    assert len({*scale.labels}) == len(scale.ticks) >= 1
    assert scale.kind != "log" or min(found) > 0


@given(st.lists(st.floats(0, 1), max_size=9), st.floats(0.01, 0.1))
def test_labels_are_moved_apart_in_their_order(places: list[float], least: float) -> None:
    moved = plot_axes.spread(places, least, 0.0, 1.0)
    order = np.argsort(places, kind="stable")
    assert all(two - one >= least * 0.999 for one, two in pairwise(np.array(moved)[order]))
    assert all(-1e-9 <= place <= 1 for place in moved)
    if all(two - one >= least for one, two in pairwise(sorted(places))):
        assert moved == pytest.approx(places)


@given(st.lists(st.text(max_size=60), max_size=6), st.integers(8, 30))
def test_names_fit_and_are_told_apart(texts: list[str], most: int) -> None:
    names = plot_axes.names_of(texts, most)
    assert len({*names.values()}) == len({*texts})
    assert all(len(name) <= most + 3 and name.isprintable() for name in names.values())


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300), st.integers(2, 50))
def test_a_thinned_ecdf_keeps_its_ends(found: list[float], most: int) -> None:
    x, y = steps(np.array(found), most)
    assert len(x) <= most or len(x) == len(found)
    assert (x[0], x[-1], y[-1]) == (min(found), max(found), 1)
    assert all(y[n] <= np.mean(np.array(found) <= x[n]) for n in range(len(x)))


def test_labels_of_sizes_are_apart_and_the_largest_is_there() -> None:
    sizes = [2.0**n for n in range(12)]
    for inches in (1.5, 4.0, 9.0):
        scale = plot_axes.size_scale(sizes, inches)
        assert scale.labels[-1] == "2 TiB" and len(scale.labels) <= inches / 0.62 + 1


def test_panels_stand_within_the_figure_and_apart() -> None:
    layout = Layout(panels=5, keys=3, notes=["a note"])
    places = [layout.place(number) for number in range(5)]
    assert all(x > 0 and y > 0 and x + w < 1 and y + h < 1 for x, y, w, h in places)
    for one, two in combinations(places, 2):
        beside = one[0] + one[2] < two[0] or two[0] + two[2] < one[0]
        assert beside or one[1] > two[1] + two[3]


def test_text_of_people_is_left_alone() -> None:
    text = '<svg width="1pt"><text id="a" x="1.23456">url(#a) 1.23456 #111213</text></svg>'
    assert element(text, "n").count("url(#a) 1.23456 #111213") == 1
    assert 'x="1.23"' in element(text, "n")
