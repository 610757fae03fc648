# SPDX-License-Identifier: GPL-2.0-only
"""`bench history`: exit codes, options, adding to a store, and what is wrong with either."""

import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from bench.results.writer import load
from tests.unit.command import Bench
from tests.unit.commands.test_git import commit as committed
from tests.unit.commands.test_git import git
from tests.unit.histories import LEVEL, commit, side, steps, store_of, stored
from tests.unit.runs import RESET, counted, write_series

CODES = {
    "steady": (steps((12, 1)), 0),
    "better": (steps((8, 1), (8, 0.9)), 0),
    "a step": (steps((8, 1), (8, 1.05)), 1),
    "too few": (steps((3, 1)), 125),
}


@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize("kind", ["text", "json", "otava", "page"])
def test_exit_codes_whatever_the_format(bench: Bench, tmp_path: Path, name: str, kind: str) -> None:
    levels, code = CODES[name]
    store = store_of(tmp_path / "history", levels)
    out = tmp_path / "out"
    ended = bench("history", store, "--format", kind, "--out", out)
    assert (ended.code, ended.out) == (code, "")
    assert ("no cell could be judged" in ended.err) == (code == 125)
    assert out.read_text().strip()
    assert bench("history", store, "--format", kind).out.strip()


WRONG = {
    "no such format": (["--format", "xml"], "--format: 'xml' is unknown"),
    "no such order": (["--order", "size"], "--order: 'size' is unknown"),
    "threshold": (["--threshold", "-2%"], "--threshold"),
    "least": (["--least", "nan"], "--least"),
    "reference": (["--reference", "f00"], "--reference: no point is 'f00'"),
    "cell": (["--cell", "none"], "--cell"),
    "no tree": (["--order", "commit", "--tree", "/"], "--tree: /"),
    "commit of nothing": (["--commit", "0123456"], "--commit and --date are of --add"),
    "nothing to add": (["--add", "/nowhere"], "/nowhere"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_command_line_is_a_line(bench: Bench, tmp_path: Path, name: str) -> None:
    words, said = WRONG[name]
    ended = bench("history", store_of(tmp_path / "history", steps((8, 1))), *words)
    assert ended.code == 2
    assert said in ended.complaints[0]
    assert len(ended.complaints) <= 2


def test_runs_are_added_once(bench: Bench, tmp_path: Path) -> None:
    store, run = tmp_path / "history", counted(tmp_path / "run")
    words = ["history", store, "--add", run, "--commit", commit(7)]
    first, again = bench(*words), bench(*words)
    assert (first.code, again.code) == (0, 0)
    began = datetime.fromisoformat(load(run).facts.sessions[0].began)
    assert first.out.startswith(f"added: {store}/{began:%Y%m%dT%H%M%SZ}-000000070000-")
    assert again.out.startswith("was there already: ")
    assert len([*store.iterdir()]) == 1
    other = bench("history", store, "--add", run, "--commit", commit(8))
    assert (other.code, "of another commit" in other.err) == (2, True)


def test_boots_of_a_kernel_are_one_point(bench: Bench, tmp_path: Path) -> None:
    series = write_series(tmp_path / "boots", {"old": 1}, boots=3)
    assert bench("history", tmp_path / "h", "--add", series / "old").code == 0
    found = json.loads(bench("history", tmp_path / "h", "--format", "json").out)
    assert found["clocks"][0]["cells"][0]["boots"] == [3]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--commit", "HEAD"], "--commit: 'HEAD'"),
        (["--date", "soon"], "--date: 'soon'"),
        (["--date", "0001-01-01T00:00+14:00"], "--date"),
    ],
)
def test_what_is_added_has_a_commit_and_a_date(
    bench: Bench, tmp_path: Path, words: list[str], said: str
) -> None:
    ended = bench("history", tmp_path / "h", "--add", counted(tmp_path / "run"), *words)
    assert ended.code == 2
    assert said in ended.err
    assert not (tmp_path / "h").exists()


def test_a_damaged_run_is_not_added(bench: Bench, tmp_path: Path) -> None:
    run = counted(tmp_path / "run")
    (run / "samples.jsonl").write_bytes((run / "samples.jsonl").read_bytes()[:-40])
    assert bench("history", tmp_path / "h", "--add", run).code == 125


def test_commits_are_in_the_order_of_the_tree_and_not_of_the_runs(
    bench: Bench, tmp_path: Path
) -> None:
    tree, store = tmp_path / "tree", tmp_path / "history"
    tree.mkdir()
    git(tree, "init", "--quiet", "--initial-branch=main")
    commits = [committed(tree, a=f"{number}\n") for number in range(16)]
    for number, sha in enumerate(reversed(commits)):
        level = LEVEL * (1.05 if commits.index(sha) >= 8 else 1)
        stored(store, number, side({RESET: level}), sha)
    words = ["history", store, "--format", "json"]
    by_date = json.loads(bench(*words).out)
    ended = bench(*words, "--tree", tree)
    by_commit = json.loads(ended.out)
    assert (by_date["order"], by_date["exit_code"]) == ("date", 0)
    assert (by_commit["order"], by_commit["exit_code"], ended.code) == ("commit", 1, 1)
    assert [point["commit"] for point in by_commit["clocks"][0]["points"]] == commits
    assert by_commit["clocks"][0]["cells"][0]["changes"][0]["at"] == 8


def test_dates_to_come_are_said(bench: Bench, tmp_path: Path) -> None:
    store = store_of(tmp_path / "history", steps((8, 1)))
    stored(store, 400_000, side({RESET: LEVEL}))
    assert "which is to come" in bench("history", store).out


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_cannot_be_read_is_a_line(bench: Bench, tmp_path: Path) -> None:
    store = store_of(tmp_path / "history", steps((8, 1)))
    next(store.iterdir()).chmod(0)
    ended = bench("history", store)
    assert "Permission denied" in ended.out
