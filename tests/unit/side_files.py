# SPDX-License-Identifier: GPL-2.0-only
"""Files that a side can be, made from a run, and how one that is none is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyperf
import pytest

from bench.errors import UsageError
from bench.report.export.exports import pyperf as to_pyperf
from bench.results.crc import add_crc
from bench.results.writer import load
from bench.sides import read_side, write_baseline

Make = Callable[[Path, Path], Path]


def as_baseline(run: Path, path: Path) -> Path:
    write_baseline(read_side(run), path)
    return path


def rewritten(path: Path, whole: dict[str, Any]) -> Path:
    """Write the JSON of a baseline again, with the crc that it has then."""
    bare = {name: each for name, each in whole.items() if name != "crc"}
    path.write_text(add_crc(json.dumps(bare)))
    return path


def old_baseline(path: Path, version: int) -> Path:
    """Write a baseline again as that version had it, without what came after."""
    whole = json.loads(path.read_text())
    rows = [
        {name: each for name, each in row.items() if name not in ("phases", "extents", "noise")}
        for row in whole["cells"]
    ]
    path.write_text(json.dumps({"bench_baseline": version, "facts": whole["facts"], "cells": rows}))
    return path


def as_pyperf(run: Path, path: Path) -> Path:
    path.write_text(to_pyperf(load(run)))
    return path


MAKERS = [as_baseline, as_pyperf]


def refused(path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_side(path)
    assert "\n" not in caught.value.message


def foreign(path: Path, unit: str = "second", **metadata: Any) -> Path:
    runs = [
        pyperf.Run(
            values,
            metadata={"name": "theirs", "unit": unit, **metadata},
            collect_metadata=False,
        )
        for values in ([0.5, 0.25], [0.75])
    ]
    pyperf.BenchmarkSuite([pyperf.Benchmark(runs)]).dump(str(path), replace=True)
    return path
