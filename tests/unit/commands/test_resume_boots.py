# SPDX-License-Identifier: GPL-2.0-only
"""Boots of which some were not measured are gone on with: the whole is that of one call."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.plan.matrix import make_plan
from bench.plan.scenario import load_scenario
from tests.unit.command import Bench
from tests.unit.streams import recording, write_lines

WORDS = ("--mem", "64M", "--method", "new-owner", "--reps", "2", "--boots", "3")


@pytest.fixture
def whole(bench: Bench, tmp_path: Path) -> Path:
    scenario = load_scenario("smoke", {"mem": "64M", "method": "new-owner", "reps": "2"})
    recorded = write_lines(tmp_path / "recorded", recording(make_plan(scenario)))
    replay = ("--executor", f"replay:{recorded}", "--out", str(tmp_path / "whole"))
    assert bench("run", "smoke", *WORDS, *replay).code == 0
    return tmp_path / "whole"


def lines(parent: Path) -> dict[str, bytes]:
    found = sorted(parent.glob("*/*/samples.jsonl"))
    return {str(path.relative_to(parent)): path.read_bytes() for path in found}


def remove(run: Path) -> None:
    shutil.rmtree(run)


def empty(run: Path) -> None:
    (run / "samples.jsonl").write_bytes(b"")


def kill_at_once(run: Path) -> None:
    """What a run leaves that is killed before it has written what it is."""
    empty(run)
    (run / "run.json").unlink()


@pytest.mark.parametrize("change", [remove, empty, kill_at_once])
@pytest.mark.parametrize("boots", [("03",), ("02", "03"), ("01",)])
def test_the_rest_is_measured(
    whole: Path, bench: Bench, change: Callable[[Path], None], boots: tuple[str, ...]
) -> None:
    was, printed = lines(whole), bench("report", str(whole)).out
    for boot in boots:
        change(whole / "boot" / boot)
    ended = bench("run", "--resume", str(whole))
    assert ended.code == 0, ended.err
    assert lines(whole) == was
    assert bench("report", str(whole)).out == printed


def test_boots_that_are_whole_are_printed_again(whole: Path, bench: Bench) -> None:
    was = lines(whole)
    ended = bench("run", "--resume", str(whole))
    assert (ended.code, lines(whole)) == (0, was)
    assert "the first of 3 boots" in ended.out


def test_new_boots_have_the_command_of_the_others(whole: Path, bench: Bench) -> None:
    remove(whole / "boot/02")
    assert bench("run", "--resume", str(whole)).code == 0
    commands = {json.loads(path.read_text())["command"] for path in whole.glob("*/*/run.json")}
    assert len(commands) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.pop("plan"), "its plan is of another version of bench"),
        (lambda table: table["plan"].update(boots=2), "its plan is of another version"),
        (lambda table: table["plan"].update(mem=["x"]), "its plan is of another version"),
        (lambda table: table["plan"].update(mem=[1 << 26, 1 << 27]), "boot/01 is of another plan"),
        (lambda table: table.pop("boots"), "does not say which boots there are"),
    ],
)
def test_a_series_that_says_something_else_is_refused(
    whole: Path, bench: Bench, change: Callable[[dict[str, object]], object], said: str
) -> None:
    file = whole / "series.json"
    table = json.loads(file.read_text())
    change(table)
    file.write_text(json.dumps(table))
    ended = bench("run", "--resume", str(whole))
    assert (ended.code, len(ended.complaints)) == (2, 2)
    assert said in ended.err


def test_boots_of_which_none_was_measured_are_begun_anew(whole: Path, bench: Bench) -> None:
    shutil.rmtree(whole / "boot")
    ended = bench("run", "--resume", str(whole))
    assert ended.code == 2
    assert "nothing of it was measured" in ended.err
