# SPDX-License-Identifier: GPL-2.0-only
"""`bench report --format --out`, and a baseline that is written, kept and gated against."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bench.model.cell import Clock
from bench.report.export.exports import FORMATS
from bench.sides import read_side
from tests.unit.command import Bench
from tests.unit.runs import (
    FAILED,
    LARGE,
    contents,
    counted,
    counts,
    facts,
    noisy,
    write_run,
    write_series,
)

KEPT = ["baseline", "pyperf"]


@pytest.mark.parametrize("kind", KEPT)
@pytest.mark.parametrize(("scale", "code"), [(1.0, 0), (1.0005, 0), (1.002, 1), (1.1, 1), (0.9, 0)])
def test_a_file_is_gated_against(
    kind: str, scale: float, code: int, bench: Bench, tmp_path: Path
) -> None:
    kept = tmp_path / "base.json"
    written = bench("report", counted(tmp_path / "base"), "--format", kind, "--out", kept)
    assert (written.code, written.err) == (0, "")
    before = kept.read_bytes()
    new = counted(tmp_path / "new", scale)
    words = ["--threshold", "0.1%"]
    ended = bench("gate", kept, new, *words)
    assert ended.code == code == bench("gate", tmp_path / "base", new, *words).code
    assert kept.read_bytes() == before
    assert bench("gate", kept, kept).code == 0


@pytest.mark.parametrize("kind", KEPT)
def test_a_cell_that_the_file_has_no_value_of(kind: str, bench: Bench, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", counts(), Clock.ICOUNT, without={LARGE: FAILED})
    bench("report", run, "--format", kind, "--out", tmp_path / "kept")
    ended = bench("gate", tmp_path / "kept", run)
    assert ended.code == 125 and f"BASE has no value ({FAILED})" in ended.out


def test_a_baseline_is_the_same_text_again(bench: Bench, tmp_path: Path) -> None:
    """So that git shows what changed, and nothing else."""
    run = counted(tmp_path / "run")
    for name in ("one", "two"):
        bench("report", run, "--format", "baseline", "--out", tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    shown = bench("report", run, "--format", "baseline", "--out", tmp_path / "one")
    assert shown.out == f"baseline: {tmp_path / 'one'}\n"


def test_a_baseline_of_several_boots(bench: Bench, tmp_path: Path) -> None:
    """Times kept in a file took no turns: their gate needs a floor."""
    parent = write_series(tmp_path / "s", {"a": 1.0, "b": 1.1}, boots=6)
    kept = parent / "base.json"  # a place that could be taken for a kernel of the series
    bench("report", parent / "a", "--format", "baseline", "--out", kept)
    assert contents(read_side(kept)) == contents(read_side(sorted((parent / "a").iterdir())))
    ended = bench("gate", kept, parent / "b")
    assert ended.code == 125 and "needs a noise floor" in ended.out
    assert bench("gate", kept, parent / "b", "--floor", "1%").code == 1
    assert bench("gate", kept, parent / "a", "--floor", "1%").code == 0


def test_a_damaged_run_is_no_baseline(bench: Bench, tmp_path: Path) -> None:
    path = counted(tmp_path / "run") / "samples.jsonl"
    path.write_bytes(path.read_bytes()[:-10])
    ended = bench("report", tmp_path / "run", "--format", "baseline", "--out", tmp_path / "kept")
    assert ended.code == 125 and not (tmp_path / "kept").exists()


def test_a_baseline_has_to_have_a_name(bench: Bench, tmp_path: Path) -> None:
    ended = bench("report", counted(tmp_path / "run"), "--format", "baseline")
    assert (ended.code, ended.out) == (2, "") and "--out is missing" in ended.err


def test_an_unknown_format(bench: Bench, tmp_path: Path) -> None:
    ended = bench("report", counted(tmp_path / "run"), "--format", "banana")
    assert (ended.code, ended.out) == (2, "")
    assert [kind for kind in (*FORMATS, "baseline") if kind not in ended.err] == []


@pytest.mark.parametrize("kind", [None, *FORMATS, "baseline"])
def test_a_place_that_cannot_be_written(kind: str | None, bench: Bench, tmp_path: Path) -> None:
    words = ["--format", kind] if kind else []
    out = tmp_path / "nowhere" / "file"
    ended = bench("report", counted(tmp_path / "run"), *words, "--out", out)
    assert (ended.code, ended.out) == (2, "") and f"{out}: No such file" in ended.err


@pytest.mark.parametrize("kind", [None, *FORMATS])
def test_a_file_has_what_would_be_printed(kind: str | None, bench: Bench, tmp_path: Path) -> None:
    run = counted(tmp_path / "run")
    words = ["--format", kind] if kind else []
    printed = bench("report", run, *words)
    ended = bench("report", run, *words, "--out", tmp_path / "file")
    assert (printed.code, ended.code, ended.out) == (0, 0, "")
    assert (tmp_path / "file").read_text().split("\n") == printed.out.split("\n")


@pytest.mark.parametrize("kind", [None, *FORMATS])
def test_a_command_that_is_not_unicode(kind: str | None, bench: Bench, tmp_path: Path) -> None:
    """As an --out of such a name leaves it in run.json."""
    run = write_run(tmp_path / "run", counts(), Clock.ICOUNT, command="bench run --out \udcff")
    words = ["--format", kind] if kind else []
    ended = bench("report", run, *words, "--out", tmp_path / "file")
    assert ended.code == 0 and (tmp_path / "file").stat().st_size > 100


@pytest.mark.parametrize("kind", ["markdown", "json", "csv"])
def test_a_damaged_run_is_written_and_said_to_be_one(
    kind: str, bench: Bench, tmp_path: Path
) -> None:
    path = counted(tmp_path / "run") / "samples.jsonl"
    path.write_bytes(path.read_bytes()[:-10])
    ended = bench("report", tmp_path / "run", "--format", kind, "--out", tmp_path / "file")
    assert ended.code == 1 and "is damaged" in ended.err and (tmp_path / "file").exists()


PTY = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"


@pytest.mark.slow
def test_a_damaged_run_exits_alike_wherever_it_is_printed(tmp_path: Path) -> None:
    """Into a pipe, into one whose reader has read enough, and on a terminal."""
    path = counted(tmp_path / "run") / "samples.jsonl"
    path.write_bytes(path.read_bytes()[:-10])
    words = [sys.executable, "-m", "bench", "report", str(path.parent)]
    quoted = shlex.join(words)
    ways = (
        words,
        ["bash", "-c", f"{quoted} | head -c 9; exit ${{PIPESTATUS[0]}}"],
        ["bash", "-c", f"{quoted} | true; exit ${{PIPESTATUS[0]}}"],
        [sys.executable, "-c", PTY, *words],
    )
    codes = [subprocess.run(each, capture_output=True, check=False).returncode for each in ways]
    assert codes == [1] * len(ways)


def test_json_of_two_runs_is_one_document(bench: Bench, tmp_path: Path) -> None:
    runs = [counted(tmp_path / name) for name in ("a", "b")]
    whole = json.loads(bench("report", *runs, "--format", "json").out)
    assert whole and facts().bench in json.dumps(whole)


def test_two_runs_in_one_text(bench: Bench, tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, noisy(1)) for name in ("a", "b")]
    one, both = bench("report", runs[0]), bench("report", *runs)
    assert both.code == 0 and both.out.count("Pause of a live update") == 2
    assert one.out.count("Pause of a live update") == 1
