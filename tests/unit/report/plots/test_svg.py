# SPDX-License-Identifier: GPL-2.0-only
"""SVG for a page: the same bytes, nothing that leaks into the page, of a size it can bear."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import rcParams
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from bench.model.cell import Clock, Pages, Sample
from bench.model.method import Experiment, Method, Phase
from bench.paths import ROOT
from bench.report.page.figures import plots as page_plots
from bench.report.plots import sheet
from bench.report.plots.sheet import Drawing
from bench.report.table.cells import CellTable
from bench.report.table.figures import figures
from bench.report.table.shared import Beside
from bench.results.writer import Run
from tests.unit.report.plots.test_draw import EVERY
from tests.unit.runs import SIX, cells, run_of, shuffled

PINS = [method for method in Method if method.experiment is Experiment.PIN]

WRITER = """
import hashlib
from bench.report.plots import sheet
from tests.unit.report.plots.test_draw import EVERY
from tests.unit.runs import cells, run_of, shuffled
run = run_of(shuffled(cells(), boots=2))
drawings = {name: draw(run) for name, draw in EVERY.items()}
text = "".join(sheet.svg(each, name) for name, d in drawings.items() for each in d.figures)
print(len(text), hashlib.sha256(text.encode()).hexdigest())
"""
NASTY = (
    "/dev/<script>alert(1)</script>/$x_1$/\n\x01"
    + "p" * 160
    + '/v-0 \U0001f9ea & "q" $\\frac{1}{2}$'
)


def svg(plot: str, run: Run) -> str:
    """All figures of a plot in one element, as a page has them."""
    figures = EVERY[plot](run).figures
    parts = [sheet.svg(figure, f"one-{number}") for number, figure in enumerate(figures)]
    tags = {ElementTree.fromstring(part).tag for part in parts}
    assert tags == {"{http://www.w3.org/2000/svg}svg"}
    assert sum(map(len, parts)) < 300_000
    return parts[0] if len(parts) == 1 else f"<div>{''.join(parts)}</div>"


def said(text: str) -> str:
    root = ElementTree.fromstring(text)
    return "\n".join(each.text or "" for each in root.iter() if each.tag.endswith("text"))


@pytest.mark.slow
def test_two_processes_write_the_same_bytes() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", WRITER],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1 and int(found.pop().split()[0]) > 50_000


@pytest.mark.parametrize("plot", EVERY)
def test_several_fit_into_one_page_light_or_dark(plot: str) -> None:
    before = dict(rcParams)
    text = svg(plot, run_of(shuffled(cells())))
    assert dict(rcParams) == before
    assert re.match("(<div>)?<svg ", text) and "<?xml" not in text and "<!DOCTYPE" not in text
    assert "<style" not in text and "<metadata" not in text and "<script" not in text
    for root in re.findall("<svg[^>]*>", text):
        assert "viewBox" in root and not re.search(r" (width|height)=", root)
    ids = re.findall(r' id="([^"]*)"', text)
    assert ids and all(each.startswith("one-") for each in ids) and len(ids) == len({*ids})
    assert {*re.findall(r'(?:href="#|url\(#)([^")]*)', text)} <= {*ids}
    assert "currentColor" in text and "#111213" not in text and "#000000" not in text
    assert ("var(--plot-grid" in text) == (plot not in ("ratios", "strip"))
    assert "fill: #ffffff" not in text
    assert re.search("<text[^>]*>[^<]*new-owner", text)


@pytest.mark.parametrize("plot", EVERY)
def test_names_are_text_and_no_mathematics(plot: str) -> None:
    """Both ends of a long path stand; two that differ in their middle have two names."""
    devices = (NASTY, NASTY.replace("ppp", "pqp", 1))
    text = svg(plot, run_of(shuffled(cells(devices, sizes=[4]))))
    assert "<script" not in text
    if plot != "run_order":
        assert "$\\frac{1}{2}$" in said(text) and "$\\frac{1}{2}$ #2" in said(text)
    assert max(map(len, said(text).splitlines())) <= 130


def test_what_is_no_character_of_xml_is_escaped() -> None:
    text = svg("scaling", run_of(shuffled(cells(["\n\x01\ufffe$"], sizes=[4]))))
    assert "\\n\\x01\\ufffe$, thp" in said(text)


def with_pause(run: Run, pause: int, method: Method | None = None) -> Run:
    phases = {**dict.fromkeys(Method.NEW_OWNER.experiment.phases, 0), Phase.EXEC: pause}
    return run_of(
        replace(each, pause=pause, phases=phases)
        if each.ok and method in (None, each.cell.method)
        else each
        for each in run.samples
    )


NOTHING = {
    "skipped": run_of([Sample(c, Clock.WALL, 1, "skipped: x (needs: y)") for c in cells()]),
    "only a warm-up": run_of(shuffled(cells(), reps=0)),
    "missing": replace(run_of([]), missing=dict.fromkeys(cells(), "lost")),
    "nothing": run_of([]),
}
RUN = run_of(shuffled(cells(), boots=2))
ODD = {
    "one sample": run_of(shuffled(cells(methods=[Method.NEW_OWNER], sizes=[4]), reps=1)),
    "one method": run_of(shuffled(cells(methods=[Method.EXEC_ONLY]))),
    "equal": with_pause(RUN, 1000),
    "zero": with_pause(RUN, 0),
    "a method of zero": with_pause(RUN, 0, Method.NEW_OWNER),
    "one instruction": with_pause(RUN, 1),
    "largest": with_pause(RUN, (1 << 63) - 1, Method.REOPEN),
    "18 cells": run_of(shuffled(cells(SIX, sizes=[4]), reps=3)),
    "pins": run_of(shuffled(cells(["none"], PINS, (1, 4), [Pages.SMALL, Pages.THP]))),
    "many": run_of(shuffled(cells(SIX, sizes=[1, 2, 4, 8, 16], pages=[*Pages][:3]), reps=3)),
}


# Of plots that compare or grow, a run may have none: the page does not ask for them then.
DRAWN = [
    pytest.param(plot, name, marks=[pytest.mark.slow] if name == "many" else [])
    for plot in EVERY
    for name in ODD
    if not (plot == "ratios" and name in ("one sample", "one method", "pins"))
    and not (plot == "strip" and name == "zero")
]


@cache
def drawn(plot: str, name: str) -> Drawing:
    return EVERY[plot](ODD[name])


@pytest.mark.parametrize("name", NOTHING)
def test_what_was_not_measured_is_not_drawn(name: str) -> None:
    run = NOTHING[name]
    assert [*page_plots(run, CellTable(run), figures(run), "one", Beside())] == []


@pytest.mark.parametrize(("plot", "name"), DRAWN)
def test_odd_runs_have_figures(plot: str, name: str) -> None:
    """None of their texts stands on another, nor beyond the edge."""
    for figure in drawn(plot, name).figures:
        assert_readable(figure)


def assert_readable(figure: Figure) -> None:
    text, found = svg_texts(figure)
    assert "nan" not in re.sub("[a-z]+-[a-z]+", "", text) and "inf" not in said(text).split()
    assert len(text) < 300_000
    for one, (text, box) in enumerate(found):
        assert box.x0 >= 0 and box.x1 <= 72 * figure.get_figwidth(), text
        assert box.y0 >= 0 and box.y1 <= 72 * figure.get_figheight(), text
        for other, second in found[one + 1 :]:
            assert not box.overlaps(second), (text, other)


def svg_texts(figure: Figure) -> tuple[str, list[tuple[str, Bbox]]]:
    """The SVG, and of every text its box, a little smaller: letters have room around them.

    Measured in the font that figures are laid out for, which is wider than most.
    """
    drawn: dict[Text, Bbox] = {}
    draw = Text.draw

    def note(text: Text, renderer: RendererBase) -> None:
        if text.get_visible() and text.get_text().strip():
            in_points = figure.dpi / 72  # the SVG has points: what is drawn last is measured
            drawn[text] = Bbox(text.get_window_extent(renderer).get_points() / in_points)
        draw(text, renderer)

    with pytest.MonkeyPatch.context() as patch:  # ticks beyond the axes have text, undrawn
        patch.setattr(Text, "draw", note)
        found = sheet.svg(figure, "one")
    assert len(drawn) > 3
    return found, [(each.get_text(), box.padded(-1)) for each, box in drawn.items()]


def test_what_has_no_room_is_said() -> None:
    assert "Drawn: 24 of 90 panels, of the largest memory." in drawn("ecdf", "many").notes
    assert "150 more cells are not drawn." in drawn("strip", "many").notes
    assert "60 more rows are not drawn." in drawn("ratios", "many").notes


def test_many_reps_are_thinned_and_said_to_be() -> None:
    """Ends and medians of what is drawn are those of all reps; the SVG stays small."""
    run = run_of(shuffled(cells(sizes=[4]), reps=4000))
    thin = {plot: draw(run) for plot, draw in EVERY.items()}
    assert "Of 12,000 reps 400 of each cell are drawn, evenly by rank." in thin["ecdf"].notes
    assert thin["run_order"].notes[-1].startswith("Of 12,000 reps 1,")
    for line in thin["ecdf"].figures[0].axes[0].lines[::2]:
        (cell,) = (c for c in cells(sizes=[4]) if c.method.value == line.get_label())
        pause = CellTable(run).pause(cell)
        x = np.asarray(line.get_xdata())
        assert [x[1], x[-1]] == [pause.low, pause.high]
    every = [figure for each in thin.values() for figure in each.figures]
    assert all(len(sheet.svg(figure, "one")) < 300_000 for figure in every)
