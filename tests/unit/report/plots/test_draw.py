# SPDX-License-Identifier: GPL-2.0-only
"""What a figure shows is what was measured: values are read back from what is drawn."""

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from bench.model.cell import Cell, Clock, Sample
from bench.model.method import Method, Phase
from bench.model.units import GIB, format_ratio, format_ratio_interval
from bench.report.plots import draw as plots
from bench.report.plots import reps
from bench.report.plots.scales import quantity
from bench.report.plots.sheet import ROWS, Drawing
from bench.report.plots.styles import style_of
from bench.report.table.cells import CellTable
from bench.report.table.figures import figures
from bench.results.writer import Run
from tests.unit.runs import LIVE, SIX, cells, level, run_of, shuffled

SKIPPED = "skipped: left out by --budget 10 min (needs: a larger --budget)"


EVERY: dict[str, Callable[[Run], Drawing]] = {
    "scaling": lambda run: plots.scaling(CellTable(run), figures(run)),
    "ratios": lambda run: plots.ratios(figures(run)),
    "ecdf": lambda run: reps.ecdf(CellTable(run), figures(run)),
    "strip": lambda run: reps.strip(CellTable(run), figures(run)),
    "run_order": lambda run: reps.run_order(run.frame()),
}


def drawn(plot: str, run: Run) -> Figure:
    """The first figure of a plot: of one panel there is no other."""
    return EVERY[plot](run).figures[0]


def texts(*figures: Figure) -> str:
    """All texts, one a line, whatever lines each is broken into."""
    found = [text for figure in figures for text in figure.findobj(Text) if isinstance(text, Text)]
    return "\n".join(text.get_text() for text in found)


def line(axes: Axes, label: str) -> tuple[list[float], list[float]]:
    found = next(each for each in axes.lines if each.get_label() == label)
    return np.asarray(found.get_xdata()).tolist(), np.asarray(found.get_ydata()).tolist()


def pauses(run: Run, cell: Cell) -> list[int]:
    return [each.pause or 0 for each in run.samples if each.ok and each.cell == cell]


def test_scaling_shows_medians_and_the_slopes_of_the_report() -> None:
    run = run_of(shuffled(cells()))
    figure = drawn("scaling", run)
    axes = figure.axes[0]
    for method in LIVE:
        mine = cells(methods=[method])
        x, y = line(axes, method.value)
        assert x == [cell.mem / GIB for cell in mine]
        assert y == [np.median(pauses(run, cell)) for cell in mine]
        slope = CellTable(run).scaling(mine[0])[0].slope * (GIB // 4096)
        assert f"{method}\n{quantity(slope, 'ns')} / GiB [" in texts(figure)


def test_intervals_of_few_reps_are_their_range_and_said_to_be() -> None:
    for n, words in ((8, "95 % interval of the median."), (3, "smallest to greatest rep")):
        run = run_of(shuffled(cells(methods=LIVE[:1], sizes=[4]), n))
        summary = next(iter(figures(run))).pause
        assert summary is not None
        drawing = EVERY["scaling"](run)
        bar = drawing.figures[0].axes[0].collections[1].get_paths()[0]
        low, high = np.asarray(bar.vertices)[:, 1]
        assert (low, high) == (summary.interval or (summary.low, summary.high))
        assert words in drawing.notes[0]


def test_a_cell_that_was_left_out_is_hollow_and_its_interval_dashed() -> None:
    planned = cells(sizes=(1, 2, 4, 8, 16))
    left_out = [cell for cell in planned if cell.mem == 16 * GIB]
    measured = shuffled([cell for cell in planned if cell not in left_out])
    run = run_of([*measured, *(Sample(c, Clock.WALL, 1, SKIPPED) for c in left_out)])
    estimate = {each.cell: each.estimate for each in figures(run) if each.estimate}
    figure = drawn("scaling", run)
    hollow = [each for each in figure.axes[0].lines if each.get_label() == "extrapolated"]
    values = [each.get_ydata()[0] for each in hollow]  # type: ignore[index]
    assert values == [estimate[cell][0] for cell in left_out]
    assert {each.get_markerfacecolor() for each in hollow} == {"none"}
    for plot in ("scaling", "ratios"):
        assert "extrapolated" in texts(drawn(plot, run))


def test_the_budget_is_a_line_in_the_unit_of_the_run() -> None:
    for clock, word in ((Clock.WALL, "budget 100 ms"), (Clock.ICOUNT, "budget 100 M")):
        run = run_of(shuffled(cells(), clock=clock))
        figure = plots.scaling(CellTable(run), figures(run), 1e8).figures[0]
        assert line(figure.axes[0], word)[1] == [1e8, 1e8]
        assert word in texts(figure)
        assert "budget" not in texts(drawn("scaling", run))
        assert figure.axes[0].get_ylim()[1] > 1e8


@pytest.mark.parametrize("plot", EVERY)
def test_instructions_are_never_a_time(plot: str) -> None:
    said = texts(drawn(plot, run_of(shuffled(cells(), clock=Clock.ICOUNT)))).replace("\n", " ")
    if plot in ("scaling", "ecdf"):
        assert "instructions (icount), not a time" in said
    assert not [word for word in said.split() if word in ("ns", "us", "ms", "s", "wall")]


def test_ratios_are_those_of_the_report() -> None:
    run = run_of(shuffled(cells(SIX, sizes=[4]), boots=5))
    expected = [each for each in figures(run) if each.ratio]
    figure = drawn("ratios", run)
    axes = figure.axes[0]
    assert len(expected) == ROWS == 12
    marks = [each.get_xdata()[0] for each in axes.lines if each.get_label() == "ratio"]  # type: ignore[index]
    assert marks == [each.ratio for each in expected]
    bars = [each.get_xdata() for each in axes.lines if each.get_marker() == "|"]
    assert [tuple(bar) for bar in bars] == [each.ratio_interval for each in expected]  # type: ignore[arg-type]
    names = [text.get_text() for text in axes.texts]
    for each, name in zip(expected, names, strict=True):
        assert name.startswith(f"{each.cell.device} thp 4 GiB\n{each.cell.method} against ")
        interval = format_ratio_interval(each.ratio_interval)
        assert name.endswith(f"{format_ratio(each.ratio or 0)} [{interval}]")


@pytest.mark.parametrize(
    ("times", "text"), [(0.73, "0.730x"), (1.6, "1.600x"), (1605, "1605x"), (3e9, "3.00e9x")]
)
def test_a_ratio_of_any_size_is_spelled_as_everywhere(times: float, text: str) -> None:
    pauses = {Method.RESET_OWNER: round(100 * times), Method.NEW_OWNER: 100}
    run = run_of(
        Sample(cell, Clock.WALL, 1, "ok", 1, pause, {Phase.EXEC: pause})
        for cell in cells(methods=[*pauses], sizes=[4])
        if (pause := pauses[cell.method])
    )
    figure = drawn("ratios", run)
    assert text in texts(figure).split()
    low, high = figure.axes[0].get_xlim()
    assert low < times < high and low < 1 < high


def test_an_ecdf_has_every_rep() -> None:
    run = run_of(shuffled(cells(sizes=[4])))
    axes = drawn("ecdf", run).axes[0]
    for cell in cells(sizes=[4]):
        x, y = line(axes, cell.method.value)
        assert x[1:] == sorted(pauses(run, cell))
        assert y[1:] == pytest.approx([(n + 1) / 8 for n in range(8)])


def test_a_strip_has_every_rep_against_the_median_of_its_cell() -> None:
    run = run_of(shuffled(cells(sizes=[4])))
    axes = drawn("strip", run).axes[0]
    marks = [each for each in axes.lines if each.get_label() == "reps"]
    names = [text.get_text() for text in axes.texts]
    for each, mark, name in zip(figures(run), marks, names, strict=True):
        middle = np.median(pauses(run, each.cell))
        assert np.asarray(mark.get_xdata()) * middle == pytest.approx(
            sorted(pauses(run, each.cell))
        )
        assert name == f"sim-net-pa thp 4 GiB {each.cell.method}"


def test_panels_have_one_scale() -> None:
    """Small and large ones side by side would mislead otherwise."""
    run = run_of(shuffled(cells(SIX)))
    drawing = EVERY["scaling"](run)
    assert len({figure.axes[0].get_ylim() for figure in drawing.figures}) == 1
    many = EVERY["ratios"](run_of(shuffled(cells(SIX, sizes=[1, 2, 4]))))
    assert len({figure.axes[0].get_xlim() for figure in many.figures}) == 1 < len(many.figures)


@pytest.mark.parametrize("plot", EVERY)
def test_every_axis_has_a_name(plot: str) -> None:
    for figure in EVERY[plot](run_of(shuffled(cells(SIX, sizes=[1, 4])))).figures:
        assert figure.get_supxlabel() and figure.get_supylabel()


def test_reps_are_in_the_order_of_measurement_and_tells_boots() -> None:
    run = run_of(shuffled(cells(sizes=[4]), boots=3))
    figure = drawn("run_order", run)
    axes = figure.axes[0]
    ok = [sample for sample in run.samples if sample.ok]
    for cell in cells(sizes=[4]):
        x, y = line(axes, cell.method.value)
        middle = np.median([each.pause for each in ok if each.cell == cell])
        assert [ok[int(place)].cell for place in x] == [cell] * 24
        assert y == pytest.approx([ok[int(place)].pause / middle for place in x])
    assert all(f"boot {number}" in texts(figure) for number in (1, 2, 3))
    shade = axes.patches[0].get_window_extent().transformed(axes.transData.inverted())
    assert (shade.x0, shade.x1) == pytest.approx((23.5, 47.5))


def test_a_cell_that_failed_in_one_boot_has_no_figure() -> None:
    bad = cells(sizes=[4])[1]
    run = run_of([*shuffled(cells(sizes=[4])), Sample(bad, Clock.WALL, 2, "failed: VmPin is 0")])
    for plot in EVERY:
        labels = {each.get_label() for axes in drawn(plot, run).axes for each in axes.lines}
        assert bad.method.value not in labels


def test_a_method_looks_the_same_in_every_figure() -> None:
    pin = tuple(method for method in Method if method not in (*LIVE, Method.EXEC_ONLY))
    for methods in (LIVE, pin):
        run = run_of(shuffled(cells(methods=methods)))
        for plot in ("scaling", "ecdf", "run_order"):
            for axes in drawn(plot, run).axes:
                for each in axes.lines:
                    named = [m for m in methods if m.value == each.get_label()]
                    assert all(each.get_color() == style_of(m).colour for m in named)


def test_a_line_that_bends_says_that_it_is_none() -> None:
    run = run_of(shuffled(cells(), value=lambda cell: level(cell) ** 2 // 10**6))
    drawing = EVERY["scaling"](run)
    assert "no line" in texts(*drawing.figures)
    assert "does not grow like a line" in drawing.notes[-1]
