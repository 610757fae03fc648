# SPDX-License-Identifier: GPL-2.0-only
"""Man pages: made of the tree of the parser, and without a fault that a checker finds."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer.main

from bench.cli import app
from bench.commands.examples import EXAMPLES
from bench.commands.man import commands_of, man_pages
from bench.paths import ROOT
from tests.unit.command import Bench

CLI: Any = typer.main.get_command(app)
PAGES = dict(man_pages(CLI))


def plain(page: str) -> str:
    """A page without its escapes."""
    return re.sub(r"\\f[IPBR]|\\&", "", page.replace(r"\-", "-").replace(r"\e", "\\"))


def test_each_command_has_a_page() -> None:
    assert [*PAGES] == ["-".join(["bench", *words]) + ".1" for words, _ in commands_of(CLI)]
    assert {"bench.1", "bench-run.1", "bench-kernel-build.1"} <= {*PAGES}


@pytest.mark.parametrize(("words", "command"), [*commands_of(CLI)], ids=str)
def test_a_page_has_what_help_has(words: tuple[str, ...], command: Any) -> None:
    text = plain(PAGES["-".join(["bench", *words]) + ".1"])
    assert [
        name for each in command.params for name in each.opts if "--" in name and name not in text
    ] == []
    assert [line for line in EXAMPLES[" ".join(words)] if f"\n{line}\n" not in text] == []


def test_exit_codes_are_those_of_the_docs() -> None:
    docs = (ROOT / "docs/command-line.md").read_text().split("## Exit codes")[1].split("\n## ")[0]
    section = PAGES["bench.1"].split(".SH EXIT STATUS")[1].split(".SH")[0]
    assert re.findall(r"^\.B (\d+)$", section, re.M) == re.findall(r"^\| (\d+) \|", docs, re.M)


CHECKERS = {
    "mandoc": ["mandoc", "-T", "lint", "-W", "warning"],
    "groff": ["groff", "-man", "-Tutf8", "-ww", "-z"],
}


@pytest.mark.parametrize("checker", CHECKERS)
def test_pages_are_without_fault(checker: str, tmp_path: Path, bench: Bench) -> None:
    if shutil.which(checker) is None:
        pytest.skip(f"no {checker} here")
    assert bench("man", tmp_path).out == f"man pages: {tmp_path}\n"
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == sorted(PAGES)
    done = subprocess.run([*CHECKERS[checker], *files], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("", "")


def test_pages_of_a_reproducible_build_are_dated_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert dict(man_pages(CLI))["bench.1"].startswith('.TH BENCH 1 "1970-01-02" "bench ')


@pytest.mark.parametrize("words", [(), ("DIR", "--install")])
def test_nothing_is_written_where_nobody_said(words: tuple[str, ...], bench: Bench) -> None:
    ended = bench("man", *words)
    assert (ended.code, ended.out) == (2, "")
    assert "bench man --install writes into /" in ended.err


def test_they_go_where_man_looks(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert bench("man", "--install").code == 0
    assert (tmp_path / "man/man1/bench.1").exists()
    (tmp_path / "file").touch()
    ended = bench("man", tmp_path / "file")
    assert ended.code == 2 and ended.complaints[0] == f"bench: {tmp_path / 'file'}: File exists"
