# SPDX-License-Identifier: GPL-2.0-only
"""Recognize files of other programs, to say whose they are and what to use instead."""

from collections.abc import Callable, Mapping
from typing import Any

_PYPERF = "bench compares runs of its own, and pyperf files: python -m pyperf"
_TABLE: Mapping[str, tuple[Callable[[Mapping[str, Any]], bool], str]] = {
    "pytest-benchmark": (
        lambda it: "benchmarks" in it and {"machine_info", "commit_info"} & it.keys() != set(),
        "pytest --benchmark-compare, or py.test-benchmark compare, read it; bench compares the run"
        " that it was made from",
    ),
    "Google Benchmark": (
        lambda it: "benchmarks" in it and isinstance(it.get("context"), dict),
        "its own tools/compare.py reads it",
    ),
    "hyperfine": (
        lambda it: _rows(it.get("results"), "command", "times"),
        f"hyperfine's scripts/ read it; {_PYPERF} command writes what bench reads",
    ),
    "fio": (
        lambda it: "fio version" in it or ("jobs" in it and "global options" in it),
        "fio_jsonplus_clat2csv reads it",
    ),
    "k6": (
        lambda it: "metrics" in it and "root_group" in it,
        "k6's own thresholds judge it",
    ),
    "asv": (
        lambda it: {"commit_hash", "env_name", "results"} <= it.keys(),
        "asv compare reads it",
    ),
    "github-action-benchmark": (
        lambda it: {"entries", "repoUrl"} <= it.keys(),
        "its own action reads it; bench history keeps the runs themselves",
    ),
    "KCIDB": (
        lambda it: (
            isinstance(it.get("version"), dict)
            and bool({"tests", "builds", "checkouts"} & it.keys())
        ),
        "kcidb-query reads it; bench compares the run that it was made from",
    ),
    "Bencher": (
        lambda it: bool(it) and all(map(_is_bmf, it.values())),
        "bencher run --adapter json reads it; bench compares the run that it was made from",
    ),
    "lkp-tests": (
        lambda it: bool(it) and all("." in name and isinstance(v, list) for name, v in it.items()),
        "lkp compare reads it",
    ),
    "bench": (
        lambda it: "gate" in it or ("verdict" in it and "cells" in it),
        "it is a verdict, or a report, and not what was measured: name the run directory",
    ),
}
_BEGINS = {
    b"PERFILE2": ("perf record", "perf report reads it"),
    b"<?xml": ("JUnit, or another XML file", "name the run directory that it was made from"),
    b"PK\x03\x04": ("zip", "unpack it first"),
    b"\xfd7zXZ": ("xz", "unpack it first: xz -d"),
    b"(\xb5/\xfd": ("zstd", "unpack it first: zstd -d"),
    b"BZh": ("bzip2", "unpack it first: bunzip2"),
    b"KTAP version": ("KTAP", "name the run directory that it was made from"),
    b"TAP version": ("TAP", "name the run directory that it was made from"),
}


def whose(found: object) -> tuple[str, str] | None:
    """Name the program whose JSON this is, and what to use; None for one that is not known."""
    if isinstance(found, list):
        if all(isinstance(row, dict) and {"name", "unit", "value"} <= row.keys() for row in found):
            return "github-action-benchmark", "its own action reads it"
        return None
    if not isinstance(found, dict):
        return None
    return next(((name, use) for name, (is_it, use) in _TABLE.items() if is_it(found)), None)


def whose_bytes(data: bytes) -> tuple[str, str] | None:
    """Name the program whose file begins so."""
    if data.startswith(b'{"') and b'"crc"' in data.partition(b"\n")[0] and b"\n{" in data:
        return "bench (samples.jsonl of a run)", "name the directory that it is in"
    return next((of for begin, of in _BEGINS.items() if data.startswith(begin)), None)


def _rows(found: object, *names: str) -> bool:
    return (
        isinstance(found, list)
        and bool(found)
        and all(isinstance(row, dict) and {*names} <= row.keys() for row in found)
    )


def _is_bmf(found: object) -> bool:
    return (
        isinstance(found, dict)
        and all(isinstance(measure, dict) and "value" in measure for measure in found.values())
        and bool(found)
    )
