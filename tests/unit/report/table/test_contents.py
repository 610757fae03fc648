# SPDX-License-Identifier: GPL-2.0-only
"""The table of a stored run. BENCH_UPDATE_GOLDEN=1 writes the golden one anew."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bench.errors import BenchError
from bench.executors.replay import ReplayExecutor
from bench.measure.loop import run
from bench.model.cell import Block, Clock, Plan
from bench.model.facts import ExecutorFacts, MachineFacts, RunFacts
from bench.model.method import Method
from bench.paths import ROOT
from bench.report.table.contents import contents
from bench.report.table.section import INTERVAL_HEAD, Column, Entry, make_table
from bench.report.text.text import table_text
from bench.results.writer import Run, create, load
from bench.stats.least import LEAST_OF_MEDIAN
from tests.unit.runs import NEW, run_text, write_run
from tests.unit.streams import PAUSES, Silent, failing_stream, small_plan, stream

GOLDEN = ROOT / "tests" / "golden" / "table.txt"
ERROR = {"t": "error", "op": "NEW_OWNER", "errno": 22, "text": "NEW_OWNER: Invalid argument"}
SKIP = {"t": "skip", "why": "32768 hugetlb-2m pages are not free", "need": "64 GiB of memory"}
TIME = re.compile(r"\d\s?(?:ns|us|\u00b5s|ms|s|seconds?|min)\b")

FACTS = RunFacts(
    seed=1,
    executor=ExecutorFacts(
        name="guest",
        accelerator="tcg",
        reason="/dev/kvm: No such file or directory",
        kernel="6.12.1+live-update",
    ),
    machine=MachineFacts(cpu="A CPU", cpus=2, memory=8 << 30, system="A system 12"),
    clock=Clock.ICOUNT,
)


def plan() -> Plan:
    methods = "reset-owner,new-owner,exec-only"
    return small_plan(mem="64M,64G", pages="thp,hugetlb-2m", method=methods, reps=3)


def lines_of(block: Block) -> list[str]:
    """64 MiB of hugetlb pages fail, and 64 GiB of them are skipped."""
    cell = block.any_cell
    if cell.method is Method.EXEC_ONLY or cell.pages == "thp":
        scale = cell.mem >> 26
        return stream(block, {method: pause * scale for method, pause in PAUSES.items()})
    return failing_stream(block, 2, ERROR if cell.mem == 64 << 20 else SKIP)


def recorded(path: Path, clock: Clock) -> Run:
    store = create(path, "small")
    store.write_facts(replace(FACTS, clock=clock))
    measured = plan()
    lines = [line for block in measured.blocks for line in lines_of(block)]
    run(measured, ReplayExecutor(lines, clock), store, Silent())
    return load(path)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return recorded(tmp_path_factory.mktemp("report") / "run", Clock.ICOUNT)


@pytest.fixture(scope="module")
def directory(stored: Run) -> Path:
    return stored.path


def test_the_table_is_the_golden_one(stored: Run) -> None:
    table = run_text(stored) + "\n"
    if os.environ.get("BENCH_UPDATE_GOLDEN"):
        GOLDEN.write_text(table)
    assert table == GOLDEN.read_text()


def test_instructions_are_never_a_time(stored: Run) -> None:
    text = run_text(stored)
    assert "instructions" in text
    assert TIME.findall(text) == []


def test_wall_time_is_a_time(tmp_path: Path) -> None:
    text = run_text(recorded(tmp_path / "run", Clock.WALL))
    assert "instructions" not in text
    assert TIME.findall(text)


def test_a_run_without_samples_is_still_text(stored: Run) -> None:
    assert "6.12.1+live-update" in run_text(Run(stored.path, stored.facts, {}))


def test_figures_stand_right_and_words_left() -> None:
    rows = [map(Entry, row) for row in (("a", "5"), ("longer", "10"))]
    made = make_table((Column("name", right=False), Column("n")), rows)
    assert table_text(made) == "name     n\na        5\nlonger  10"


VALUES: list[Any] = [None, True, -1, 0, 1.5, 1e400, 1 << 64, "", "x", "ok", [], {}, {"map": 1}]


@pytest.mark.slow
@settings(max_examples=300)
@given(st.data())
def test_what_can_be_loaded_can_be_printed(directory: Path, data: st.DataObject) -> None:
    path = directory / data.draw(st.sampled_from(["run.json", "samples.jsonl"]))
    good = path.read_text()
    first, *others = good.splitlines() if path.suffix == ".jsonl" else [good]
    row = json.loads(first)
    row[data.draw(st.sampled_from(sorted(row)))] = data.draw(st.sampled_from(VALUES))
    try:
        path.write_text("".join(f"{line}\n" for line in [json.dumps(row), *others]))
        text = run_text(load(directory))
    except BenchError:
        return
    finally:
        path.write_text(good)
    assert text


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("reps", [LEAST_OF_MEDIAN - 1, LEAST_OF_MEDIAN])
def test_what_intervals_are_of_is_said_where_there_are_some(
    reps: int, wide: bool, tmp_path: Path
) -> None:
    path = write_run(tmp_path / "run", {NEW: {1: [*range(1000, 1000 + reps)]}}, Clock.ICOUNT)
    *figures, end = contents(load(path), wide=wide)
    shown = any(
        column.head == INTERVAL_HEAD for each in figures for column in each.tables[0].columns
    )
    assert shown == wide
    assert any(line.startswith("interval: ") for line in end.lines) == (wide and reps > 5)
