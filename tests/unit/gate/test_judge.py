# SPDX-License-Identifier: GPL-2.0-only
"""What becomes of cells: limits that noise cannot undercut, many cells together, budgets."""

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bench.gate.compare import GateOptions, ask, read_sides
from bench.gate.judge import CellPair
from bench.model.cell import Clock
from bench.stats.decision import Verdict
from tests.unit.command import Bench
from tests.unit.runs import (
    NEW,
    RESET,
    RESET_NAME,
    counted,
    counts,
    few,
    from_boots,
    judged,
    noisy,
    write_run,
    write_series,
)
from tests.unit.side_files import foreign

SHARES = st.floats(0.0005, 0.2)


@settings(max_examples=300)
@given(change=st.floats(-0.3, 0.5), threshold=SHARES, floor=st.none() | SHARES)
def test_no_threshold_is_tighter_than_the_floor(
    change: float, threshold: float, floor: float | None
) -> None:
    """Counts that do not vary: the limit alone decides, and it is the greater of the two."""
    limit = max(threshold, floor or 0.0)
    assume(abs(abs(np.log1p(change)) - np.log1p(limit)) > 1e-9)
    pair = CellPair("x", few(*[1e9] * 5), few(*[1e9 * (1 + change)] * 5))
    found = judged([pair], threshold=threshold, floor=floor)  # type: ignore[arg-type]
    assert bool(found.regressed) == (change > limit) == (found.code == 1)
    improved = np.log1p(change) < -np.log1p(limit)
    assert (found.cells[0].verdict == "improvement") == improved


@pytest.mark.parametrize(("floor", "code"), [("", 1), ("1%", 1), ("3%", 0)])
def test_a_floor_above_the_threshold(floor: str, code: int, bench: Bench, tmp_path: Path) -> None:
    sides = counted(tmp_path / "base"), counted(tmp_path / "new", 1.02)
    words = ["--floor", floor] if floor else []
    assert bench("gate", *sides, "--threshold", "0.1%", *words).code == code


def test_a_floor_of_counts_is_taken_from_boots_of_one_kernel(bench: Bench, tmp_path: Path) -> None:
    """Noise of 0.2 % a rep is some 0.1 % between medians of two boots, and no more."""
    sides = [
        write_run(tmp_path / name, noisy(len(name), boots=8), Clock.ICOUNT) for name in ("a", "bb")
    ]
    ended = bench("gate", *sides, "--threshold", "0.1%", "--aa", sides[0])
    floor = float(ended.out.partition("noise floor ")[2].partition("%")[0])
    assert 0.1 < floor < 0.6
    assert ended.code == 0


def test_boots_of_one_session_do_not_show_what_lies_between_sessions(
    bench: Bench, tmp_path: Path
) -> None:
    sides = [write_run(tmp_path / name, noisy(len(name), boots=8)) for name in ("a", "bb")]
    ended = bench("gate", *sides, "--aa", sides[0])
    assert ended.code == 125 and "fewer than 3 sessions" in ended.err


def test_noise_between_sessions_is_taken_from_runs_of_one_kernel(
    bench: Bench, tmp_path: Path
) -> None:
    """Sides 3 % apart, of sessions that differ by 2 %: no regression. Quiet sessions: one."""
    sides = [
        write_run(tmp_path / name, noisy(seed, scale, boots=8))
        for name, seed, scale in (("base", 1, 1.0), ("new", 2, 1.03))
    ]
    assert bench("gate", *sides).code == 125  # nothing says what lies between sessions
    for place, spread in (("wild", 0.02), ("quiet", 0.001)):
        for number, level in enumerate((0, 1, -1, 0.5, -0.5, 1)):
            run = tmp_path / place / str(number)
            write_run(run, noisy(10 + number, 1 + spread * level, boots=5))
    wild = bench("gate", *sides, "--aa", tmp_path / "wild")
    assert wild.code == 0 and "2 inconclusive" in wild.out
    assert bench("gate", *sides, "--aa", tmp_path / "quiet").code == 1


@pytest.mark.parametrize("values", [{NEW: {1: [0], 2: [5]}}, {NEW: {1: [5], 2: [0], 3: [5]}}])
def test_no_floor_is_taken_from_pauses_of_0(values: object, bench: Bench, tmp_path: Path) -> None:
    aa = write_run(tmp_path / "aa", values, Clock.ICOUNT)  # type: ignore[arg-type]
    ended = bench("gate", aa, aa, "--aa", aa)
    assert ended.code == 125 and "pause is 0" in ended.err


def test_one_boot_is_no_floor(bench: Bench, tmp_path: Path) -> None:
    run = counted(tmp_path / "run")
    ended = bench("gate", run, run, "--aa", run)
    assert ended.code == 125 and "has one boot only" in ended.err


@pytest.mark.parametrize(
    ("scale", "code"), [(1.0005, 0), (1.0009, 0), (1.0012, 1), (1.002, 1), (0.998, 0)]
)
def test_counts_are_told_apart_at_a_tenth_of_a_percent(
    scale: float, code: int, bench: Bench, tmp_path: Path
) -> None:
    sides = counted(tmp_path / "base"), counted(tmp_path / "new", scale)
    ended = bench("gate", *sides, "--threshold", "0.1%")
    assert ended.code == code
    assert bench("gate", *sides).code == 0  # 2 % is what is usual


def test_counts_that_overlap_are_no_regression(bench: Bench, tmp_path: Path) -> None:
    """Medians are 1 % apart, reps of each side 4 %, and nothing says that they go together."""
    values = {RESET: {1: [1_000_000 + 10_000 * rep for rep in range(5)]}}
    sides = [CellPair("x", few(*values[RESET][1]), few(*(1.01 * v for v in values[RESET][1])))]
    found = judged(sides, threshold=0.001)
    assert (found.code, found.cells[0].verdict) == (0, "inconclusive")


def test_reps_of_boots_that_were_prepared_alike_are_held_against_one_another(
    bench: Bench, tmp_path: Path
) -> None:
    """The same medians and spreads, of guests with one seed: each rep is 1 % slower."""
    sides = (counted(tmp_path / n, s, step=13_000) for n, s in (("base", 1.0), ("new", 1.01)))
    ended = bench("gate", *sides, "--threshold", "0.1%")
    assert ended.code == 1 and "boots of one seed" in ended.out


def boots_of(seed: int, scale: float) -> list[list[float]]:
    rng = random.Random(seed)
    return [[1e6 * scale * rng.gauss(1, 0.02)] for _ in range(10)]


def shifted(seed: int, scale: float) -> CellPair:
    base, new = boots_of(seed, 1.0), boots_of(seed + 1000, scale)
    return CellPair(f"{seed} x {scale}", from_boots(base), from_boots(new))


def test_among_many_cells_a_chance_finding_is_none() -> None:
    """Alone it is a regression; one in a hundred such cells is, of the same kernel."""
    single = [shifted(seed, 1.022) for seed in range(100)]
    alone = [judged([pair], Clock.WALL, threshold=0.01) for pair in single]
    p = [each.cells[0].decision.p for each in alone if each.cells[0].decision]
    weak = next(
        pair
        for pair, each, chance in zip(single, alone, p, strict=True)
        if each.code == 1 and chance and chance > 0.002
    )
    strong = shifted(0, 1.5)
    others = [shifted(seed, 1.0) for seed in range(200, 240)]
    found = judged([weak, strong, *others], Clock.WALL, threshold=0.01)
    verdicts = {cell.name: cell for cell in found.cells}
    assert verdicts[weak.name].verdict == "inconclusive"
    assert "among 42 cells" in verdicts[weak.name].reason
    assert verdicts[strong.name].verdict == "regression" and found.code == 1


def test_noise_in_many_cells_is_no_alarm() -> None:
    """Of 300 A/A cells three would be found one by one, at 98 % each."""
    pairs = [shifted(seed, 1.0) for seed in range(2000, 2300)]
    alone = [judged([pair], Clock.WALL, threshold=0.01).code for pair in pairs]
    assert sum(alone) >= 1
    assert judged(pairs, Clock.WALL, threshold=0.01).code == 0


def test_counts_have_no_chance_to_correct_for() -> None:
    pairs = [CellPair(str(n), few(*[1e6 + n] * 5), few(*[1e6 * 1.01 + n] * 5)) for n in range(200)]
    assert len(judged(pairs, threshold=0.005).regressed) == 200


@pytest.mark.parametrize(
    ("budget", "code"), [("5199999i", 1), ("5Mi", 1), ("6Mi", 0), ("1Gi", 0), ("1ki", 1)]
)
def test_a_budget_for_counts(budget: str, code: int, bench: Bench, tmp_path: Path) -> None:
    run = counted(tmp_path / "run")
    ended = bench("gate", run, run, "--max-pause", budget)
    assert ended.code == code
    assert ("over its budget" in ended.out) == (code == 1)
    if budget == "5Mi":
        assert f"{RESET_NAME}: " in ended.out and "5.200 M of 5.000 M" in ended.out
        assert "1 over budget, 1 no change" in ended.out


def test_the_budget_of_the_scenario_holds_without_an_option(bench: Bench, tmp_path: Path) -> None:
    base = counted(tmp_path / "base")
    scenario = {"name": "small", "broken": None, "max_pause": "5Mi"}
    new = write_run(tmp_path / "new", counts(), Clock.ICOUNT, scenario=scenario)
    ended = bench("gate", base, new)
    assert ended.code == 1 and "5.200 M of 5.000 M" in ended.out
    assert bench("gate", base, new, "--max-pause", "6Mi").code == 0  # an option replaces it
    assert bench("gate", new, base).code == 0  # it is NEW's that counts


@pytest.mark.parametrize(("budget", "code"), [("5ms", 1), ("6ms", 0), ("900us", 1), ("0.006s", 0)])
def test_a_budget_for_times(budget: str, code: int, bench: Bench, tmp_path: Path) -> None:
    parent = write_series(tmp_path / "s", {"a": 1.0, "b": 1.0}, boots=5)
    assert bench("gate", parent / "a", parent / "b", "--max-pause", budget).code == code


def test_noise_breaks_no_budget() -> None:
    """The median is 1 % above it, but its interval is not."""
    values = [0.97e8, 0.98e8, 0.99e8, 1.01e8, 1.02e8, 1.03e8, 1.04e8]
    pair = CellPair("x", few(*values), few(*values))
    assert not judged([pair], Clock.WALL, budget=1e8).regressed
    assert judged([pair], Clock.WALL, budget=0.969e8).regressed
    assert judged([pair], Clock.ICOUNT, budget=1e8).regressed  # counts are what they are


def test_a_budget_is_broken_without_a_base() -> None:
    found = judged([CellPair("x", None, few(*[2e6] * 5), "failed: x")], budget=1e6)
    assert (found.code, found.cells[0].verdict) == (1, "over-budget")
    assert found.cells[0].reason.startswith("BASE has no value (failed: x); over its budget")


@pytest.mark.parametrize(("budget", "over"), [("100ms", True), ("1s", False), ("249ms", True)])
def test_a_budget_for_seconds_of_another_program(
    budget: str, over: bool, bench: Bench, tmp_path: Path
) -> None:
    path = foreign(tmp_path / "theirs.json")
    ended = bench("gate", path, path, "--max-pause", budget)
    assert ended.code == (1 if over else 125)  # two boots judge nothing else
    path = foreign(tmp_path / "bytes.json", unit="byte")
    ended = bench("gate", path, path, "--max-pause", budget)
    assert ended.code == 2 and "these runs count byte" in ended.err


def test_nothing_at_all_cannot_be_judged() -> None:
    assert judged([]).code == 125
    assert judged([CellPair("x", None, None)]).cells[0].reason == (
        "BASE has no value; NEW has no value"
    )


WORDS = {Verdict.REGRESSION.value: "improvement", Verdict.IMPROVEMENT.value: "regression"}


@st.composite
def runs(draw: st.DrawFn, clock: Clock) -> dict[object, dict[int, list[int]]]:
    """Values of two cells: levels up to 10 % apart, and noise of any size."""
    seed, spread = draw(st.integers(0, 1 << 20)), draw(st.sampled_from([0, 1e-5, 1e-3, 0.02]))
    rng, boots = random.Random(seed), draw(st.integers(1, 12)) if clock is Clock.WALL else 1
    found: dict[object, dict[int, list[int]]] = {}
    for cell in (RESET, NEW):
        level = (1 << 22) * draw(st.sampled_from([0.9, 0.99, 1.0, 1.0, 1.01, 1.05, 1.1]))
        reps = draw(st.integers(1, 7))
        found[cell] = {
            boot: [round(level * rng.gauss(1, spread)) for _ in range(reps)]
            for boot in range(1, boots + 1)
        }
    return found


def verdicts_of(base: Path, new: Path, floor: str) -> dict[str, str]:
    question = GateOptions(base, new, "1%", floor, force=True)  # boots drawn alike are copies
    return {cell.name: cell.verdict for cell in ask(question, read_sides(question)).cells}


@pytest.mark.parametrize("clock", Clock)
@settings(max_examples=60)
@given(data=st.data())
def test_what_is_slower_one_way_is_quicker_the_other(
    clock: Clock, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    scratch = tmp_path_factory.mktemp("pair")
    one, other = (
        write_run(scratch / name, data.draw(runs(clock)), clock)  # type: ignore[arg-type]
        for name in ("one", "other")
    )
    floor = data.draw(st.sampled_from(["0.01%", "1%", "3%"]))
    there, back = verdicts_of(one, other, floor), verdicts_of(other, one, floor)
    assert {name: WORDS.get(verdict, verdict) for name, verdict in there.items()} == back
    assert "regression" not in verdicts_of(one, one, floor).values()
