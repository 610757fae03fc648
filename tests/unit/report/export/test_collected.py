# SPDX-License-Identifier: GPL-2.0-only
"""Exports for those who collect results, each read as its consumer reads it."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import kcidb_io
import pytest
from junitparser import JUnitXml

from bench.errors import CannotJudge, UsageError
from bench.model.cell import Clock
from bench.report.export.exports import FORMATS, export
from bench.report.export.ktap import ktap_code
from bench.results.writer import Run, load
from tests.unit.page_runs import hostile, lonely, mixed, pinned
from tests.unit.report.junit_rules import complaints
from tests.unit.runs import FAILED, NEW, RESET, SKIPPED, write_run

RUNS: dict[str, Callable[[], Run]] = {
    "mixed": mixed,
    "hostile": hostile,
    "lonely": lonely,
    "pinned": pinned,
}
COLLECTED = ("ktap", "junit", "kcidb", "squad", "github-action-benchmark", "bencher")


@pytest.fixture(params=RUNS)
def run(request: pytest.FixtureRequest) -> Run:
    return RUNS[request.param]()


def measured(run: Run) -> int:
    return sum(columns.state[0] == "measured" for columns in run.by_cell.values())


# Documentation/dev-tools/ktap.rst: a result line, and what may stand behind its #.
RESULT = re.compile(r"(ok|not ok) (\d+) ([^#\n]+?)(?: # (SKIP )?([^#\n]*))?")


def test_ktap(run: Run) -> None:
    head, plan, *lines = export("ktap", [run]).splitlines()
    assert (head, plan) == ("KTAP version 1", f"1..{len(lines)}")
    found = [RESULT.fullmatch(line) for line in lines]
    assert all(found), lines
    assert [int(each[2]) for each in found if each] == [*range(1, len(lines) + 1)]
    passed = [each for each in found if each and each[1] == "ok" and not each[4]]
    assert len(passed) == measured(run)


@pytest.mark.parametrize(
    ("without", "code"),
    [({}, 0), ({NEW: FAILED}, 1), ({NEW: SKIPPED}, 0), ({NEW: SKIPPED, RESET: SKIPPED}, 4)],
)
def test_the_exit_code_is_that_of_kselftest(
    without: dict[Any, str], code: int, tmp_path: Path
) -> None:
    values = {cell: {1: [7, 8, 9]} for cell in (RESET, NEW) if cell not in without}
    assert ktap_code([load(write_run(tmp_path / "run", values, without=without))]) == code


def test_kcidb(run: Run) -> None:
    """Its own library finds nothing wrong."""
    found = json.loads(export("kcidb", [run]))
    kcidb_io.schema.V5_3.validate(found)
    numbers = [test["number"] for test in found["tests"] if "number" in test]
    assert len(numbers) == measured(run)
    unit = "s" if run.clock is Clock.WALL else "instructions"
    assert {number["unit"] for number in numbers} == {unit}
    assert all((test["status"] == "DONE") == ("number" in test) for test in found["tests"])


def test_junit(run: Run, tmp_path: Path) -> None:
    """junitparser reads it, and it keeps to the attributes of junit-10.xsd."""
    text = export("junit", [run])
    path = tmp_path / "junit.xml"
    path.write_text(text)
    whole = JUnitXml.fromfile(str(path))
    assert whole.tests == len(run.by_cell) + len(run.missing)
    assert whole.tests - whole.failures - whole.skipped == measured(run)
    elements = [*ElementTree.fromstring(text).iter()]
    assert complaints(text) == []
    for suite in elements[0]:  # Ant's schema has an order: properties, then cases
        tags = [each.tag for each in suite]
        assert tags == sorted(tags)
    timed = [each for each in elements if each.tag == "testcase" and "time" in each.attrib]
    assert len(timed) == (measured(run) if run.clock is Clock.WALL else 0)


def test_squad(run: Run) -> None:
    found = json.loads(export("squad", [run]))
    assert len(found) == measured(run)
    assert all(name.count("/") == 1 and isinstance(v, float) for name, v in found.items())


def test_github_action_benchmark(run: Run) -> None:
    """customSmallerIsBetter: name, unit and value; range and extra are texts."""
    found = json.loads(export("github-action-benchmark", [run]))
    assert len(found) == len({row["name"] for row in found}) == measured(run)
    for row in found:
        assert row.keys() == {"name", "unit", "value", "range", "extra"}
        assert row["unit"] == run.clock.unit and row["value"] > 0


def test_bencher(run: Run) -> None:
    """Bencher Metric Format: a benchmark's measures, each a value between two others."""
    found = json.loads(export("bencher", [run]))
    assert len(found) == measured(run)
    for measures in found.values():
        ((name, metric),) = measures.items()
        assert name == ("latency" if run.clock is Clock.WALL else "instructions")
        assert metric["lower_value"] <= metric["value"] <= metric["upper_value"]


@pytest.mark.parametrize("kind", COLLECTED)
def test_two_runs_are_told_apart(kind: str, tmp_path: Path) -> None:
    runs = [load(write_run(tmp_path / name)) for name in ("a", "b")]
    text = export(kind, runs)
    assert len(text) > len(export(kind, runs[:1]))
    assert export(kind, runs) == text


@pytest.mark.parametrize("kind", COLLECTED)
def test_what_was_not_measured_is_no_number(kind: str, tmp_path: Path) -> None:
    run = load(write_run(tmp_path / "run", {}, without={NEW: FAILED, RESET: SKIPPED}))
    try:
        text = export(kind, [run])
    except CannotJudge:
        assert kind in ("squad", "github-action-benchmark", "bencher")
        return
    assert "VmPin is 0 kB" in text and "left out by --budget" in text
    assert '"number"' not in text and "time=" not in text.replace('time="0', "")


def test_a_word_that_is_near_is_named() -> None:
    with pytest.raises(UsageError) as caught:
        export("kcdib", [])
    assert "did you mean kcidb?" in caught.value.hint
    assert all(kind in caught.value.hint for kind in FORMATS)


@pytest.mark.parametrize("kind", COLLECTED)
def test_what_is_wrong_on_purpose_is_no_number(kind: str, tmp_path: Path) -> None:
    """A dashboard would keep it as if it were one."""
    broken = {"name": "small", "broken": "wrong-address"}
    run = load(write_run(tmp_path / "run", scenario=broken))
    try:
        text = export(kind, [run])
    except CannotJudge as error:
        assert "wrong-address" in error.message
        return
    assert "wrong-address" in text and ktap_code([run]) == 4
    assert '"number"' not in text and "pause 1." not in text and "<property" not in text


def test_very_short_times_are_written_without_an_exponent(tmp_path: Path) -> None:
    text = export("junit", [load(write_run(tmp_path / "run", {NEW: {1: [700, 800, 900]}}))])
    assert complaints(text) == []


def test_the_origin_is_the_one_that_kernelci_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_KCIDB_ORIGIN", "my_lab")
    found = json.loads(export("kcidb", [mixed()]))
    kcidb_io.schema.V5_3.validate(found)
    objects = [each for name in ("checkouts", "builds", "tests") for each in found[name]]
    assert {each["origin"] for each in objects} == {"my_lab"}
    assert all(each["id"].startswith("my_lab:") for each in objects)
