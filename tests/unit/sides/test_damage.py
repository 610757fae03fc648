# SPDX-License-Identifier: GPL-2.0-only
"""Files of sides after accidents: refused in a line, or the numbers that stand there."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.sides import read_side
from tests.unit.runs import NEW, RESET, contents, write_run
from tests.unit.side_files import MAKERS, as_baseline, refused


def baseline_change(whole: dict[str, Any], change: str) -> None:
    row = whole["cells"][0]
    changes: dict[str, Callable[[], Any]] = {
        "float": lambda: row["values"].update({"1": [1.5]}),
        "text": lambda: row["values"].update({"1": ["1"]}),
        "negative": lambda: row["values"].update({"1": [-1]}),
        "huge": lambda: row["values"].update({"1": [1 << 63]}),
        "empty": lambda: row["values"].update({"1": []}),
        "boot": lambda: row["values"].update({"01": [1]}),
        "twice": lambda: whole["cells"].append(row),
        "both": lambda: row.update(without="skipped: x"),
        "neither": lambda: row.pop("values"),
        "cell": lambda: row["cell"].pop("mem"),
        "unit": lambda: whole["facts"].update(unit="instructions"),
        "escape": lambda: whole["facts"].update(kernel="\x1b[2J"),
        "extra": lambda: whole.update(more=1),
    }
    changes[change]()


@pytest.mark.parametrize(
    "change",
    "float text negative huge empty boot twice both neither cell unit escape extra".split(),  # noqa: SIM905
)
def test_a_baseline_that_was_changed_is_refused(change: str, tmp_path: Path) -> None:
    path = as_baseline(write_run(tmp_path / "run"), tmp_path / "base.json")
    whole = json.loads(path.read_text())
    baseline_change(whole, change)
    path.write_text(json.dumps(whole))
    refused(path)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, str, Any]]:
    """A baseline and a pyperf file: path, text, and what is in them."""
    scratch = tmp_path_factory.mktemp("good")
    run = write_run(scratch / "run", {RESET: {1: [5, 0, 6]}, NEW: {1: [4], 2: [7]}})
    paths = [make(run, scratch / make.__name__) for make in MAKERS]
    return [(path, path.read_text(), contents(read_side(path))) for path in paths]


WEIRD: list[Any] = [None, True, -1, 1.5, 1e400, 1 << 64, "", "x", [], {}, [1], {"1": [1]}, "0,99"]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Each container in it with each of its keys."""
    if not isinstance(value, dict | list):
        return []
    keys: list[Any] = [*value] if isinstance(value, dict) else [*range(len(value))]
    return [(value, key) for key in keys] + [p for key in keys for p in places(value[key])]


@settings(max_examples=200)
@given(st.data())
def test_a_weird_value_anywhere_is_refused_or_changes_only_what_it_says(
    good: list[tuple[Path, str, Any]], data: st.DataObject
) -> None:
    """A number that is read is one that stands in the file, as a count."""
    path, text, _ = data.draw(st.sampled_from(good))
    whole = json.loads(text)
    table, key = data.draw(st.sampled_from(places(whole)))
    table[key] = data.draw(st.sampled_from(WEIRD))
    read_back(path, json.dumps(whole), text)


@settings(max_examples=150)
@given(st.data())
def test_damaged_bytes_never_give_a_traceback(
    good: list[tuple[Path, str, Any]], data: st.DataObject
) -> None:
    path, text, _ = data.draw(st.sampled_from(good))
    at = data.draw(st.integers(0, len(text) - 1))
    kept = data.draw(st.sampled_from([text[:at], text[:at] + text[at + 1 :], text[at:]]))
    read_back(path, kept, text)


@example('{"benchmarks": [null], "version": "1.0"}')
@given(
    st.text()
    | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(json.dumps)
)
def test_any_text_is_refused(good: list[tuple[Path, str, Any]], text: str) -> None:
    path, whole, _ = good[0]
    read_back(path, text.encode("utf-8", "surrogatepass").decode("utf-8", "replace"), whole)


def read_back(path: Path, changed: str, text: str) -> None:
    path.write_text(changed)
    try:
        side = read_side(path)
    except BenchError as error:
        assert error.exit_code in (2, 125) and "\n" not in error.message
    else:
        there = {table[key] for table, key in places(json.loads(changed)) if is_number(table[key])}
        ticks = {0, *there, *(round(number * 1e9) for number in there if number < 1e9)}
        for boots in contents(side).values():
            for value in (value for values in boots.values() for value in values):
                assert not isinstance(value, bool) and value in ticks
    finally:
        path.write_text(text)


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for data in (b"\xff\xfe", gzip.compress(b"\xff"), b"\x1f\x8b" + b"x" * 30):
        path.write_bytes(data)
        refused(path)
