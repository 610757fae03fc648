# SPDX-License-Identifier: GPL-2.0-only
"""Our pyperf files, read by pyperf itself."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

import pyperf
import pytest

from bench.errors import CannotJudge, UsageError
from bench.model.cell import Clock
from bench.report.export.exports import export
from bench.results.writer import load
from bench.sides import read_side
from tests.unit.runs import FAILED, LARGE, NEW, RESET, VALUES, noisy, write_run

ZEROS = "left out: pyperf takes no value of 0, and a boot of it has no other"
NAME = "sim-net-pa thp 1GiB new-owner"


def written(run: Path) -> Path:
    path = run.with_suffix(".json")
    path.write_text(export("pyperf", [load(run)]))
    return path


def run_pyperf(*words: str | Path) -> str:
    command = [sys.executable, "-m", "pyperf", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


@pytest.mark.parametrize("clock", Clock)
def test_every_command_of_pyperf_takes_it(clock: Clock, tmp_path: Path) -> None:
    path = written(write_run(tmp_path / "run", noisy(1), clock, without={LARGE: FAILED}))
    commands = ("show", "hist", "dump", "check", "stats", "metadata")
    *shown, metadata = said = [run_pyperf(command, path) for command in commands]
    assert all(
        NAME in text for text, command in zip(said, commands, strict=True) if command != "check"
    )
    assert "VmPin is 0 kB" in metadata
    if clock is Clock.ICOUNT:
        check_counts("".join(shown), path)


def check_counts(text: str, path: Path) -> None:
    """Nowhere is a count a time; pyperf has no other way to say that a duration is none."""
    durations = [line for line in text.splitlines() if line.startswith("Total duration")]
    assert {*durations} == {"Total duration: 0 sec"}
    assert not [word for word in text.split() if word in ("ns", "us", "ms", "day", "hour", "min")]
    assert {run.get_metadata()["unit"] for run in runs_of(path)} == {"integer"}


def test_stats_are_those_of_the_samples_in_seconds(tmp_path: Path) -> None:
    path = written(write_run(tmp_path / "run", noisy(1)))
    text = run_pyperf("stats", "-b", NAME, path)
    values = [value for boot in noisy(1)[NEW].values() for value in boot]
    assert f"Median +- MAD:   {median(values) / 1e6:.2f} ms" in text
    assert "Number of run with values: 5" in text
    assert "Number of value per run: 10" in text
    assert "Number of warmup per run: 1" in text


def runs_of(path: Path) -> list[pyperf.Run]:
    return [run for bench in pyperf.BenchmarkSuite.load(str(path)) for run in bench.get_runs()]


@pytest.mark.parametrize("clock", Clock)
def test_compare_to_finds_what_is_slower(clock: Clock, tmp_path: Path) -> None:
    base = written(write_run(tmp_path / "base", noisy(1), clock))
    slow = written(write_run(tmp_path / "slow", noisy(2, 1.05), clock))
    said = run_pyperf("compare_to", base, slow)
    assert said.count("1.05x slower") == 3  # both cells, and the geometric mean
    again = run_pyperf("compare_to", base, base)
    assert "slower" not in again and "faster" not in again


def test_values_of_a_boot_are_a_run_and_warmups_are_warmups(tmp_path: Path) -> None:
    path = written(write_run(tmp_path / "run", {NEW: {1: [4, 5], 3: [6]}}))
    first, second = runs_of(path)
    assert (first.values, first.warmups) == ((4e-9, 5e-9), ((1, 8e-9),))
    assert second.values == (6e-9,)
    assert [run.get_metadata()["bench_boot"] for run in (first, second)] == [1, 3]


def test_zeros_are_counted_and_not_values(tmp_path: Path) -> None:
    values = {NEW: {1: [0, 7, 0], 2: [9]}, RESET: {1: [0]}}
    path = written(write_run(tmp_path / "run", values))
    first, second = runs_of(path)
    assert first.values == (7e-9,)
    assert first.get_metadata()["bench_values_left_out"] == 2
    assert "bench_values_left_out" not in second.get_metadata()
    side = read_side(path)
    assert side.cells[NEW].lists() == values[NEW]
    assert side.without == {RESET: ZEROS}
    with pytest.raises(CannotJudge, match="no value of 0"):
        written(write_run(tmp_path / "zeros", {RESET: {1: [0]}}))


def test_a_boot_of_zeros_leaves_its_cell_out(tmp_path: Path) -> None:
    """The other boots alone are not the cell."""
    path = written(write_run(tmp_path / "run", {NEW: {1: [0, 0], 2: [9]}, RESET: {1: [7]}}))
    side = read_side(path)
    assert side.without == {NEW: ZEROS} and [*side.cells] == [RESET]


def test_metadata_are_scalars_and_name_the_cell(tmp_path: Path) -> None:
    path = written(write_run(tmp_path / "run", VALUES, machine={"governor": ["a", "b"]}))
    metadata = runs_of(path)[0].get_metadata()
    assert metadata["bench_fact_governor"] == '["a", "b"]'
    assert metadata["bench_cell_mem"] == RESET.mem
    assert metadata["bench_fact_kernel"] == "6.12+live-update"
    assert json.loads(path.read_text())["version"] == "1.0"


def test_a_file_is_one_run(tmp_path: Path) -> None:
    runs = [load(write_run(tmp_path / name)) for name in ("a", "b")]
    with pytest.raises(UsageError, match="one run"):
        export("pyperf", runs)
