# SPDX-License-Identifier: GPL-2.0-only
"""Exit codes of `bench gate` on stored runs: 0, 1, 2 and 125, each for its own reasons."""

import errno
import os
from pathlib import Path

import pytest

from bench.commands.outcome import unexpected
from bench.model.cell import Clock
from tests.unit.command import Bench
from tests.unit.runs import (
    FAILED,
    LARGE,
    NEW,
    RESET,
    SKIPPED,
    counted,
    counts,
    noisy,
    write_run,
    write_series,
)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return counted(tmp_path / "base")


@pytest.mark.parametrize(
    ("scale", "code", "verdict"),
    [
        (1.0, 0, "no-change"),
        (1.01, 0, "no-change"),
        (1.05, 1, "regression"),
        (2.0, 1, "regression"),
        (0.95, 0, "improvement"),
    ],
)
def test_what_changed_decides(
    scale: float, code: int, verdict: str, bench: Bench, base: Path, tmp_path: Path
) -> None:
    ended = bench("gate", base, counted(tmp_path / "new", scale))
    assert (ended.code, ended.err) == (code, "")
    assert ended.out.count(verdict) >= 2


def test_a_run_against_itself(bench: Bench, base: Path) -> None:
    assert bench("gate", base, base).code == 0


def test_compare_says_the_same_and_fails_nobody(bench: Bench, base: Path, tmp_path: Path) -> None:
    new = counted(tmp_path / "new", 1.05)
    compared = bench("compare", base, new)
    assert (compared.code, compared.out) == (0, bench("gate", base, new).out)


def test_a_regression_counts_even_where_others_are_missing(
    bench: Bench, base: Path, tmp_path: Path
) -> None:
    slower = {RESET: counts(1.05)[RESET]}
    new = write_run(tmp_path / "new", slower, Clock.ICOUNT, without={NEW: FAILED, LARGE: SKIPPED})
    ended = bench("gate", base, new)
    assert ended.code == 1
    assert f"{FAILED})" in ended.out and "1 regression, 2 missing" in ended.out


@pytest.mark.parametrize("lost", ["base", "new", "both"])
def test_a_cell_that_is_missing_is_not_judged(lost: str, bench: Bench, tmp_path: Path) -> None:
    """Also where neither side has it: nobody can say that it is as quick as it was."""
    paths = []
    for name in ("base", "new"):
        gone = lost in (name, "both")
        values = {RESET: counts()[RESET]} if gone else counts()
        why = {NEW: SKIPPED} if gone else {}
        paths.append(write_run(tmp_path / name, values, Clock.ICOUNT, why))
    ended = bench("gate", *paths)
    assert ended.code == 125
    assert "missing" in ended.out and SKIPPED in ended.out
    assert ("BASE has no value" in ended.out, "NEW has no value" in ended.out) == (
        lost != "new",
        lost != "base",
    )


def test_a_cell_that_only_one_side_knows(bench: Bench, base: Path, tmp_path: Path) -> None:
    new = write_run(tmp_path / "new", {RESET: counts()[RESET]}, Clock.ICOUNT)
    for sides in ((base, new), (new, base)):
        ended = bench("gate", *sides)
        assert ended.code == 125 and "it knows no such cell" in ended.out


@pytest.mark.parametrize("place", ["nowhere", "nowhere/at/all", "file/below", "empty"])
def test_a_side_that_is_not_there(place: str, bench: Bench, base: Path, tmp_path: Path) -> None:
    """A build that broke leaves no run: git bisect has to skip the commit."""
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    for sides in ((base, tmp_path / place), (tmp_path / place, base)):
        ended = bench("gate", *sides)
        assert (ended.code, ended.out) == (125, "")
        assert "this side is missing" in ended.err


def test_a_wrong_option_is_said_before_a_side_that_is_missing(bench: Bench, tmp_path: Path) -> None:
    """A job of CI asks so before it measures."""
    ended = bench("gate", tmp_path / "none", tmp_path / "none", "--max-pause", "3")
    assert ended.code == 2 and ended.err.startswith("bench: --max-pause: ")


def test_nothing_was_measured(bench: Bench, base: Path, tmp_path: Path) -> None:
    new = write_run(tmp_path / "new", {}, Clock.ICOUNT, without={NEW: FAILED, RESET: FAILED})
    ended = bench("gate", base, new)
    assert (ended.code, ended.out) == (125, "") and "no cell was measured" in ended.err


def test_too_few_reps_judge_nothing(bench: Bench, base: Path, tmp_path: Path) -> None:
    """Twice as slow, and nobody can say so: 0 would let it through."""
    ended = bench("gate", base, counted(tmp_path / "new", 2.0, reps=2))
    assert ended.code == 125 and "needs reps: base has 5, new has 2" in ended.out


def test_too_few_boots_judge_nothing(bench: Bench, tmp_path: Path) -> None:
    write_series(tmp_path / "s", {"a": 1.0, "b": 2.0}, boots=3)
    ended = bench("gate", tmp_path / "s" / "a", tmp_path / "s" / "b")
    assert ended.code == 125 and "needs boots: base has 3, new has 3" in ended.out


def test_boots_that_took_no_turns_need_a_floor(bench: Bench, tmp_path: Path) -> None:
    sides = [write_run(tmp_path / name, noisy(len(name), boots=8)) for name in ("a", "bb")]
    ended = bench("gate", *sides)
    assert ended.code == 125 and "needs a noise floor" in ended.out
    assert bench("gate", *sides, "--floor", "1%").code == 0


def test_pauses_of_0_judge_nothing(bench: Bench, base: Path, tmp_path: Path) -> None:
    new = write_run(tmp_path / "new", {**counts(), NEW: {1: [0] * 5}}, Clock.ICOUNT)
    ended = bench("gate", base, new)
    assert ended.code == 125 and "not above zero" in ended.out


def test_undecided_is_good_unless_strict(bench: Bench, base: Path, tmp_path: Path) -> None:
    """Reps lie 4 % apart: a change of 10 % would be seen, one of 2 % neither seen nor ruled out."""
    new = write_run(tmp_path / "new", counts(step=13_000, scales={RESET: 1.0}), Clock.ICOUNT)
    ended = bench("gate", base, new)
    assert ended.code == 0 and "inconclusive" in ended.out
    ended = bench("gate", base, new, "--strict")
    assert ended.code == 125 and "inconclusive" in ended.out


def test_strict_changes_nothing_that_is_decided(bench: Bench, base: Path, tmp_path: Path) -> None:
    for scale, code in ((1.0, 0), (0.9, 0), (1.1, 1)):
        assert bench("gate", base, counted(tmp_path / str(scale), scale), "--strict").code == code


def test_unlike_things_are_compared_by_force_only(bench: Bench, base: Path, tmp_path: Path) -> None:
    memory = {"memory": 2 << 30}
    new = write_run(tmp_path / "new", counts(1.05), Clock.ICOUNT, executor=memory)
    ended = bench("gate", base, new)
    assert (ended.code, ended.out) == (125, "")
    said = "QEMU -m: 1 GiB in BASE, 2 GiB in NEW"
    assert said in ended.err and "--force" in ended.err
    ended = bench("gate", base, new, "--force")
    assert ended.code == 1 and "FORCED, though unlike: QEMU -m" in ended.out


def test_kernels_may_differ_and_it_is_said(bench: Bench, base: Path, tmp_path: Path) -> None:
    new = write_run(tmp_path / "new", counts(), Clock.ICOUNT, executor={"kernel": "6.14"})
    ended = bench("gate", base, new)
    assert ended.code == 0
    assert "differs: kernel: 6.12+live-update in BASE, 6.14 in NEW" in ended.out


def test_damaged_runs_are_compared_by_force_only(bench: Bench, base: Path, tmp_path: Path) -> None:
    new = counted(tmp_path / "new", reps=7)
    path = new / "samples.jsonl"
    path.write_bytes(path.read_bytes()[:-10])
    ended = bench("gate", base, new)
    assert (ended.code, ended.out) == (125, "") and "is damaged" in ended.err
    ended = bench("gate", base, new, "--force")
    assert ended.code == 0 and "FORCED, though damaged: samples.jsonl:16" in ended.out


@pytest.mark.parametrize(
    "share", ["0", "0%", "-1%", "2x", "100%", "7", "nan", "inf%", "", "9" * 400]
)
@pytest.mark.parametrize("option", ["--threshold", "--floor", "--must-see"])
def test_a_share_that_is_none(option: str, share: str, bench: Bench, base: Path) -> None:
    ended = bench("gate", base, base, f"{option}={share}")
    if not share:  # as if it was not given
        assert ended.code == 0
    else:
        assert (ended.code, ended.out) == (2, "") and ended.err.startswith(f"bench: {option}: ")


@pytest.mark.parametrize("pause", ["banana", "0ms", "-1s", "100ms", "9s", f"{'9' * 400}Gi", "20M"])
def test_a_budget_that_is_none(pause: str, bench: Bench, base: Path) -> None:
    """A time is none for a count."""
    ended = bench("gate", base, base, f"--max-pause={pause}")
    assert (ended.code, ended.out) == (2, "") and ended.err.startswith("bench: --max-pause: ")


def test_a_count_is_no_budget_for_times(bench: Bench, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", noisy(1))
    ended = bench("gate", run, run, "--max-pause", "20Mi")
    assert ended.code == 2 and "these runs count ns" in ended.err


@pytest.mark.parametrize("text", ["", "{}", "no JSON", '{"bench_baseline": 7}', "\x00"])
def test_a_file_that_is_no_side(text: str, bench: Bench, base: Path, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text(text)
    for sides in ((base, path), (path, base)):
        ended = bench("gate", *sides)
        assert (ended.code, ended.out) == (2, "") and str(path) in ended.err


def test_what_can_be_read_by_nobody(bench: Bench, base: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # would be waited for
    for name in ("pipe", "x" * 300):
        ended = bench("gate", base, tmp_path / name)
        assert (ended.code, ended.out) == (2, "") and len(ended.complaints) <= 2


@pytest.mark.parametrize("words", [[], ["base"], ["base", "--strict"], ["a", "b", "c"]])
def test_sides_that_are_not_named(words: list[str], bench: Bench, base: Path) -> None:
    ended = bench("gate", *(base if word == "base" else word for word in words))
    assert (ended.code, ended.out) == (2, "")


@pytest.mark.parametrize("option", ["--junit", "--markdown", "--json"])
def test_a_file_that_cannot_be_written(option: str, bench: Bench, base: Path) -> None:
    ended = bench("gate", base, base, option, base / "nowhere" / "file")
    assert ended.code == 2 and f"{base / 'nowhere' / 'file'}: No such file" in ended.err


def test_a_bug_is_129(bench: Bench, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bench.gate.compare.read_side", broken)
    ended = bench("gate", base, base)
    assert ended.code == 129 and "internal error: ZeroDivisionError" in ended.err


def test_what_may_not_be_read_is_no_bug() -> None:
    outcome = unexpected(PermissionError(errno.EACCES, "Permission denied", "/a/base"))
    assert (outcome.code, outcome.complaint) == (2, "/a/base: Permission denied")
