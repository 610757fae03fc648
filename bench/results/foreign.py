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
        lambda it: _rows(it.get("results"), "command"),
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
        lambda it: {"commit_hash", "env_name", "results"} <= it.keys() or _is_asv_list(it),
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
    "criterion": (
        lambda it: (
            {"mean", "median", "std_dev"} <= it.keys()
            or {"iters", "times"} <= it.keys()
            or str(it.get("reason")).startswith("benchmark-")
        ),
        "critcmp reads it",
    ),
    "SQUAD": (
        lambda it: bool(it) and all("/" in name and _is_number(v) for name, v in it.items()),
        "squad-client reads it; bench compares the run that it was made from",
    ),
    "lkp-tests": (
        lambda it: (
            bool(it)
            and all(
                "." in name and (isinstance(v, list) or _is_number(v)) for name, v in it.items()
            )
        ),
        "lkp compare reads it",
    ),
    "bench (run.json of a run)": (
        lambda it: {"format", "clock", "plan", "executor"} <= it.keys(),
        "name the directory that it is in",
    ),
    "bench (a report or a verdict)": (
        lambda it: "format" in it and bool({"runs", "cells"} & it.keys()),
        "it is not what was measured: name the run directory, or write --format baseline",
    ),
}
_MADE_FROM = "name the run directory that it was made from"
_BEGINS = {
    b"PERFILE2": ("perf record", "perf report reads it"),
    b"<?xml": ("JUnit, or another XML file", _MADE_FROM),
    b"<testsuite": ("JUnit", _MADE_FROM),
    b"<!DOCTYPE html": ("HTML, as a page of a report is", _MADE_FROM),
    b"<!doctype html": ("HTML, as a page of a report is", _MADE_FROM),
    b"window.BENCHMARK_DATA": ("github-action-benchmark", "its own page reads it"),
    b'{"type":"Metric"': ("k6", "k6's own thresholds judge it"),
    b'{"type": "Metric"': ("k6", "k6's own thresholds judge it"),
    b"goos: ": ("go test -bench", "benchstat reads it"),
    b"run,device,": ("bench (CSV of a report)", _MADE_FROM),
    b"PK\x03\x04": ("zip", "unpack it first"),
    b"\xfd7zXZ": ("xz", "unpack it first: xz -d"),
    b"(\xb5/\xfd": ("zstd", "unpack it first: zstd -d"),
    b"BZh": ("bzip2", "unpack it first: bunzip2"),
    b"KTAP version": ("KTAP", _MADE_FROM),
    b"TAP version": ("TAP", _MADE_FROM),
}


def whose(found: object) -> tuple[str, str] | None:
    """Name the program whose JSON this is, and what to use; None for one that is not known."""
    if isinstance(found, list):
        if _rows(found, "name", "unit", "value"):
            return "github-action-benchmark", "its own action reads it"
        if _rows(found, "jmhVersion", "primaryMetric"):
            return "JMH", "its own visualizers read it"
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


def _is_number(found: object) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool)


def _is_asv_list(found: Mapping[str, Any]) -> bool:
    """Tell whether it is asv's list of benchmarks, each with its code."""
    rows = [each for name, each in found.items() if name != "version"]
    return _rows(rows, "code", "type")
