# SPDX-License-Identifier: GPL-2.0-only
"""`bench gate --self-test`: it sees what was made slower, or says in which cells it is blind."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.gate.compare import scaled
from bench.model.cell import Clock
from bench.sides import read_side
from tests.unit.command import Bench
from tests.unit.runs import (
    FAILED,
    LARGE,
    NEW,
    RESET_NAME,
    counted,
    counts,
    noisy,
    write_run,
    write_series,
)
from tests.unit.side_files import foreign


@pytest.mark.parametrize("threshold", ["0.1%", "2%", "50%"])
def test_it_turns_red_on_counts(threshold: str, bench: Bench, tmp_path: Path) -> None:
    ended = bench("gate", counted(tmp_path / "run"), "--self-test", "--threshold", threshold)
    assert (ended.code, ended.err) == (0, "")
    assert "the same samples: 0 alarms in 2 cells" in ended.out
    assert f"slower by {2 * float(threshold[:-1]):.2f}%: seen in 2 of 2 cells" in ended.out


def test_it_turns_red_on_times(bench: Bench, tmp_path: Path) -> None:
    parent = write_series(tmp_path / "s", {"a": 1.0}, boots=10)
    ended = bench("gate", parent / "a", "--self-test")
    assert ended.code == 0 and "seen in 2 of 2 cells" in ended.out


def test_a_floor_makes_it_look_for_more(bench: Bench, tmp_path: Path) -> None:
    ended = bench("gate", counted(tmp_path / "run"), "--self-test", "--floor", "5%")
    assert ended.code == 0 and "slower by 10.00%: seen in 2" in ended.out


def blind(bench: Bench, run: Path, *words: str) -> list[str]:
    """The lines of cells in which it sees nothing."""
    ended = bench("gate", run, "--self-test", *words)
    assert ended.code == 125
    assert ended.complaints == ["bench: this gate would not do its work: see above"]
    return [line for line in ended.out.splitlines() if line.startswith("  not in ")]


def test_too_few_reps_make_it_blind(bench: Bench, tmp_path: Path) -> None:
    lines = blind(bench, counted(tmp_path / "run", reps=3))
    assert len(lines) == 2 and f"  not in {RESET_NAME}: needs reps: base has 3" in lines[1]


def test_one_cell_of_two_can_be_blind(bench: Bench, tmp_path: Path) -> None:
    values = {**counts(), NEW: {1: [1_300_000] * 4}}
    lines = blind(bench, write_run(tmp_path / "run", values, Clock.ICOUNT))
    assert len(lines) == 1 and "new-owner: needs reps" in lines[0]


@pytest.mark.parametrize("boots", [1, 4])
def test_too_few_boots_make_it_blind(boots: int, bench: Bench, tmp_path: Path) -> None:
    parent = write_series(tmp_path / "s", {"a": 1.0}, boots=boots)
    lines = blind(bench, parent / "a")
    assert len(lines) == 2 and all(f"needs boots: base has {boots}" in line for line in lines)


def test_noise_above_the_threshold_makes_it_blind(bench: Bench, tmp_path: Path) -> None:
    """Boots lie 0.1 % apart: 0.02 % would drown."""
    parent = write_series(tmp_path / "s", {"a": 1.0}, boots=6)
    lines = blind(bench, parent / "a", "--threshold", "0.01%")
    assert len(lines) == 2 and "neither a change nor within" in lines[0]


def test_a_cell_without_a_value_is_one_that_it_cannot_see(bench: Bench, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", counts(), Clock.ICOUNT, without={LARGE: FAILED})
    lines = blind(bench, run)
    assert len(lines) == 1 and FAILED in lines[0]


def test_seconds_of_another_program_are_not_rounded(bench: Bench, tmp_path: Path) -> None:
    side = read_side(foreign(tmp_path / "theirs.json"))
    slower = scaled(side, 1.04)
    assert slower.cells["theirs"].values == pytest.approx([0.52, 0.26, 0.78])
    assert slower.name.endswith(" x 1.04")
    assert len(blind(bench, tmp_path / "theirs.json")) == 1


def test_it_needs_one_side_only(bench: Bench, tmp_path: Path) -> None:
    ended = bench("gate", tmp_path / "nowhere", "--self-test")
    assert (ended.code, ended.out) == (125, "")


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), factor=st.floats(1.0001, 3.0))
def test_what_is_scaled_is_scaled(
    seed: int, factor: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    side = read_side(write_run(tmp_path_factory.mktemp("scaled") / "run", noisy(seed)))
    for key, each in scaled(side, factor).cells.items():
        assert np.array_equal(each.boots, side.cells[key].boots)
        assert each.values == pytest.approx(side.cells[key].values * factor, rel=1e-12)
