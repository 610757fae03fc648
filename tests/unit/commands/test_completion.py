# SPDX-License-Identifier: GPL-2.0-only
"""Completion of command lines: what can stand where, in real shells, fast and silent."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from bench.cli import app
from bench.commands.completion import SHELLS, complete, completion_script
from bench.model.method import Method
from bench.paths import ROOT, scenario_names
from bench.report.formats import NAMES
from tests.unit.command import Bench

CLI: Any = typer.main.get_command(app)


def words(typed: str) -> list[str]:
    return [line.partition("\t")[0] for line in complete(CLI, typed, "fish").splitlines()]


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("bench ", [*CLI.commands]),
        ("bench ca", ["calibrate"]),
        ("bench run ", scenario_names()),
        ("bench run smoke ", []),  # files
        ("bench run --mem 1G sm", ["smoke"]),
        ("bench run --fresh sm", ["smoke"]),
        ("bench run --method ", [*Method]),
        ("bench run --method new-owner,reso", []),
        ("bench run --method new-owner,resu", ["new-owner,resume"]),
        ("bench run --method=resu", ["--method=resume"]),
        ("bench run --pages huge", ["hugetlb-2m", "hugetlb-1g"]),
        ("bench run --kernel 7.3:li", ["7.3:live-update"]),
        ("bench run --export kci", ["kcidb:"]),
        ("bench run --ptes ", ["cold", "warm"]),
        ("bench run --prof", ["--profile"]),
        ("bench report --format ", [*NAMES]),
        ("bench report RUN --st", ["--style"]),
        ("bench list met", ["methods"]),
        ("bench list methods pag", ["pages"]),
        ("bench kernel ", ["build", "list", "prune"]),
        ("bench kernel build --con", ["--config"]),
        ("bench completion f", ["fish"]),
        ("bench nonsense ", []),
        ("bench run 'open quote", []),
        ("bench doctor --js", ["--json"]),
    ],
)
def test_what_can_stand_there(typed: str, wanted: list[str]) -> None:
    assert words(typed) == wanted


def test_each_shell_gets_its_spelling() -> None:
    typed = "bench run --kernel 7.3:li"
    assert complete(CLI, typed, "bash") == "live-update"  # bash replaces what is behind the colon
    assert complete(CLI, typed, "zsh") == r"7.3\:live-update:live-update on 7.3"
    assert complete(CLI, typed, "fish") == "7.3:live-update\tlive-update on 7.3"


def test_an_unknown_shell_has_a_near_word(bench: Bench) -> None:
    ended = bench("completion", "bsh")
    assert ended.code == 2 and "did you mean bash?" in ended.err


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH on which bench is this one."""
    (tmp_path / "bench").write_text(f'#!/bin/sh\nexec {sys.executable} -m bench "$@"\n')
    (tmp_path / "bench").chmod(0o755)
    return f"{tmp_path}:{os.environ['PATH']}"


# How each shell is asked without a terminal; zsh has completion only where there is one.
_BASH = """
{script}
COMP_LINE="$1"; COMP_POINT=${{#COMP_LINE}}; COMP_WORDS=($1); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1))
compopt() {{ :; }}
_bench bench; printf '%s\\n' "${{COMPREPLY[@]}}"
"""
_ZSH = """
autoload -Uz compinit; compinit -D -u
{script}
words=(${{=1}}); CURRENT=${{#words}}
_describe() {{ print -l -- "${{found[@]%%:*}}" }}
_bench
"""
_FISH = """
{script}
complete -C $argv[1] | string split -f1 \\t
"""


@pytest.mark.parametrize("shell", SHELLS)
def test_a_real_shell_completes(shell: str, path: str, tmp_path: Path) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} here")
    text = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}[shell]
    (tmp_path / "script").write_text(text.format(script=completion_script(shell)))
    options = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    environment = {"PATH": path, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "TERM": "dumb"}
    done = subprocess.run(
        [program, *options, str(tmp_path / "script"), "bench run --pages huge"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.split(), done.stderr) == (["hugetlb-2m", "hugetlb-1g"], "")


def asked(typed: list[str], **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bench", *typed],
        env={**os.environ, "PYTHONPATH": str(ROOT), "_BENCH_COMPLETE": "fish", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_imports_nothing_heavy() -> None:
    done = asked(["bench run --method "])
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "bench.commands.completion" in imported
    assert imported & {"numpy", "pandas", "pydantic", "psutil", "rich.progress"} == set()
    assert done.stdout.split()[0] == "new-owner"


def test_it_never_complains() -> None:
    """Whatever is wrong: no words, a shell that is not known, a file of defaults that is broken."""
    for done in (asked([]), asked(["bench r"], BENCH_REPS="x"), asked(["bench r"], BENCH_REP="x")):
        lines = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
        assert (done.returncode, lines) == (0, [])
