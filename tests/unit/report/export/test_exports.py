# SPDX-License-Identifier: GPL-2.0-only
"""Markdown, JSON and CSV of runs: every cell is in them, and what is no measurement is marked."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from bench.errors import CannotJudge, UsageError
from bench.model.cell import Cell, Clock
from bench.model.method import Method
from bench.model.units import GIB
from bench.report.export.exports import export
from bench.results.writer import Run, load
from bench.sides import cell_name
from tests.unit.runs import (
    CELL,
    FAILED,
    LARGE,
    NEW,
    RESET,
    SKIPPED,
    VALUES,
    measured,
    noisy,
    on_a_line,
    run_of,
    sized,
    straight,
    write_run,
)
from tests.unit.runs import without as nothing

STATES = ("measured", "extrapolated", "failed", "skipped", "missing")


@pytest.fixture(scope="module")
def mixed() -> Run:
    """Four measured sizes, one left out that they predict, one failed, one skipped, one lost."""
    sizes = [sized(CELL, gib) for gib in (1, 2, 4, 16)]
    failed, skipped, lost = (
        replace(CELL, device=device) for device in ("sim-blk-pa", "vp-vdpa", "vduse-blk")
    )
    run = run_of(
        [
            *straight(sizes),
            nothing(sized(CELL, 64), SKIPPED),
            *measured(failed, [111_222_333]),
            replace(nothing(failed, FAILED), boot=2),
            nothing(skipped, "skipped: no <script>alert(1)</script>|`x` (needs: *one*)"),
        ]
    )
    return replace(run, missing={lost: "not measured: the run was interrupted"})


def json_of(run: Run) -> dict[str, Any]:
    (found,) = json.loads(export("json", [run]))["runs"]
    return dict(found)


def by_status(run: Run) -> dict[str, list[dict[str, Any]]]:
    cells = json_of(run)["cells"]
    return {state: [c for c in cells if c["status"] == state] for state in STATES}


def test_json_says_what_each_cell_is(mixed: Run) -> None:
    found = by_status(mixed)
    assert [len(found[state]) for state in STATES] == [4, 1, 1, 1, 1]
    (estimate,) = found["extrapolated"]
    wanted = on_a_line(sized(CELL, 64))
    assert estimate["pause"] is None
    assert estimate["extrapolated"]["value"] == pytest.approx(wanted, rel=0.01)
    assert "left out by --budget" in estimate["reason"]
    for state in ("failed", "skipped", "missing"):
        assert found[state][0]["reason"]
        assert found[state][0]["pause"] is found[state][0]["extrapolated"] is None
    assert "111222333" not in export("json", [mixed])


def test_json_has_the_figures_of_the_samples(tmp_path: Path) -> None:
    found = json_of(load(write_run(tmp_path / "run", noisy(1))))
    assert (found["unit"], found["clock"], found["damage"]) == ("ns", "wall", [])
    reset, new = found["cells"]
    boots = noisy(1)[NEW].values()
    pauses = sorted(value for boot in boots for value in boot)
    assert new["pause"]["n"] == len(pauses) and new["pause"]["boots"] == 5
    assert new["pause"]["median"] == median(median(boot) for boot in boots)
    assert [new["pause"]["min"], new["pause"]["max"]] == [pauses[0], pauses[-1]]
    assert new["pause"]["interval"] is None  # of a median, which takes six boots
    (one, *_) = json_of(load(write_run(tmp_path / "one", noisy(1, boots=1, reps=50))))["cells"]
    pauses = sorted(noisy(1, boots=1, reps=50)[RESET][1])
    assert one["pause"]["interval"] == [pauses[17], pauses[32]]  # of 50, by the binomial
    assert new["ratio"] == reset["pause"]["median"] / new["pause"]["median"]
    assert new["base"] == reset["name"] == cell_name(RESET)
    assert reset["ratio"] is None
    assert new["phases"].keys() == {phase.value for phase in Method.NEW_OWNER.experiment.phases}
    assert found["environment"]["executor"]["kernel"] == "6.12+live-update"


def test_json_of_two_runs_has_both(tmp_path: Path) -> None:
    runs = [load(write_run(tmp_path / name)) for name in ("a", "b")]
    assert [run["name"] for run in json.loads(export("json", runs))["runs"]] == ["a", "b"]
    with pytest.raises(UsageError, match="twice"):
        export("json", [runs[0], runs[0]])


def test_json_has_no_infinity(tmp_path: Path) -> None:
    values = {RESET: {1: [5]}, NEW: {1: [0]}}
    odd = {"load": [float("inf"), float("nan"), 1.0]}
    run = load(write_run(tmp_path / "run", values, machine=odd))
    text = export("json", [run])
    whole = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert whole["runs"][0]["cells"][1]["ratio"] is None


def table_rows(text: str) -> list[list[str]]:
    """The cells of the rows of the pauses' table, without head and rule."""
    lines = text[text.index("| device |") :].split("\n\n")[0].splitlines()
    return [[part.strip() for part in line.split("|")[1:-1]] for line in lines[2:]]


def test_markdown_marks_what_is_no_measurement(mixed: Run) -> None:
    text = export("markdown", [mixed])
    rows = table_rows(text)
    assert [row[-1] for row in rows] == [*[""] * 4, "**extrapolated**"]
    (estimate,) = (row for row in rows if row[-1] == "**extrapolated**")
    assert estimate[10] == "0" and estimate[6].startswith("\\~")
    listed = text.split("#### Cells that were not measured")[1]
    for state in STATES[1:]:
        assert f"**{state}**" in listed
    assert "not a time" in text
    assert "111" not in text.replace(FAILED, "").split("executor")[0]


def test_markdown_takes_no_markup_from_data(mixed: Run) -> None:
    text = export("markdown", [mixed])
    assert "\\<script\\>alert(1)\\</script\\>\\|\\`x\\`" in text
    device = replace(RESET, device="/dev/a|b *c* [d](e) <i>")
    assert "| /dev/a\\|b \\*c\\* \\[d\\](e) \\<i\\> |" in export(
        "markdown", [run_of(measured(device, [1]))]
    )


def test_markdown_has_the_same_figures_as_json(tmp_path: Path) -> None:
    run = load(write_run(tmp_path / "run", noisy(2, boots=1, reps=50)))
    (_, new), (_, row) = json_of(run)["cells"], table_rows(export("markdown", [run]))
    assert row[10] == "50" and row[6] == f"{new['pause']['median'] / 1e6:.3f} ms"
    low, high = (end / 1e6 for end in new["pause"]["interval"])
    assert row[7] == f"{low:.3f} ms to {high:.3f} ms"
    assert row[11] == f"{new['ratio']:.3f}x" if new["ratio"] < 2 else f"{new['ratio']:.2f}x"
    assert "in wall time" in export("markdown", [run])


def test_damage_is_said(tmp_path: Path) -> None:
    path = write_run(tmp_path / "run") / "samples.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    run = load(path.parent)
    assert "#### Damaged" in export("markdown", [run])
    assert json_of(run)["damage"]
    assert "bench_damage" in export("pyperf", [run])


def test_csv_has_a_line_a_sample_and_a_line_a_reason(mixed: Run) -> None:
    rows = [*csv.DictReader(io.StringIO(export("csv", [mixed])))]
    assert len(rows) == len(mixed.samples) + 1
    assert rows[-1]["status"] == "missing" and rows[-1]["pause"] == ""
    for row, sample in zip(rows, mixed.samples, strict=False):
        word, _, reason = sample.status.partition(": ")
        assert (row["status"], row["reason"]) == (word, reason)
        assert row["pause"] == ("" if sample.pause is None else str(sample.pause))
        assert row["unit"] == "instructions"


@pytest.mark.parametrize("kind", ["markdown", "json", "csv", "pyperf"])
@pytest.mark.parametrize("make", [lambda c: {}, lambda c: {c: {1: [5]}}])
def test_what_has_no_sample_is_no_file(
    kind: str, make: Callable[[Cell], Any], tmp_path: Path
) -> None:
    run = load(write_run(tmp_path / "run", make(NEW), without={LARGE: SKIPPED}))
    if run.measured:
        assert export(kind, [run])
    else:
        with pytest.raises(CannotJudge, match="no cell was measured"):
            export(kind, [run])


def test_an_unknown_format_lists_those_there_are(mixed: Run) -> None:
    with pytest.raises(UsageError, match="'xml' is unknown") as caught:
        export("xml", [mixed])
    assert caught.value.hint.startswith("did you mean junit? known are markdown, json, csv, pyperf")


def test_instructions_are_never_given_a_time(tmp_path: Path) -> None:
    run = load(write_run(tmp_path / "run", VALUES, Clock.ICOUNT))
    text = export("markdown", [run])
    assert not any(f" {unit} " in text for unit in ("ns", "us", "ms", "s"))
    assert json_of(run)["unit"] == "instructions"
    assert GIB
