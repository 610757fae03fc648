# SPDX-License-Identifier: GPL-2.0-only
"""The recipe of a letter: what a shell gets of it, from the clone to the letter itself."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from bench.report.letter import cover_letter
from bench.report.letter.recipe import recipe
from bench.results.writer import Run, load
from tests.unit.runs import RESET, facts, made_run, measured, noisy, write_run


def run_in(path: str, command: str, revision: str = "abc1234", **changed: Any) -> Run:
    session = {"began": "2026-01-01T00:00:00+00:00", "revision": revision}
    told = facts(command=command, sessions=[session], **changed)
    return made_run(Path(path), told, measured(RESET, [1, 2, 3]))


def words(lines: list[str]) -> list[list[str]]:
    """The command lines as a shell joins and splits them."""
    text = "\n".join(line for line in lines if line.startswith("  ")).replace("\\\n", "")
    return [shlex.split(line) for line in text.replace("  $ ", "\0").split("\0")[1:]]


def test_from_nothing_to_the_letter() -> None:
    run = run_in("/srv/old/it", "bench run devices --mem 1G --out '/srv/old it'")
    lines = recipe([run], style="lkp")
    clone, into, checkout, ready, measure, report = words(lines)
    assert clone[:2] == ["git", "clone"] and clone[-1] == "bench" and into == ["cd", "bench"]
    assert checkout == ["git", "checkout", "abc1234"]
    assert ready[:2] == ["make", "setup"]
    assert measure == ["bench", "run", "devices", "--mem", "1G", "--out", "run-1"]
    assert report == ["bench", "report", "run-1", "--format", "cover-letter", "--style", "lkp"]


@pytest.mark.parametrize("out", ["--out x", "--out=x", "", "--export a.json --format ktap"])
def test_each_command_writes_once_where_the_report_reads(out: str) -> None:
    (*_, measure, report) = words(recipe([run_in("a", f"bench run {out} smoke")]))
    assert measure == ["bench", "run", "smoke", "--out", "run-1"] and report[2] == "run-1"


def test_boots_are_of_one_command_and_kernels_are_its_directories() -> None:
    told = "bench run smoke --kernel a,b --boots 2"
    base = [run_in(f"x/a/{n:02}", told) for n in (1, 2)]
    new = [run_in(f"x/b/{n:02}", told) for n in (1, 2)]
    (*_, measure, report) = words(recipe(new, base))
    assert measure[-2:] == ["--out", "run-1"]
    assert shlex.join(report) == "bench report run-1/b --format cover-letter --base run-1/a"


def test_revisions_are_checked_out_in_turn() -> None:
    runs = [run_in("a", "bench run a", "1" * 7), run_in("b", "bench run b", "2" * 7)]
    found = words(recipe(runs))
    assert [line[2] for line in found if line[:2] == ["git", "checkout"]] == ["1" * 7, "2" * 7]
    assert found[-1][2:4] == ["run-1", "run-2"]


def test_what_a_revision_does_not_say_is_said() -> None:
    dirty = recipe([run_in("a", "bench run a", "abc1234-dirty")])
    assert ["git", "checkout", "abc1234"] in words(dirty)
    assert "in no revision" in " ".join(dirty)
    unknown = recipe([run_in("a", "bench run a", "")])
    assert "was not recorded" in " ".join(unknown)
    assert not [line for line in words(unknown) if line[1] == "checkout"]
    assert recipe([run_in("a", "")]) == ["To reproduce: no command was recorded."]


@pytest.mark.parametrize("evil", ["; rm -rf x", "$(touch x)", "`touch x`", "a\nb", "\u00fc"])
def test_a_shell_runs_nothing_that_a_run_was_told(evil: str) -> None:
    run = run_in(f"x/{evil}/01", shlex.join(["bench", "run", evil]), evil)
    lines = recipe([run])
    names = {line[0] for line in words(lines)}
    assert names == {"git", "cd", "make", "bench"}
    assert not any("touch" in line and "'" not in line for line in lines)


def test_it_ends_a_letter(tmp_path: Path) -> None:
    text = cover_letter([load(write_run(tmp_path / "run", noisy(1)))])
    assert text.endswith(
        "  $ bench report run-1 --format cover-letter\n\n" + text.split("\n\n")[-1]
    )
