# SPDX-License-Identifier: GPL-2.0-only
"""A report on real terminals: colours where they are wanted, unicode where it is, nothing lost."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.model.cell import Cell, Clock
from bench.model.method import Method
from bench.model.visible import visible, visible_lines
from bench.paths import ROOT
from bench.report.table.contents import contents
from bench.report.table.functions import functions_section
from bench.report.table.section import Column, Entry, EntryKind, Section, make_table
from bench.report.text.terminal import fit, shown, wrap
from bench.report.text.text import sections_text
from bench.results.writer import Run
from tests.unit.command import Bench
from tests.unit.profiled import with_profiles
from tests.unit.profiles import profile
from tests.unit.replayed import measure, record
from tests.unit.runs import (
    CELL,
    FAILED,
    LARGE,
    NEW,
    VALUES,
    measured,
    run_of,
    run_text,
    sized,
    straight,
    without,
    write_run,
)
from tests.unit.terminals import ESCAPE, USUAL, seen, terminal

GOLDEN = ROOT / "tests" / "golden"
OTHER = replace(CELL, method=Method.NEW_OWNER)
FIGURE = re.compile(r"~?\d[\d.]* (?:[KMGT]iB|[kMG]|ns|us|ms|s)(?!\w)|\d[\d.]*x")


def both(cell: Cell) -> list[Cell]:
    return [cell, replace(cell, method=Method.NEW_OWNER)]


def rich_run() -> Run:
    """Every state that a cell can have."""
    cells = [each for gib in (1, 2, 4, 16) for each in both(sized(CELL, gib))]
    failed = without(sized(OTHER, 2), "failed: VmPin is 0 kB, not 1048576 kB")
    return run_of([*straight(cells), failed, *map(without, both(sized(CELL, 64)))])


UPDATE = bool(os.environ.get("BENCH_UPDATE_GOLDEN"))  # before a test replaces the environment


def on(monkeypatch: pytest.MonkeyPatch, columns: int, encoding: str = "utf-8", **env: str) -> str:
    """A report on a terminal of so many columns, with an environment of this alone."""
    monkeypatch.setattr("os.environ", {**USUAL, **env})
    with terminal(columns, encoding) as stream:
        return shown(contents(rich_run()), stream)


def test_a_terminal_has_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    text = on(monkeypatch, 120)
    assert "\x1b[1m" in text and "\x1b[1;31mfailed\x1b[0m" in text
    assert "\x1b[33mextrapolated\x1b[0m" in text and "─" in text


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}])
def test_no_escape_where_none_is_wanted(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words are the same: no colour says what they do not."""
    text = on(monkeypatch, 120, **env)
    assert "\x1b" not in text
    assert text == ESCAPE.sub("", on(monkeypatch, 120))


def test_an_empty_no_color_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[1m" in on(monkeypatch, 120, NO_COLOR="")


@pytest.mark.parametrize(
    ("encoding", "env"),
    [
        ("utf-8", {"LANG": "C"}),
        ("utf-8", {"LC_ALL": "C"}),
        ("utf-8", {"LANG": "", "LC_CTYPE": "C.UTF-8"}),  # what Python makes of no locale
        ("utf-8", {"LANG": "de_DE.ISO-8859-1"}),
        ("ascii", {"LANG": "en_US.UTF-8"}),
    ],
)
def test_only_ascii_where_there_is_no_unicode(
    encoding: str, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = on(monkeypatch, 120, encoding, **env)
    assert text.isascii() and "\n\x1b[2m-----" in text


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 120, 300])
def test_nothing_is_lost_at_any_width(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every figure is whole on a line, and every word is there."""
    text = on(monkeypatch, columns, NO_COLOR="1")
    plain = run_text(rich_run())
    for figure in FIGURE.findall(plain):
        assert any(figure in line for line in text.splitlines()), figure
    heads = {"device", "backing"}  # of what names a row: where there is no table there are none
    assert {*plain.split()} - heads <= {*text.split()}
    assert "…" not in text and max(map(len, text.splitlines())) <= columns


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_no_function_is_lost_at_any_width(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor what cell it is of, where there is no room for a table."""
    monkeypatch.setattr("os.environ", {**USUAL, "NO_COLOR": "1"})
    lines = {"release": {"entry;a_function_with_a_long_name.constprop.0 [vhost_vdpa]": 7000}}
    run = with_profiles(rich_run(), profile(lines, CELL))
    section = functions_section(run)
    with terminal(columns) as stream:
        text = shown([section], stream)
    assert {*sections_text([section]).split()} <= {*text.split()}
    assert max(map(len, text.splitlines())) <= columns


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_the_layout(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = on(monkeypatch, columns, TERM="dumb")
    laid = "".join(f"{line.rstrip()}\n" for line in text.splitlines())
    golden = GOLDEN / f"terminal-{columns}.txt"
    if UPDATE:
        golden.write_text(laid)
    assert laid == golden.read_text()


def test_a_file_has_plain_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {**USUAL, "FORCE_COLOR": "1"})
    with (tmp_path / "file").open("w") as stream:
        assert shown(contents(rich_run()), stream) == f"\n{run_text(rich_run())}"


def test_one_method_alone_has_no_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {**USUAL, "NO_COLOR": "1"})
    with terminal(80) as stream:
        text = shown(contents(run_of(measured(CELL, [9_000] * 5))), stream)
    assert text.startswith("\nPause of a live update") and "ratio" not in text


HOSTILE = "\x1b]0;owned\x07[bold]x[/bold]\r\nsecond\u202eline"


@pytest.mark.parametrize("columns", [40, 80, 160])
def test_data_is_never_markup(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {**USUAL, "NO_COLOR": "1"})
    table = make_table(map(Column, ("name", "n")), [map(Entry, (HOSTILE, "1"))])
    section = Section(HOSTILE, (HOSTILE,), (table,), (HOSTILE,))
    with terminal(columns) as stream:
        text = shown([Section(HOSTILE), section], stream)
    assert all(line.isprintable() for line in text.splitlines())
    folded = "".join(text.split())
    assert folded.count("\\x1b]0;owned\\x07[bold]x[/bold]\\r\\nsecond\\u202eline") == 5


@pytest.mark.slow
def test_hostile_names_from_the_command_line(tmp_path: Path) -> None:
    """A device, a kernel and a path: on stdout and on stderr."""
    cell = replace(NEW, device="/dev/\x1b[31mred\n")
    made = write_run(
        tmp_path / "run", {cell: {1: [1, 2]}}, Clock.ICOUNT, executor={"kernel": "a\x1b]0;b\x07"}
    )
    code, text = seen(80, {**USUAL, "NO_COLOR": "1"}, "report", made)
    assert code == 0 and "\x1b" not in text and "\x07" not in text and "/dev/\\x1b[31mred" in text
    code, text = seen(80, {**USUAL, "NO_COLOR": "1"}, "report", tmp_path / "\x1b[31mno")
    assert code == 2 and "\x1b" not in text and "\\x1b[31mno" in text


@pytest.mark.slow
def test_report_on_a_terminal(tmp_path: Path) -> None:
    made = write_run(tmp_path / "run", VALUES, without={LARGE: FAILED})
    code, text = seen(100, USUAL, "report", made)
    assert code == 0 and "\x1b[1;32m4x" in text.replace("4.00x", "4x") and "─" in text
    code, ascii_text = seen(100, {"TERM": "dumb", "LC_ALL": "C"}, "report", made)
    assert code == 0 and ascii_text.isascii() and "\x1b" not in ascii_text
    code, file = seen(100, USUAL, "report", made, "--out", tmp_path / "file")
    assert (code, file) == (0, "")
    assert "\x1b" not in (tmp_path / "file").read_text()


@pytest.mark.slow
def test_a_run_ends_with_the_same_report(bench: Bench, tmp_path: Path) -> None:
    recording = record(tmp_path / "recording")
    cell = ("--mem", "64M", "--method", "new-owner", "--reps", "5")
    words = (*cell, "--executor", f"replay:{recording}", "--out", str(tmp_path / "a"))
    code, text = seen(90, USUAL, "run", "smoke", *words)
    assert code == 0
    _, again = seen(90, USUAL, "report", tmp_path / "a")
    assert again.strip() and again.strip() in text
    ended = measure(bench, recording, tmp_path / "b")
    assert ended.out.startswith("\nPause of") and f"samples: {tmp_path / 'b'}" in ended.out


def test_wrapped_text_keeps_figures_and_long_words() -> None:
    text = "it took 64 GiB and 1.234 ms of /a/very/long/path/that/is/longer"
    assert wrap(text, 12).splitlines() == [
        "it took",
        "64 GiB and",
        "1.234 ms of",
        "/a/very/long/path/that/is/longer",
    ]
    assert wrap("  lead and more", 8, 2) == "  lead\n    and\n    more"


ENTRY = st.builds(Entry, st.text("ab 1~", max_size=12).map(str.strip), st.sampled_from(EntryKind))
COLUMNS = (*(Column(head, names=True) for head in ("pages", "method")), Column("median"))


@given(st.lists(st.tuples(ENTRY, ENTRY, ENTRY), min_size=1, max_size=6), st.integers(5, 60))
def test_a_table_that_fits_does(rows: list[tuple[Entry, ...]], width: int) -> None:
    """And has every word of it."""
    fitted = fit(make_table(COLUMNS, rows), width)
    if fitted is None:
        return
    table, shared = fitted
    shown = [table.heads, *(tuple(e.text for e in row) for row in table.rows)]
    lines = [[max(map(len, cell.split("\n"))) for cell in row] for row in shown]
    assert sum(map(max, zip(*lines, strict=True))) + 2 * (len(lines[0]) - 1) <= width
    told = " ".join(cell for row in [*shown, *shared] for cell in row)
    assert {word for row in rows for entry in row for word in entry.text.split()} <= {*told.split()}


@given(st.text())
def test_visible_text_is_one_printable_line(text: str) -> None:
    assert visible(text).isprintable()
    assert visible_lines(text).count("\n") == text.count("\n")


def test_plain_text_of_sections() -> None:
    assert sections_text([Section("A title"), Section(lines=("a line",))]) == "A title\n\na line"
