# SPDX-License-Identifier: GPL-2.0-only
"""`bench gate --confirm`: what regressed is measured again before it fails anybody."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.commands.confirm import measured_again
from bench.plan.matrix import make_plan
from bench.plan.scenario import load_scenario
from bench.results.series import took_turns
from bench.results.writer import Store, load
from bench.sides import read_side, write_baseline
from tests.unit.command import Bench, Ended
from tests.unit.replayed import CELL, WORDS, measure, record, rubbish
from tests.unit.streams import PAUSES, failing_stream, stream, write_lines


@pytest.fixture
def sides(bench: Bench, tmp_path: Path) -> Path:
    """Where ``base`` and ``new`` are, ten percent slower, with their recordings."""
    for name, scale in (("base", 1.0), ("new", 1.1)):
        recorded = record(tmp_path / f"{name}.rec", scale)
        assert measure(bench, recorded, tmp_path / name).code == 0
    return tmp_path


def confirm(bench: Bench, where: Path, *words: str | Path) -> Ended:
    return bench("gate", where / "base", where / "new", "--confirm", *words)


def again(where: Path) -> list[str]:
    return sorted(path.name for path in where.glob("*.confirm-*"))


def test_a_regression_that_is_found_twice(bench: Bench, sides: Path) -> None:
    ended = confirm(bench, sides)
    assert ended.code == 1
    assert "confirmed on fresh boots: +9.98 %" in ended.out and "not confirmed" not in ended.out
    assert "1 cell regressed, now measured again" in ended.err
    assert again(sides) == ["base.confirm-1", "new.confirm-1"]


def test_a_regression_that_is_found_once(bench: Bench, sides: Path) -> None:
    record(sides / "new.rec")
    ended = confirm(bench, sides, "--json", sides / "json")
    assert ended.code == 0
    assert "1 inconclusive" in ended.out and "not confirmed on fresh boots: +0.00 %" in ended.out
    assert "not confirmed on fresh boots" in (sides / "json").read_text()
    assert confirm(bench, sides, "--strict").code == 125


def test_the_other_side_is_measured_again_too(bench: Bench, sides: Path) -> None:
    """The machine has become slower: so has BASE."""
    record(sides / "base.rec", 1.1)
    assert confirm(bench, sides).code == 0


def test_nothing_is_measured_without_a_regression(bench: Bench, sides: Path) -> None:
    ended = bench("gate", sides / "new", sides / "base", "--confirm")
    assert (ended.code, ended.err, again(sides)) == (0, "", [])
    assert bench("gate", sides / "base", sides / "new").code == 1 and again(sides) == []


def test_each_confirmation_has_its_own_directories(bench: Bench, sides: Path) -> None:
    assert [confirm(bench, sides).code for _ in range(2)] == [1, 1]
    assert len(again(sides)) == 4


def test_what_cannot_be_measured_again_is_not_green(bench: Bench, sides: Path) -> None:
    rubbish(sides / "new.rec")
    ended = confirm(bench, sides)
    assert ended.code == 125 and "--confirm: " in ended.err and "nothing was measured" in ended.err
    (sides / "new.rec").unlink()
    assert confirm(bench, sides).code == 2  # named in the scenario, and not there


@pytest.mark.parametrize("side", ["base", "new"])
def test_another_kernel_confirms_nothing(side: str, bench: Bench, sides: Path) -> None:
    """As where kernel-config changed, or the host was booted with another kernel."""
    facts = load(sides / side).facts
    Store(sides / side).write_facts(replace(facts, executor=replace(facts.executor, kernel="6.1")))
    assert bench("gate", sides / "base", sides / "new").code == 1
    ended = confirm(bench, sides)
    assert ended.code == 125 and "kernel: 6.1 in" in ended.err


def test_a_baseline_stays_what_it_is(bench: Bench, sides: Path) -> None:
    write_baseline(read_side(sides / "base"), sides / "base.json")
    ended = bench("gate", sides / "base.json", sides / "new", "--confirm")
    assert ended.code == 1 and again(sides) == ["new.confirm-1"]
    record(sides / "new.rec")
    assert bench("gate", sides / "base.json", sides / "new", "--confirm").code == 0


def test_a_file_cannot_be_measured_again(bench: Bench, sides: Path) -> None:
    write_baseline(read_side(sides / "new"), sides / "new.json")
    ended = bench("gate", sides / "base", sides / "new.json", "--confirm")
    assert ended.code == 2 and "new.json is a file" in ended.err and again(sides) == []


def test_a_budget_is_confirmed_as_well(bench: Bench, sides: Path) -> None:
    same = sides / "new", sides / "new"
    ended = bench("gate", *same, "--max-pause", "1.4Mi", "--confirm")
    assert again(sides) == ["new.confirm-1"]
    assert ended.code == 1 and "confirmed on fresh boots: +0.00 %" in ended.out
    record(sides / "new.rec")
    ended = bench("gate", *same, "--max-pause", "1.4Mi", "--confirm")
    assert ended.code == 0 and "not confirmed on fresh boots" in ended.out


def test_a_run_that_is_the_current_directory(
    bench: Bench, sides: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sides / "new")
    assert bench("gate", sides / "base", ".", "--confirm").code == 1
    assert again(sides) == ["base.confirm-1", "new.confirm-1"]


@pytest.fixture
def series(bench: Bench, tmp_path: Path) -> Path:
    """Two kernels, three boots of each."""
    words = ["--kernel", "a,b", "--boots", "3", "--clock", "wall"]
    assert measure(bench, record(tmp_path / "rec"), tmp_path / "s", *words).code == 0
    return tmp_path / "s"


def test_boots_are_measured_again_in_turns(series: Path) -> None:
    paths = [series / "a", series / "b"]
    places = measured_again(paths, {CELL}, False, lambda _: None)
    one, other = (places[path] for path in paths)
    runs = sorted(
        (run for place in (one, other) for run in place.iterdir()),
        key=lambda run: (run / "run.json").stat().st_mtime_ns,
    )
    assert [f"{run.parent.name[0]}{run.name}" for run in runs] == [
        *("a01", "b01", "b02", "a02", "a03", "b03")
    ]
    assert took_turns(one, other)
    assert load(runs[0]).clock == load(series / "a" / "01").clock
    seeds = [load(run).facts.seed for run in runs]
    assert seeds[0] == seeds[1] != seeds[2] == seeds[3]
    assert seeds[0] != load(series / "a" / "01").facts.seed


def test_other_cells_are_not_measured_again(bench: Bench, tmp_path: Path) -> None:
    """The second recording has one block: another would find nothing in it."""
    for name, scale in (("base", 1.0), ("new", 1.1)):
        blocks = {"64M": record(tmp_path / "one")}
        blocks["128M"] = record(tmp_path / "two", scale, "128M")
        order = make_plan(load_scenario("smoke", {**WORDS, "mem": "64M,128M"})).blocks
        texts = [blocks[f"{block.any_cell.mem >> 20}M"].read_text() for block in order]
        (tmp_path / f"{name}.rec").write_text("".join(texts))
        measure(bench, tmp_path / f"{name}.rec", tmp_path / name, "--mem", "64M,128M")
        record(tmp_path / f"{name}.rec", scale, "128M")
    ended = confirm(bench, tmp_path)
    assert ended.code == 1 and "1 regression, 1 no change" in ended.out
    found = load(tmp_path / "new.confirm-1")
    assert {sample.cell.mem for sample in found.samples} == {128 << 20}


def record_both(path: Path, scale: float, seed: int, fails: int = 0) -> Path:
    """Two blocks in the order of a seed; the one of ``fails`` MiB is not proven."""
    fields = {**WORDS, "mem": "64M,128M", "seed": seed}
    pauses = {method: round(pause * scale) for method, pause in PAUSES.items()}
    error = {"t": "error", "op": "NEW_OWNER", "errno": 22, "text": "Invalid argument"}
    blocks = make_plan(load_scenario("smoke", fields)).blocks
    streams = [
        failing_stream(block, 2, error)
        if block.any_cell.mem == fails << 20
        else stream(block, pauses)
        for block in blocks
    ]
    return write_lines(path, [text for each in streams for text in each])


def test_a_cell_that_fails_the_second_time_is_not_cleared(bench: Bench, tmp_path: Path) -> None:
    """Both regressed; of one the second figure is as it was, of the other there is none."""
    for name, scale in (("base", 1.0), ("new", 1.1)):
        recorded = record_both(tmp_path / f"{name}.rec", scale, seed=1)
        measure(bench, recorded, tmp_path / name, "--mem", "64M,128M", "--seed", "1")
        record_both(recorded, 1.0, seed=1002, fails=64 if name == "new" else 0)
    ended = confirm(bench, tmp_path)
    assert ended.code == 125 and "1 missing, 1 inconclusive" in ended.out
    assert "not judged on fresh boots: NEW has no value (failed: " in ended.out
