# SPDX-License-Identifier: GPL-2.0-only
"""SVG for a page: the same bytes, nothing that leaks into the page, of a size it can bear."""

import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import pandas as pd
import pytest
from matplotlib import rcParams
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from bench.model.cell import Clock, Experiment, Method, Pages, Phase, Sample
from bench.paths import ROOT
from bench.report.export.frames import frame
from bench.report.plots import draw as plots
from bench.results.writer import Run
from tests.unit.plot_runs import EVERY, SIX, cells, run_of, samples

Plot = Callable[[pd.DataFrame], Figure]

PINS = [method for method in Method if method.experiment is Experiment.PIN]

WRITER = """
import hashlib
from bench.report.plots import draw as plots
from bench.report.export.frames import frame
from tests.unit.plot_runs import EVERY, cells, run_of, samples
found = frame(run_of(samples(cells(), boots=2)))
text = "".join(plots.svg(plot(found), plot.__name__) for plot in EVERY)
print(len(text), hashlib.sha256(text.encode()).hexdigest())
"""
NASTY = (
    "/dev/<script>alert(1)</script>/$x_1$/\n\x01"
    + "p" * 160
    + '/v-0 \U0001f9ea & "q" $\\frac{1}{2}$'
)


def svg(plot: Plot, found: pd.DataFrame, name: str = "one") -> str:
    text = plots.svg(plot(found), name)
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(text) < 300_000
    return text


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
def test_several_fit_into_one_page_light_or_dark(plot: Plot) -> None:
    found = frame(run_of(samples(cells())))
    before = dict(rcParams)
    text = svg(plot, found)
    assert dict(rcParams) == before
    assert text.startswith("<svg ") and "<?xml" not in text and "<!DOCTYPE" not in text
    assert "<style" not in text and "<metadata" not in text and "<script" not in text
    root = re.match("<svg[^>]*>", text)
    assert root and "viewBox" in root[0] and not re.search(r" (width|height)=", root[0])
    ids = re.findall(r' id="([^"]*)"', text)
    assert ids and all(each.startswith("one-") for each in ids) and len(ids) == len({*ids})
    assert {*re.findall(r'(?:href="#|url\(#)([^")]*)', text)} <= {*ids}
    assert "currentColor" in text and "#111213" not in text and "#000000" not in text
    assert "var(--plot-grid" in text and "fill: #ffffff" not in text
    assert re.search("<text[^>]*>[^<]*new-owner", text)


@pytest.mark.parametrize("plot", EVERY)
def test_names_are_text_and_no_mathematics(plot: Plot) -> None:
    """Both ends of a long path stand; two that differ in their middle have two names."""
    devices = (NASTY, NASTY.replace("ppp", "pqp", 1))
    run = run_of(samples(cells(devices, sizes=[4])), name="a$b$<u>")
    text = svg(plot, frame(run))
    assert "<script" not in text and "<u>" not in text
    if plot is plots.run_order:
        assert "a$b$<u>: from first to last" in said(text)
    else:
        assert "$\\frac{1}{2}$" in said(text) and "$\\frac{1}{2}$ #2" in said(text)
    assert max(map(len, said(text).splitlines())) <= 130


def test_what_is_no_character_of_xml_is_escaped() -> None:
    text = svg(plots.scaling, frame(run_of(samples(cells(["\n\x01\ufffe$"], sizes=[4])))))
    assert "\\n\\x01\\ufffe$, thp" in said(text)


def with_pause(run: Run, pause: int, method: Method | None = None) -> Run:
    phases = {**dict.fromkeys(Method.NEW_OWNER.experiment.phases, 0), Phase.EXEC: pause}
    return replace(
        run,
        samples=tuple(
            replace(each, pause=pause, phases=phases)
            if each.ok and method in (None, each.cell.method)
            else each
            for each in run.samples
        ),
    )


RUN = run_of(samples(cells(), boots=2))
ODD = {
    "one sample": run_of(samples(cells(methods=[Method.NEW_OWNER], sizes=[4]), reps=1)),
    "one method": run_of(samples(cells(methods=[Method.EXEC_ONLY]))),
    "equal": with_pause(RUN, 1000),
    "zero": with_pause(RUN, 0),
    "a method of zero": with_pause(RUN, 0, Method.NEW_OWNER),
    "one instruction": with_pause(RUN, 1),
    "largest": with_pause(RUN, (1 << 63) - 1, Method.REOPEN),
    "skipped": run_of([Sample(c, Clock.WALL, 1, "skipped: x (needs: y)") for c in cells()]),
    "only a warm-up": run_of(samples(cells(), reps=0)),
    "missing": replace(run_of([]), missing=dict.fromkeys(cells(), "lost")),
    "nothing": run_of([]),
    "18 cells": run_of(samples(cells(SIX, sizes=[4]), reps=3)),
    "pins": run_of(samples(cells(["none"], PINS, (1, 4), [Pages.SMALL, Pages.THP]))),
    "many": run_of(samples(cells(SIX, sizes=[1, 2, 4, 8, 16], pages=[*Pages][:3]), reps=3)),
}


@pytest.mark.parametrize("plot", EVERY)
@pytest.mark.parametrize("name", ODD)
def test_odd_runs_have_figures(name: str, plot: Plot) -> None:
    text = svg(plot, frame(ODD[name]))
    assert "nan" not in re.sub("[a-z]+-[a-z]+", "", text) and "inf" not in said(text).split()
    if name in ("skipped", "only a warm-up", "missing", "nothing"):
        assert "Nothing was measured that can be drawn." in said(text)
        assert name == "nothing" or "in no plot: 9 " in said(text)


def test_what_has_no_room_is_said() -> None:
    found = frame(ODD["many"])
    for plot in (plots.phases, plots.ecdf):
        assert "Drawn: 24 of 90 panels, of the largest memory." in said(svg(plot, found))
    assert "60 more rows are not drawn." in said(svg(plots.ratios, found))


def test_two_runs_stand_side_by_side() -> None:
    found = frame(*(run_of(samples(cells(sizes=[4])), name=name) for name in ("base", "new")))
    for plot in EVERY:
        assert "base: " in said(svg(plot, found)) and "new: " in said(svg(plot, found))


@pytest.mark.parametrize("name", ["18 cells", "pins"])
@pytest.mark.parametrize("plot", EVERY)
def test_no_text_stands_on_another_or_beyond_the_edge(plot: Plot, name: str) -> None:
    """Measured in the font that figures are laid out for, which is wider than most."""
    figure = plot(frame(ODD[name]))
    found = svg_texts(figure)
    for one, (text, box) in enumerate(found):
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1, text
        for other, second in found[one + 1 :]:
            assert not box.overlaps(second), (text, other)


def svg_texts(figure: Figure) -> list[tuple[str, Bbox]]:
    """Of every text its box, a little smaller: letters have room around them."""
    figure.savefig(io.BytesIO(), format="png", dpi=figure.dpi)
    found = [each for each in figure.findobj(Text) if isinstance(each, Text) and each.get_visible()]
    # A title that ends in an empty line has other text there.
    texts = [each for each in found if each.get_text().strip() and each.get_text()[-1] != "\n"]
    assert len(texts) > 3
    return [(each.get_text(), each.get_window_extent().padded(-1.5)) for each in texts]


@pytest.mark.slow
def test_a_million_samples() -> None:
    """About 1 s of CPU each where this was written; ratios 2.3 s, for their intervals."""
    found = frame(run_of(samples(cells(), reps=1000)))
    big = pd.concat([found] * 111, ignore_index=True)
    big["pause"] += pd.Series(range(len(big))) % 9973
    for plot in EVERY:
        began = time.process_time()
        text = svg(plot, big)
        assert time.process_time() - began < 8, plot
    drawn = re.search(r"Of 999,000 reps ([\d,]+) are drawn", said(text))
    assert drawn and 1000 < int(drawn[1].replace(",", "")) <= 1200
