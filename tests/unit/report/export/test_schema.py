# SPDX-License-Identifier: GPL-2.0-only
"""The schemas of a report's JSON and CSV hold for every run, and refuse what is wrong."""

import copy
import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bench.errors import UsageError
from bench.paths import ROOT
from bench.report.export.exports import export
from bench.report.export.schema import report_schema
from bench.results.writer import Run, load
from tests.unit.page_runs import hostile, lonely, mixed, pinned
from tests.unit.runs import noisy, write_run

JSON = Draft202012Validator(json.loads(report_schema("json")))
FIELDS = {each["name"]: each for each in json.loads(report_schema("csv"))["fields"]}
MADE: dict[str, Callable[[], Run]] = {
    "mixed": mixed,
    "hostile": hostile,
    "lonely": lonely,
    "pinned": pinned,
    "profiled": lambda: load(ROOT / "reports/reference/profiles/reference"),
}


@pytest.fixture(params=MADE)
def run(request: pytest.FixtureRequest) -> Run:
    return MADE[request.param]()


def test_json(run: Run) -> None:
    JSON.check_schema(JSON.schema)
    JSON.validate(json.loads(export("json", [run])))


def test_json_of_two_runs(tmp_path: Path) -> None:
    runs = [load(write_run(tmp_path / name, noisy(1))) for name in ("a", "b")]
    JSON.validate(json.loads(export("json", runs)))


@pytest.mark.parametrize(
    "change",
    [
        lambda cell: cell.update(status="failed: it died"),
        lambda cell: cell.update(pause=1.0),
        lambda cell: cell.pop("reason"),
        lambda cell: cell.update(more=1),
        lambda cell: cell["phases"].update(lunch=1),
    ],
)
def test_wrong_json_is_refused(change: Callable[[dict[str, Any]], object], tmp_path: Path) -> None:
    whole = json.loads(export("json", [load(write_run(tmp_path / "run"))]))
    wrong = copy.deepcopy(whole)
    change(wrong["runs"][0]["cells"][0])
    assert JSON.is_valid(whole) and not JSON.is_valid(wrong)


def test_csv(run: Run) -> None:
    """Columns in the order of the schema, whole numbers where it says so, statuses of one word."""
    rows = [*csv.DictReader(io.StringIO(export("csv", [run])))]
    names = [name for name in rows[0] if not name.startswith("counter_")]
    assert names == [name for name in FIELDS if name in names]
    assert {"run", "status", "reason", "pause"} <= {*names}
    for row in rows:
        for name, text in row.items():
            field = FIELDS.get(name, {"type": "integer", "constraints": {}})
            assert text in field["constraints"].get("enum", [text])
            assert text or not field["constraints"].get("required")
            assert field["type"] == "string" or not text or int(text) >= 0, name


def test_a_format_without_a_schema() -> None:
    with pytest.raises(UsageError, match="'cvs' has none") as caught:
        report_schema("cvs")
    assert "did you mean csv?" in caught.value.hint
