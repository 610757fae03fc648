# SPDX-License-Identifier: GPL-2.0-only
"""Every exit code of `bench gate` has one meaning, which docs/gate.md has in a table."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.model.cell import Clock
from bench.paths import ROOT
from tests.unit.command import Bench
from tests.unit.runs import NEW, RESET, counted, counts, noisy, write_run

Words = tuple[Path | str, ...]
Made = Callable[[Path], Words]

BOOTS = {cell: {boot: [10**7 + 10**4 * boot] * 3 for boot in (1, 2, 3)} for cell in (NEW, RESET)}


def sides(scale: float, *words: str) -> Made:
    return lambda path: (counted(path / "base"), counted(path / "new", scale), *words)


def without_new(scale: float) -> Made:
    def made(path: Path) -> Words:
        found = {cell: boots for cell, boots in counts(scale).items() if cell is not NEW}
        return counted(path / "base"), write_run(path / "new", found, Clock.ICOUNT, seed=1)

    return made


def boots(*words: str) -> Made:
    """Three boots a side of other seeds, which differ by 0.1 %."""
    return lambda path: (
        *(write_run(path / name, BOOTS, Clock.ICOUNT) for name in ("base", "new")),
        *words,
    )


def times(*words: str) -> Made:
    return lambda path: (
        *(write_run(path / name, noisy(len(name), boots=8)) for name in ("base", "news")),
        *words,
    )


def one_run(*words: str) -> Made:
    def made(path: Path) -> Words:
        run = counted(path / "run")
        return run, run, *words

    return made


CODES: dict[str, tuple[Made, int]] = {
    "no change": (sides(1.0), 0),
    "better": (sides(0.9), 0),
    "slower, below the threshold": (sides(1.01), 0),
    "inconclusive": (sides(1.0005, "--threshold", "0.05%"), 0),
    "inconclusive, --strict": (sides(1.0005, "--threshold", "0.05%", "--strict"), 125),
    "slower": (sides(1.1), 1),
    "slower, and a cell is missing": (without_new(1.1), 1),
    "over its budget": (sides(1.0, "--max-pause", "1Mi"), 1),
    "a cell is missing": (without_new(1.0), 125),
    "a side is missing": (lambda path: (counted(path / "base"), path / "nowhere"), 125),
    "too few reps": (lambda path: (counted(path / "b", reps=3), counted(path / "n", reps=3)), 125),
    "times of other sessions, no noise": (times(), 125),
    "times of other sessions, a floor": (times("--floor", "1%"), 0),
    "what has to be seen is seen": (boots("--must-see", "2%"), 0),
    "what has to be seen is not": (boots("--must-see", "0.1%"), 125),
    "one measurement": (one_run(), 0),
    "one measurement, --strict": (one_run("--strict"), 125),
    "a threshold that hides what has to be seen": (
        boots("--threshold", "2%", "--must-see", "2%"),
        2,
    ),
    "a floor that hides it": (boots("--floor", "3%", "--must-see", "1%"), 2),
    "a plan with a floor": (
        lambda path: (counted(path / "b"), "--plan", "--must-see", "5%", "--floor", "1%"),
        2,
    ),
    "a self-test of two sides": (sides(1.0, "--self-test"), 2),
    "no sessions there": (sides(1.0, "--aa", "nowhere"), 2),
    "no share": (sides(1.0, "--must-see", "much"), 2),
    "a plan": (lambda path: (counted(path / "base"), "--plan", "--must-see", "1%"), 0),
    "a plan of nothing": (lambda path: (counted(path / "base"), "--plan"), 2),
    "a plan of two sides": (sides(1.0, "--plan", "--must-see", "1%"), 2),
    "a plan that no boots fulfil": (
        lambda path: (
            write_run(path / "base", noisy(1, boots=3)),
            *("--plan", "--must-see", "0.001%"),
        ),
        125,
    ),
}


@pytest.mark.parametrize("case", CODES)
def test_the_code(case: str, bench: Bench, tmp_path: Path) -> None:
    made, code = CODES[case]
    ended = bench("gate", *made(tmp_path))
    assert ended.code == code, ended.out + ended.err
    assert "Traceback" not in ended.err


def test_each_is_explained_once() -> None:
    text = (ROOT / "docs/gate.md").read_text(encoding="utf-8")
    table = text.partition("| exit code | when |")[2].partition("\n\n")[0]
    said = [int(code) for code in re.findall(r"^\| (\d+) \|", table, flags=re.MULTILINE)]
    assert said == [0, 1, 125, 2] and {code for _, code in CODES.values()} == {*said}
