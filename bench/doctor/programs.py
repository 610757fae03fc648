# SPDX-License-Identifier: GPL-2.0-only
"""Examine programs that have to be installed, and the helper, which is compiled."""

from collections.abc import Mapping
from pathlib import Path

from bench.doctor.diagnosis import Finding, Severity
from bench.errors import CannotJudge, MissingTool
from bench.guest.initramfs import HELPER_PROGRAMS, cached_helper
from bench.process import find_tool, run


def missing(programs: Mapping[str, str]) -> dict[str, str]:
    """Return those of the programs that are not installed, with the package of each."""
    absent = {}
    for name, package in programs.items():
        try:
            find_tool(name, package)
        except MissingTool:
            absent[name] = package
    return absent


def install(packages: Mapping[str, str]) -> str:
    """Return the command that installs the packages of programs, as Debian names them."""
    names = " ".join(sorted(set(packages.values())))
    return f"sudo apt-get install --no-install-recommends {names}"


def examine_helper() -> Finding:
    """Judge whether the helper is compiled, or can be: gcc, make and a static C library."""
    try:
        if cached_helper():
            return Finding("helper", Severity.OK, "it is compiled")
    except (CannotJudge, OSError):
        pass  # no cache to look into: what that means is said where the cache is looked at
    absent = missing(HELPER_PROGRAMS)
    if absent:
        text = f"not installed, and the helper is compiled with it: {', '.join(absent)}"
        return Finding("helper", Severity.PROBLEM, text, install(absent))
    try:  # gcc prints the bare name of a library that it does not find
        library = run(["gcc", "-print-file-name=libc.a"], timeout=10).strip()
    except CannotJudge as error:
        return Finding("helper", Severity.PROBLEM, error.message, "make setup")
    if not Path(library).is_absolute():
        text = "the helper is static, and there is no libc.a"
        return Finding("helper", Severity.PROBLEM, text, install({"libc.a": "libc6-dev"}))
    return Finding("helper", Severity.OK, "the first run compiles it, in seconds")
