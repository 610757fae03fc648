# SPDX-License-Identifier: GPL-2.0-only
"""`bench run --format` and `--export`: what `bench report` writes, without a second command."""

import json
import re
from pathlib import Path

import pytest

from bench.errors import CannotJudge
from bench.paths import ROOT
from bench.report.export.exports import FORMATS
from bench.report.formats import BASELINE, LETTER, NAMES, PAGE, format_of_file
from tests.unit.command import PLAN, Bench
from tests.unit.commands.test_run import ERROR, SKIP, with_streams
from tests.unit.streams import failing_stream, recording

ALL_SKIPPED = with_streams({n: failing_stream(PLAN.blocks[n], 0, SKIP) for n in range(3)})
ONE_FAILED = with_streams({1: failing_stream(PLAN.blocks[1], 0, ERROR)})


def test_there_is_one_list_of_formats() -> None:
    assert {*NAMES} == {*FORMATS, LETTER, PAGE, BASELINE}


def test_the_formats_are_described() -> None:
    text = (ROOT / "docs/reports.md").read_text().split("\n## Formats\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w[\w-]*)` \|", text, re.MULTILINE) == [*NAMES]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a.json", ("json", "a.json")),
        ("b/a.MD", ("markdown", "b/a.MD")),
        ("page.html", ("page", "page.html")),
        ("kcidb:a.json", ("kcidb", "a.json")),
        ("junit:a", ("junit", "a")),
        ("c:d.csv", ("csv", "c:d.csv")),  # a file may be called so
        ("bencher:x:y", ("bencher", "x:y")),
    ],
)
def test_the_format_of_a_file(text: str, wanted: tuple[str, str]) -> None:
    kind, path = format_of_file(text)
    assert (kind, str(path)) == wanted


@pytest.mark.parametrize("kind", ["json", "markdown", "ktap", "cover-letter"])
def test_a_format_is_what_a_report_prints(
    kind: str, replay: Bench, bench: Bench, tmp_path: Path
) -> None:
    ended = replay(recording(PLAN), "--format", kind)
    again = bench("report", tmp_path / "out", "--format", kind)
    assert (ended.code, ended.out) == (0, again.out)
    assert f"samples: {tmp_path / 'out'}" in ended.err


def test_files_are_written_beside_the_table(replay: Bench, bench: Bench, tmp_path: Path) -> None:
    names = ["a.json", "a.csv", "kcidb:b.json", "baseline:base", "a.xml"]
    words = [word for name in names for word in ("--export", placed(name, tmp_path))]
    ended = replay(recording(PLAN), *words)
    assert ended.code == 0 and "Pause of a live update" in ended.out
    for name in names:
        kind, path = format_of_file(placed(name, tmp_path))
        bench("report", tmp_path / "out", "--format", kind, "--out", tmp_path / "again")
        assert path.read_bytes() == (tmp_path / "again").read_bytes()
    assert bench("gate", tmp_path / "base", tmp_path / "base").code in (0, 125)


def placed(name: str, where: Path) -> str:
    kind, colon, path = name.rpartition(":")
    return f"{kind}{colon}{where / path}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--export", "a.foo"], "a.foo: its ending names no format"),
        (["--export", "kcdb:a"], "'kcdb' is unknown"),
        (["--export", "nowhere/a.json"], "nowhere is no directory"),
        (["--export", "/"], "its ending names no format"),
        (["--export", "json:/"], "/ is a directory"),
        (["--export", "a.json", "--export", "a.json"], "a.json is named twice"),
        (["--format", "banana"], "'banana' is unknown"),
        (["--format", "baseline"], "it is a file"),
    ],
)
def test_what_could_not_be_written_is_said_before_a_run(
    words: list[str], said: str, replay: Bench, tmp_path: Path
) -> None:
    ended = replay(recording(PLAN), *words)
    assert ended.code == 2 and said in ended.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("lines", "code"), [(recording(PLAN), 0), (ONE_FAILED, 1), (ALL_SKIPPED, 4)]
)
def test_the_exit_code_of_ktap(
    lines: list[str], code: int, replay: Bench, bench: Bench, tmp_path: Path
) -> None:
    ended = replay(lines, "--format", "ktap")
    assert ended.code == code and ended.out.startswith("KTAP version 1\n")
    assert bench("report", tmp_path / "out", "--format", "ktap").code == code


def test_nothing_to_measure_on_is_a_skip_of_ktap(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise CannotJudge("no KVM: # of /dev/kvm", "load kvm")

    monkeypatch.setattr("bench.commands.run.run_command", refuse)
    plain, ended = bench("run", "smoke"), bench("run", "smoke", "--format", "ktap")
    assert plain.code == 125 and plain.out == ""
    assert ended.code == 4 and ended.out.startswith("KTAP version 1\n1..0 # SKIP ")
    assert ended.err == plain.err


def test_a_file_of_ktap_leaves_the_code_of_the_run(replay: Bench, tmp_path: Path) -> None:
    ended = replay(ALL_SKIPPED, "--export", f"{tmp_path}/a.ktap")
    assert ended.code == 125 and "SKIP" in (tmp_path / "a.ktap").read_text()


def test_a_file_that_cannot_be_made_costs_no_other(replay: Bench, tmp_path: Path) -> None:
    """squad has no place for a cell without a number."""
    words = ["--export", f"squad:{tmp_path}/s", "--export", f"{tmp_path}/a.ktap"]
    ended = replay(ALL_SKIPPED, *words)
    assert ended.code == 125 and "skipped" in ended.out
    assert not (tmp_path / "s").exists() and (tmp_path / "a.ktap").exists()


def test_a_schema_takes_no_run(bench: Bench) -> None:
    assert json.loads(bench("report", "--schema", "json").out)["title"]
    ended = bench("report", "--schema", "xml")
    assert ended.code == 2 and "did you mean" not in ended.out and "has none" in ended.err
    assert "RUN is missing" in bench("report").err
