# SPDX-License-Identifier: GPL-2.0-only
"""What is said of a history: change points, creep, breaks, gaps, and verdicts as docs have them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.errors import CannotJudge, UsageError
from bench.history.analyse import HistoryRule, analyse
from bench.history.order import Order, Ordered
from bench.history.point import HistoryPoint
from bench.history.track import HistoryVerdict, exit_code
from bench.model.cell import Clock
from bench.model.method import Phase
from bench.results.comparable import facts_of
from bench.sides import read_side
from tests.unit.histories import (
    LEVEL,
    analysed,
    commit,
    noisy,
    point,
    points_of,
    steps,
    track_of,
)
from tests.unit.profiled import profiled_run
from tests.unit.runs import NEW, RESET, facts

CREEP = [LEVEL * 1.004 ** min(max(at - 19, 0), 15) for at in range(45)]
VERDICTS = {
    "steady": (steps((30, 1)), HistoryVerdict.STEADY),
    "a stray point": (steps((20, 1), (1, 1.3), (9, 1)), HistoryVerdict.STEADY),
    "two at the end": (steps((28, 1), (2, 1.3)), HistoryVerdict.STEADY),
    "a step": (steps((20, 1), (10, 1.01)), HistoryVerdict.REGRESSION),
    "its third point": (steps((27, 1), (3, 1.03)), HistoryVerdict.REGRESSION),
    "a step undone": (steps((20, 1), (10, 1.03), (10, 1)), HistoryVerdict.STEADY),
    "half undone": (steps((20, 1), (10, 1.03), (10, 1.015)), HistoryVerdict.REGRESSION),
    "a gain that is lost": (steps((20, 1), (10, 0.97), (10, 1)), HistoryVerdict.REGRESSION),
    "down": (steps((20, 1), (10, 0.97)), HistoryVerdict.IMPROVEMENT),
    "down and up": (steps((20, 1), (10, 0.9), (10, 0.95)), HistoryVerdict.REGRESSION),
    "creep": (CREEP, HistoryVerdict.REGRESSION),
    "creep downward": ([LEVEL**2 / each for each in CREEP], HistoryVerdict.IMPROVEMENT),
    "too few": (steps((5, 1)), HistoryVerdict.UNJUDGED),
    "one point": (steps((1, 1)), HistoryVerdict.UNJUDGED),
}
CODES = {
    HistoryVerdict.REGRESSION: 1,
    HistoryVerdict.IMPROVEMENT: 0,
    HistoryVerdict.STEADY: 0,
    HistoryVerdict.UNCLEAR: 0,
    HistoryVerdict.UNJUDGED: 125,
}


@pytest.mark.parametrize("name", VERDICTS)
def test_verdicts_and_codes(name: str) -> None:
    levels, verdict = VERDICTS[name]
    lane = analysed(points_of(noisy(levels)))
    assert lane.tracks[0].verdict is verdict
    assert exit_code([lane]) == CODES[verdict]


def test_the_verdicts_of_the_documents_are_these() -> None:
    text = Path("docs/history.md").read_text().split("## Verdicts and exit codes")[1]
    for verdict in HistoryVerdict:
        assert f"\n| {verdict.value} | " in text
    for code in {*CODES.values(), 2}:
        assert f"\n| {code} | " in text


def test_unclear_is_beyond_the_threshold_within_the_noise() -> None:
    track = track_of([LEVEL * (0.95, 1.05)[at % 2] * (1.03 if at > 29 else 1) for at in range(60)])
    assert track.verdict is HistoryVerdict.UNCLEAR
    assert "within the noise" in track.reason


def test_creep_is_said_with_the_first_point_beyond() -> None:
    track = track_of(noisy(CREEP), reference=commit(0))
    assert track.crept
    assert "crept by +6.1" in track.reason
    assert f"since {commit(0)[:12]}: beyond the threshold from" in track.reason
    assert track.standing is not None
    assert track.standing.since in range(24, 28)


def test_a_change_has_its_levels_and_what_came_of_it() -> None:
    track = track_of(noisy(steps((20, 1), (15, 1.03), (10, 1))))
    up, down = track.changes
    assert (up.at, down.at) == (20, 35)
    assert up.after / up.before == pytest.approx(1.03, abs=1e-3)
    assert (up.points, down.points) == (25, 10)
    assert not up.gradual
    assert (up.state, down.state, track.open) == ("undone", "undoes one", ())


def test_a_reference_accepts_what_was_before() -> None:
    levels = noisy(steps((20, 1), (20, 1.03)))
    assert track_of(levels).verdict is HistoryVerdict.REGRESSION
    assert track_of(levels, reference=commit(20)).verdict is HistoryVerdict.STEADY
    assert track_of(levels, reference="p25").verdict is HistoryVerdict.STEADY
    assert track_of(levels, reference="2026-01-05").verdict is HistoryVerdict.REGRESSION


@pytest.mark.parametrize("wrong", ["nothing", "2026-01", "0000"])
def test_a_reference_is_one_point(wrong: str) -> None:
    with pytest.raises(UsageError, match="--reference"):
        track_of(steps((20, 1)), reference=wrong)


def _on_two_machines(second: float = 1.5) -> list[HistoryPoint]:
    """From point 20 on another CPU model is emulated."""
    levels = noisy(steps((20, 1), (20, second)))
    models = [{"cpu_model": "Nehalem" if at < 20 else "Skylake"} for at in range(40)]
    return [point(at, {RESET: level}, executor=models[at]) for at, level in enumerate(levels)]


def test_another_machine_is_a_break_and_no_regression() -> None:
    lane = analysed(_on_two_machines())
    (found,) = lane.breaks
    assert found.at == 20
    assert found.reasons == (f"cpu model: Nehalem before, Skylake from {commit(20)[:12]} on",)
    assert lane.tracks[0].verdict is HistoryVerdict.STEADY
    assert lane.tracks[0].changes == ()


def test_a_reference_before_a_break_cannot_be_one() -> None:
    with pytest.raises(CannotJudge, match="cpu model"):
        analysed(_on_two_machines(), reference=commit(3))


def test_what_the_kernel_is_called_is_no_break() -> None:
    points = [
        point(at, {RESET: LEVEL}, executor={"kernel_digest": f"{at:012x}"}) for at in range(10)
    ]
    assert analysed(points).breaks == ()


def test_the_machine_breaks_times_but_not_counts() -> None:
    def on(clock: Clock) -> int:
        cpus = [{"cpu": "A"}] * 10 + [{"cpu": "B"}] * 10
        points = [point(at, {RESET: LEVEL}, clock=clock, machine=cpus[at]) for at in range(20)]
        return len(analysed(points).breaks)

    assert (on(Clock.WALL), on(Clock.ICOUNT)) == (1, 0)


def test_cells_come_and_go() -> None:
    levels = noisy(steps((20, 1), (20, 1.03)))
    points = [
        point(at, {RESET: level} | ({NEW: LEVEL} if at % 5 == 0 else {}))
        for at, level in enumerate(levels)
    ]
    reset, new = analysed(points).tracks
    assert reset.changes[0].at == 20
    assert new.places == tuple(range(0, 40, 5))
    assert new.verdict is HistoryVerdict.STEADY


def test_a_step_of_a_cell_with_gaps_is_where_it_was_first_measured() -> None:
    points = [
        point(at, {NEW: LEVEL} | ({RESET: LEVEL * (1 + 0.05 * (at >= 22))} if at % 3 == 0 else {}))
        for at in range(45)
    ]
    track = next(each for each in analysed(points).tracks if each.cell == RESET)
    assert [change.at for change in track.changes] == [24]


def test_a_cell_without_a_value_since_the_break_is_unjudged() -> None:
    points = _on_two_machines()
    points[5] = replace(points[5], cells={**points[5].cells, NEW: points[5].cells[RESET]})
    lane = analysed(points)
    assert {each.cell: each.verdict for each in lane.tracks}[NEW] is HistoryVerdict.UNJUDGED
    assert exit_code([lane]) == 0


def test_counts_and_times_are_analysed_by_themselves() -> None:
    counts = points_of(noisy(steps((20, 1), (20, 1.03))))
    times = points_of(noisy(steps((40, 1)), 0.02), Clock.WALL)
    mixed = [each for pair in zip(counts, times, strict=True) for each in pair]
    lanes = analyse(Ordered(tuple(mixed), Order.DATE), HistoryRule())
    assert [lane.clock for lane in lanes] == [Clock.ICOUNT, Clock.WALL]
    assert [lane.breaks for lane in lanes] == [(), ()]
    assert [lane.tracks[0].verdict for lane in lanes] == [
        HistoryVerdict.REGRESSION,
        HistoryVerdict.STEADY,
    ]


def _shifting(release: list[float], other: list[float]) -> list[HistoryPoint]:
    values = [a + b for a, b in zip(release, other, strict=True)]
    return [
        point(at, {RESET: v}, {Phase.RELEASE: release[at] / v, Phase.EXEC: other[at] / v})
        for at, v in enumerate(values)
    ]


def test_the_phases_that_moved_are_named_the_largest_first() -> None:
    points = _shifting(steps((20, 0.5), (20, 0.56)), steps((20, 0.5), (20, 0.49)))
    (change,) = analysed(points).tracks[0].changes
    assert [phase for phase, _ in change.phases] == [Phase.RELEASE, Phase.EXEC]
    assert [ticks for _, ticks in change.phases] == pytest.approx([0.06 * LEVEL, -0.01 * LEVEL])


def test_a_phase_that_another_makes_up_for_is_said() -> None:
    points = _shifting(steps((20, 0.5), (20, 0.55)), steps((20, 0.5), (20, 0.45)))
    track = analysed(points).tracks[0]
    assert track.changes == ()
    assert {(move.phase, move.at) for move in track.moves} == {
        (Phase.RELEASE, 20),
        (Phase.EXEC, 20),
    }
    assert track.verdict is HistoryVerdict.STEADY


def test_functions_are_named_where_both_sides_have_profiles(tmp_path: Path) -> None:
    runs = [profiled_run(tmp_path / "before"), profiled_run(tmp_path / "after", 9)]
    sides = [read_side(run) for run in runs]
    pauses = [float(np.median(side.cells[RESET].values)) for side in sides]
    levels = [pauses[0]] * 10 + [pauses[1]] * 10
    points = [
        replace(point(at, {RESET: level}), profiles=(runs[at // 10],) if at % 4 == 0 else ())
        for at, level in enumerate(levels)
    ]
    (change,) = analysed(points).tracks[0].changes
    assert "release" in change.functions
    assert "()" in change.functions


def test_words_choose_cells() -> None:
    points = [point(at, {RESET: LEVEL, NEW: LEVEL}) for at in range(10)]
    assert [each.cell for each in analysed(points, cell="new-owner").tracks] == [NEW]
    with pytest.raises(UsageError, match="--cell"):
        analysed(points, cell="no such cell")


@pytest.mark.parametrize("level", [1.0, 1e18])
def test_small_and_huge_values(level: float) -> None:
    track = track_of([level] * 20 + [2 * level] * 20)
    assert [change.at for change in track.changes] == [20]


def test_facts_are_those_that_the_gate_compares() -> None:
    assert "cpu model" in facts_of(facts(Clock.ICOUNT))
