# SPDX-License-Identifier: GPL-2.0-only
"""Where a difference comes from: against a count by hand, in one boot and in several."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

from bench.model.cell import Clock
from bench.model.method import Phase
from bench.results.writer import create
from bench.sides import breakdown, read_side, write_baseline
from tests.unit.runs import RESET, counted, facts, sample
from tests.unit.side_files import old_baseline

# Of each rep; the others of a handover take nothing.
USUAL = {Phase.RELEASE: 4000, Phase.EXEC: 900, Phase.MAP: 1000}


def store_reps(path: Path, reps: list[Mapping[Phase, int]]) -> None:
    """A run of one cell, rep by rep; the number that names its boot is its seed."""
    store = create(path, "small")
    store.write_facts(facts(Clock.ICOUNT, seed=int(path.name) if path.name.isdigit() else 1))
    zero = dict.fromkeys(RESET.method.experiment.phases, 0)
    samples = []
    for number, phases in enumerate(reps, 1):
        whole = {**zero, **phases}
        rep = sample(RESET, Clock.ICOUNT, 1, number, sum(whole.values()))
        samples.append(replace(rep, phases=whole))
    store.append(samples)
    store.close()


def changed(**by: int) -> dict[Phase, int]:
    return {phase: ticks + by.get(phase.value, 0) for phase, ticks in USUAL.items()}


def test_the_phase_that_changed_most_is_the_first(tmp_path: Path) -> None:
    store_reps(tmp_path / "a", [USUAL, USUAL, changed(exec=3)])
    store_reps(tmp_path / "b", [changed(release=100, map=-20)] * 3)
    sides = [read_side(tmp_path / name).cells[RESET] for name in "ab"]
    found = breakdown(*sides)
    assert found
    assert [(each.phase, each.base, each.new) for each in found.phases] == [
        (Phase.RELEASE, 4000, 4100),
        (Phase.MAP, 1000, 980),
    ]
    assert [found.share(each) for each in found.phases] == [100 / 80, -20 / 80]
    assert (found.base, found.new) == (5900, 5980)
    back = breakdown(*reversed(sides))
    assert back and [each.difference for each in back.phases] == [-100, 20]


def test_phases_of_all_boots_count(tmp_path: Path) -> None:
    """Each file by plain Python, and no line of ours."""
    scales = {"a/01": [0, 10, 20], "a/02": [7, 9], "b/01": [500, 510], "b/02": [480, 490, 900]}
    for name, steps in scales.items():
        store_reps(tmp_path / name, [changed(release=step) for step in steps])
    rows: dict[str, list[int]] = {"a": [], "b": []}
    for name in scales:
        for line in (tmp_path / name / "samples.jsonl").read_text().splitlines():
            rows[name[0]].append(json.loads(line)["phases"]["release"])
    sides = [read_side([tmp_path / s / "01", tmp_path / s / "02"]).cells[RESET] for s in "ab"]
    found = breakdown(*sides)
    assert found and len(found.phases) == 1
    assert (found.phases[0].base, found.phases[0].new) == (median(rows["a"]), median(rows["b"]))


def test_nothing_differs(tmp_path: Path) -> None:
    store_reps(tmp_path / "a", [USUAL] * 3)
    side = read_side(tmp_path / "a").cells[RESET]
    found = breakdown(side, side)
    assert found and (found.phases, found.difference) == ((), 0)


def test_a_baseline_has_a_median_of_each_boot(tmp_path: Path) -> None:
    """By plain Python: medians over boots of the median of each, on both sides."""
    steps = {"a/01": [0, 10, 20, 90], "a/02": [7, 9], "b/01": [500, 510], "b/02": [480, 490, 900]}
    for name, each in steps.items():
        store_reps(tmp_path / name, [changed(release=step) for step in each])
    runs = [read_side([tmp_path / s / "01", tmp_path / s / "02"]) for s in "ab"]
    write_baseline(runs[0], tmp_path / "base.json")
    kept, new = read_side(tmp_path / "base.json").cells[RESET], runs[1].cells[RESET]
    found = breakdown(kept, new)
    medians = [
        median(median(each) for name, each in steps.items() if name[0] == side) for side in "ab"
    ]
    assert found and found.of_boots and [each.phase for each in found.phases] == [Phase.RELEASE]
    assert [each - 4000 for each in (found.phases[0].base, found.phases[0].new)] == medians
    assert found.new - found.base == medians[1] - medians[0]
    back = breakdown(new, kept)
    assert back and back.phases[0].difference == -found.phases[0].difference


@pytest.mark.parametrize("order", [1, -1])
def test_an_old_baseline_has_no_phases(order: int, tmp_path: Path) -> None:
    run = read_side(counted(tmp_path / "run"))
    write_baseline(run, tmp_path / "base.json")
    old = read_side(old_baseline(tmp_path / "base.json", 1))
    sides = [side.cells[RESET] for side in (run, old)]
    assert breakdown(*sides[::order]) is None
