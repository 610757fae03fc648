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
from bench.model.cell import Block, Clock, Method, Plan
from bench.model.facts import ExecutorFacts, MachineFacts, RunFacts
from bench.paths import ROOT
from bench.report.table.section import Column, Entry, make_table
from bench.report.text.text import table_text
from bench.results.writer import Run, create, load
from tests.unit.report_runs import Silent, run_text
from tests.unit.streams import PAUSES, failing_stream, small_plan, stream

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


def lines_with(text: str, *words: str) -> list[str]:
    return [line for line in text.splitlines() if all(word in line for word in words)]


def test_an_alias_is_marked(stored: Run) -> None:
    text = run_text(stored)
    assert lines_with(text, "64 GiB", "alias", "new-owner")
    assert not lines_with(text, "64 MiB", "alias")


def test_a_failed_cell_is_marked_with_its_reason(stored: Run) -> None:
    for method in ("new-owner", "reset-owner"):
        assert lines_with(
            run_text(stored), "hugetlb-2m", "64 MiB", method, "failed", "Invalid argument"
        )


def test_a_skipped_cell_is_marked_with_its_need(stored: Run) -> None:
    for method in ("new-owner", "reset-owner"):
        assert lines_with(run_text(stored), "hugetlb-2m", method, "skipped", "64 GiB of memory")


def test_instructions_are_never_a_time(stored: Run) -> None:
    text = run_text(stored)
    assert "instructions" in text
    assert TIME.findall(text) == []


def test_wall_time_is_a_time(tmp_path: Path) -> None:
    text = run_text(recorded(tmp_path / "run", Clock.WALL))
    assert "instructions" not in text
    assert TIME.findall(text)


def test_the_ratio_is_of_the_medians(stored: Run) -> None:
    # Three reps each and a warm-up, which is not one of them.
    def median(method: Method) -> int:
        samples = [s for s in stored.samples if s.ok and s.cell.method is method]
        pauses = [s.pause for s in samples if s.pause and s.cell.mem == 64 << 20]
        assert len(pauses) == 3
        return sorted(pauses)[1]

    lines = lines_with(run_text(stored), "thp", "64 MiB", " new-owner")
    line = next(line for line in lines if line.startswith("sim-net-pa"))
    (printed,) = re.findall(r"([\d.]+)x", line)
    expected = median(Method.RESET_OWNER) / median(Method.NEW_OWNER)
    assert float(printed) == pytest.approx(expected, rel=5e-3)


def test_why_there_is_no_kvm_is_said(stored: Run) -> None:
    assert "/dev/kvm: No such file or directory" in run_text(stored)


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
