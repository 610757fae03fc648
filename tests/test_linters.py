# SPDX-License-Identifier: GPL-2.0-only
"""The rules of the layout, each as a test, with the tools that check them."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench.paths import ROOT

TRACKED = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    if (ROOT / name).exists()
]
PYTHON = [path for path in TRACKED if path.suffix == ".py"]
HELPER = [path for path in TRACKED if path.suffix in (".c", ".h")]
SHELL = [
    path for path in TRACKED if path.read_bytes().startswith((b"#!/bin/sh", b"#!/usr/bin/env bash"))
]

# The text of a licence, and data whose format has no comments.
WITHOUT_SPDX = {"page.html", "LICENSE", ".gz", ".json", ".jsonl", ".txt"}
BANNED_NAMES = {"utils", "util", "common", "helpers", "misc"}


def tool(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


@pytest.mark.parametrize(
    "command",
    [
        [tool("ruff"), "check", "."],
        [tool("ruff"), "format", "--check", "."],
        [tool("mypy")],
        [tool("lint-imports")],
        ["shellcheck", "-x", "-a", *map(str, SHELL)],
    ],
    ids=lambda command: " ".join(Path(word).name for word in command[:2]),
)
def test_linter(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_file_names_its_licence() -> None:
    missing = [
        path
        for path in TRACKED
        if not WITHOUT_SPDX & {path.name, path.suffix}
        and b"SPDX-License-Identifier: GPL-2.0-only" not in path.read_bytes()[:4096]
    ]
    assert not missing


def test_modules_are_small() -> None:
    """400 lines a module, 60 a function; the two giants of every such tool start here."""
    for path in PYTHON:
        text = path.read_text()
        assert len(text.splitlines()) <= 400, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                assert (node.end_lineno or 0) - node.lineno <= 60, f"{path}:{node.lineno}"
    for path in HELPER:
        assert len(path.read_text().splitlines()) <= 400, path


def test_no_module_is_a_drawer() -> None:
    assert not [path for path in (*PYTHON, *HELPER) if path.stem in BANNED_NAMES]


def test_c_is_in_kernel_style() -> None:
    for path in HELPER:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            assert len(line.expandtabs(8)) <= 80, f"{path}:{number}"
            assert not re.match(r" {2,}\S", line), f"{path}:{number} is indented with spaces"
            assert line == line.rstrip(), f"{path}:{number} ends in white space"
