# SPDX-License-Identifier: GPL-2.0-only
"""Runs as a data frame: nothing rounded, nothing made up, fast enough for a million samples."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.model.cell import Clock, Sample
from bench.model.method import Method, Phase
from bench.report.table.labels import labels
from bench.results.frame import frame_of
from bench.results.writer import Run, load
from tests.unit.runs import (
    FAILED,
    LARGE,
    NEW,
    RESET,
    WARMUP,
    facts,
    made_run,
    noisy,
    sample,
    write_run,
)

HUGE = (1 << 63) - 1


def frame(*runs: Run) -> pd.DataFrame:
    """Make one frame of runs, named as in a report."""
    return frame_of(runs, labels(runs))


def run_of(samples: list[Sample], name: str = "run") -> Run:
    return made_run(Path(name), facts(), samples)


def test_a_row_is_a_sample(tmp_path: Path) -> None:
    run = load(write_run(tmp_path / "run", noisy(1), without={LARGE: FAILED}))
    found = frame(run)
    assert len(found) == len(run.samples)
    for (_, row), each in zip(found.iterrows(), run.samples, strict=True):
        assert {name: row[name] for name in each.cell.factors()} == each.cell.factors()
        assert (row["boot"], row["status"], row["run"]) == (each.boot, each.status, "run")
        assert (row["clock"], row["unit"]) == ("wall", "ns")
        if each.rep is None:
            assert (
                row[["rep", "pause", "map", "pinned", "extents", "window", "settle", "after_pause"]]
                .isna()
                .all()
            )
        else:
            assert (row["rep"], row["pause"], row["pinned"]) == (each.rep, each.pause, each.pinned)
            assert {phase: row[phase] for phase in each.phases} == each.phases


def test_a_median_by_groups_is_that_of_the_values(tmp_path: Path) -> None:
    found = frame(load(write_run(tmp_path / "run", noisy(1))))
    medians = found[found["status"] == "ok"].groupby("method", observed=True)["pause"].median()
    wanted = [value for boot in noisy(1)[NEW].values() for value in boot]
    assert medians["new-owner"] == np.median(wanted)


def test_runs_stand_one_after_another(tmp_path: Path) -> None:
    runs = [load(write_run(tmp_path / name)) for name in ("a", "b")]
    assert [*frame(*runs)["run"].unique()] == ["a", "b"]
    twins = [run_of([sample(NEW, Clock.WALL, 1, 1, 5)], name) for name in ("x/run", "y/run")]
    assert all(str(name).endswith(("x/run", "y/run")) for name in frame(*twins)["run"])
    with pytest.raises(ValueError, match="a run"):
        frame()


def test_integers_of_64_bits_are_not_rounded() -> None:
    phases = dict.fromkeys(NEW.method.experiment.phases, 0) | {Phase.MAP: HUGE}
    big = replace(sample(NEW, Clock.WALL, 1, 1, 5), pause=HUGE, phases=phases)
    found = frame(run_of([big, Sample(RESET, Clock.WALL, 1, FAILED)]))
    assert found["pause"].iloc[0] == HUGE and found["map"].iloc[0] == HUGE
    assert found["pause"].isna().tolist() == [False, True]


def test_experiments_and_counters_may_be_mixed() -> None:
    pin = replace(NEW, method=Method.IO_URING, device="none")
    counted = replace(sample(pin, Clock.WALL, 1, 1, 9), counters={"faults": 3})
    found = frame(run_of([sample(NEW, Clock.WALL, 1, 1, 5), counted]))
    assert found["pin"].isna().tolist() == [True, False]
    assert found["map"].isna().tolist() == [False, True]
    assert found["counter_faults"].isna().tolist() == [True, False]


def test_a_planned_cell_that_left_no_line_has_a_row() -> None:
    run = replace(run_of([sample(NEW, Clock.WALL, 1, 1, 5)]), missing={LARGE: "lost: by a flood"})
    row = frame(run).iloc[1]
    assert row["status"] == "missing: lost: by a flood"
    assert pd.isna(row["pause"]) and pd.isna(row["boot"]) and row["mem"] == LARGE.mem


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from([NEW, RESET, LARGE]), st.permutations([*Phase][:9]))))
def test_the_order_of_phases_in_a_line_does_not_matter(rows: list[tuple[object, ...]]) -> None:
    samples = []
    for number, (cell, order) in enumerate(rows):
        made = sample(cell, Clock.WALL, 1, number, 1000 + number)  # type: ignore[arg-type]
        phases = {phase: made.phases[phase] for phase in order}  # type: ignore[attr-defined]
        samples.append(replace(made, phases=phases))
    found = frame(run_of(samples))
    for name in (phase for phase in Phase if phase.value in found):
        assert found[name].tolist() == [each.phases[name] for each in samples]


@pytest.mark.long
def test_a_hundred_thousand_samples_take_less_than_two_seconds() -> None:
    """0.3 s where this was written; a million take ten times that."""
    pattern = [sample(cell, Clock.WALL, 1, 1, 5) for cell in (NEW, RESET)]
    samples = [replace(pattern[n % 2], rep=n, status="ok" if n else WARMUP) for n in range(100_000)]
    began = time.process_time()
    assert len(frame(run_of(samples))) == 100_000
    assert time.process_time() - began < 2
