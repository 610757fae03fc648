# SPDX-License-Identifier: GPL-2.0-only
"""Files that a side can be, made from a run, and how one that is none is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyperf
import pytest

from bench.errors import UsageError
from bench.report.export.exports import pyperf as to_pyperf
from bench.results.writer import load
from bench.sides import read_side, write_baseline

Make = Callable[[Path, Path], Path]


def as_baseline(run: Path, path: Path) -> Path:
    write_baseline(read_side(run), path)
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
