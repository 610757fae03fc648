# SPDX-License-Identifier: GPL-2.0-only
"""Copies that are taken for boots, and boots that are alike by chance; BASE that is NEW."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyperf
import pytest

from bench.errors import CannotJudge
from bench.model.cell import Clock
from bench.results.crc import add_crc
from bench.sides import read_side, same_run
from tests.unit.runs import NEW, RESET, contents, counts, noisy, write_run
from tests.unit.side_files import MAKERS, Make, as_baseline, old_baseline, rewritten

SAVED: Any = [{"began": "2026-01-01T00:00:00+00:00", "helper": "h1", "state": "aa"}]


def refused_as_copies(paths: Path | Sequence[Path], *names: str) -> None:
    with pytest.raises(CannotJudge, match="copies of one boot") as caught:
        read_side(paths)
    assert "\n" not in caught.value.message and "--force takes them as one" in caught.value.hint
    assert all(name in caught.value.message for name in names)
    assert read_side(paths, force=True).damage


@pytest.mark.parametrize("clock", Clock)
@pytest.mark.parametrize("executor", ["guest", "host"])
def test_one_boot_copied_five_times_is_one(clock: Clock, executor: str, tmp_path: Path) -> None:
    values = {NEW: {1: [1_300_001, 1_302_007]}}
    first = write_run(tmp_path / "1", values, clock, executor={"name": executor})
    paths = [first, *(tmp_path / str(number) for number in range(2, 6))]
    for path in paths[1:]:
        shutil.copytree(first, path)
    refused_as_copies(paths, str(first), str(paths[1]))
    side = read_side(paths, force=True)
    assert (contents(side), side.boots) == (values, 1)
    assert len(side.damage) == 4 and all("taken as one" in line for line in side.damage)


def test_a_copy_is_one_though_its_values_were_changed(tmp_path: Path) -> None:
    """Only the samples: what the boot is stands in run.json."""
    a = write_run(tmp_path / "a", {NEW: {1: [5_000]}}, seed=1, sessions=SAVED)
    b = write_run(tmp_path / "b", {NEW: {1: [5_100]}}, seed=1, sessions=SAVED)
    refused_as_copies([a, b])


def test_a_count_of_one_state_is_one_boot_whenever_it_was_measured(tmp_path: Path) -> None:
    other = [{**SAVED[0], "began": "2026-02-02T00:00:00+00:00"}]
    a = write_run(tmp_path / "a", {NEW: {1: [5_000]}}, Clock.ICOUNT, seed=1, sessions=SAVED)
    b = write_run(tmp_path / "b", {NEW: {1: [5_000]}}, Clock.ICOUNT, seed=1, sessions=other)
    refused_as_copies([a, b])
    c = write_run(tmp_path / "c", {NEW: {1: [5_000]}}, Clock.ICOUNT, seed=2, sessions=other)
    assert read_side([a, c]).boots == 2  # they may agree


def test_scenarios_of_one_boot_share_its_number(tmp_path: Path) -> None:
    """What a guest measures of other cells is more of one boot, as on the host."""
    a = write_run(tmp_path / "a", {NEW: {1: [5]}}, Clock.ICOUNT, seed=1, sessions=SAVED)
    b = write_run(tmp_path / "b", {RESET: {1: [6]}}, Clock.ICOUNT, seed=1, sessions=SAVED)
    assert contents(read_side([a, b])) == {NEW: {1: [5]}, RESET: {1: [6]}}
    later = [{**SAVED[0], "began": "2026-02-02T00:00:00+00:00"}]
    path = write_run(tmp_path / "c", {NEW: {1: [7]}}, Clock.ICOUNT, seed=1, sessions=later)
    refused_as_copies([a, path])
    whole = json.loads((path / "run.json").read_text())
    del whole["crc"]
    cells = [{**NEW.factors()}]
    whole["plan"] = [{"cells": cells, "order": ["new-owner", "new-owner"]}]
    (path / "run.json").write_text(add_crc(json.dumps(whole)))
    assert contents(read_side([a, path])) == {NEW: {1: [5, 7]}}  # another scenario


def test_values_tell_a_copy_where_run_json_was_changed(tmp_path: Path) -> None:
    values = noisy(1, boots=1)
    paths = [write_run(tmp_path / name, values, seed=at) for at, name in enumerate("ab")]
    refused_as_copies(paths, *map(str, paths))
    assert contents(read_side(paths, force=True)) == values
    others = [
        write_run(tmp_path / name, values, Clock.ICOUNT, seed=at) for at, name in enumerate("cd")
    ]
    assert read_side(others).boots == 2  # counts of two boots may agree


@pytest.mark.parametrize("boots", [[5, 6], [5, 6, 7, 6], [12_000, 13_000], [0, 0], [7, 7, 7]])
def test_small_numbers_are_equal_by_chance(boots: list[int], tmp_path: Path) -> None:
    values = {NEW: dict.fromkeys((1, 2, 3), boots)}
    assert contents(read_side(write_run(tmp_path / "run", values))) == values


def test_boots_of_a_fine_clock_are_hardly_ever_equal(tmp_path: Path) -> None:
    """300 sides of 20 boots of one value of 5 ms with a noise of 0.1 %: none is refused."""
    rng = np.random.default_rng(1)
    equal = 0
    for trial in range(300):
        drawn = [round(5e6 * value) for value in rng.normal(1, 0.001, 20)]
        equal += len({*drawn}) < 20
        path = tmp_path / f"{trial}.json"
        dumped(path, [[value / 1e9] for value in drawn])
        assert read_side(path).boots == 20
    assert equal  # some were equal


def dumped(path: Path, boots: Sequence[Sequence[float]], name: str = "theirs") -> Path:
    metadata = {"name": name, "unit": "second"}
    runs = [pyperf.Run(values, metadata=metadata, collect_metadata=False) for values in boots]
    pyperf.BenchmarkSuite([pyperf.Benchmark(runs)]).dump(str(path), replace=True)
    return path


def test_copies_in_a_foreign_file_are_refused(tmp_path: Path) -> None:
    values = [0.512345678, 0.498765432, 0.50001]
    path = dumped(tmp_path / "a.json", [values, [0.5, 0.6, 0.7], values])
    refused_as_copies(path, "boot 1 and boot 3", "theirs")
    assert contents(read_side(path, force=True)) == {"theirs": {1: values, 2: [0.5, 0.6, 0.7]}}
    refused_as_copies(dumped(tmp_path / "b.json", [[0.512345678]] * 5), "and 3 more")


def test_a_coarse_clock_gives_equal_values(tmp_path: Path) -> None:
    """Of 1/64 s, as Windows had."""
    tick = 0.015625 / 1024
    boots = [[tick * ticks] * 3 for ticks in (7, 7, 7, 8, 7)]
    assert read_side(dumped(tmp_path / "a.json", boots)).boots == 5


@pytest.mark.parametrize("make", MAKERS)
def test_copies_in_files_of_ours_are_refused(make: Make, tmp_path: Path) -> None:
    """By their identities, which is what counts have."""
    run = write_run(tmp_path / "run", {NEW: {1: [5], 2: [6]}}, Clock.ICOUNT)
    path = make(run, tmp_path / "file")
    assert read_side(path).boots == 2
    text = path.read_text().replace("boot 2", "boot 1")
    assert text != path.read_text()
    path.write_text(text)
    if make is as_baseline:
        rewritten(path, json.loads(text))
    refused_as_copies(path, "boot 1 and boot 2")
    assert contents(read_side(path, force=True)) == {NEW: {1: [5]}}


def test_base_that_is_new_is_said(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", noisy(1))
    other = write_run(tmp_path / "other", noisy(2))
    one, two = read_side(run), read_side(other)
    assert same_run(one, read_side(run)).startswith("BASE and NEW are one and the same")
    shutil.copytree(run, tmp_path / "copy")
    assert same_run(one, read_side(tmp_path / "copy"))
    assert same_run(one, two) == ""
    kept = read_side(as_baseline(run, tmp_path / "base.json"))
    assert same_run(kept, one) and not same_run(kept, two)
    assert same_run(read_side(old_baseline(tmp_path / "base.json", 1)), one)
    both = read_side([run, other])
    assert same_run(one, both) == "5 boots are in BASE and in NEW: there nothing can differ"


def test_counts_that_agree_are_not_one_measurement(tmp_path: Path) -> None:
    """One state measured by two sessions is what a check of counts looks like."""
    later = [{**SAVED[0], "began": "2026-02-02T00:00:00+00:00"}]
    a = write_run(tmp_path / "a", counts(), Clock.ICOUNT, seed=1, sessions=SAVED)
    b = write_run(tmp_path / "b", counts(), Clock.ICOUNT, seed=1, sessions=later)
    assert same_run(read_side(a), read_side(b)) == ""
    olds = [
        read_side(old_baseline(as_baseline(run, tmp_path / f"{run.name}.json"), 2))
        for run in (a, b)
    ]
    assert same_run(*olds) == ""
    assert same_run(olds[0], olds[0])


def test_foreign_files_of_the_same_values_are_one(tmp_path: Path) -> None:
    values = [[0.512345678, 0.498765432], [0.5, 0.6123]]
    files = [read_side(dumped(tmp_path / f"{name}.json", values)) for name in "ab"]
    assert same_run(*files)
    assert not same_run(files[0], read_side(dumped(tmp_path / "c.json", [[0.5], [0.6]])))
