# SPDX-License-Identifier: GPL-2.0-only
"""One plan, measured here, by processes, by workers of Dask and in parts: the same figures."""

from pathlib import Path

import pytest

from bench.results.writer import load
from tests.guest.test_elsewhere import Dask, bench, dask, require_same

__all__ = ["dask"]  # a fixture

pytestmark = [pytest.mark.guest, pytest.mark.slow, pytest.mark.long]
PLANS = {"smoke": ("smoke", "--mem", "32M,64M"), "reference": ("reference", "--mem", "1G")}


@pytest.mark.parametrize("name", PLANS)
def test_all_ways_are_the_same(name: str, dask: Dask, tmp_path: Path) -> None:
    dask.add_worker()
    dask.add_worker()
    words = ("run", *PLANS[name], "--clock", "icount")
    ways = {
        "here": (),
        "local": ("--on", "local:2"),
        "dask": ("--on", dask.name),
        "part1": ("--shard", "1/2"),
        "part2": ("--shard", "2/2"),
    }
    codes = {}
    for way, more in ways.items():
        codes[way] = bench(*words, *more, "--out", str(tmp_path / way)).returncode
    parts = [str(tmp_path / part) for part in ("part1", "part2")]
    codes["whole"] = bench("merge", *parts, "--out", str(tmp_path / "whole")).returncode
    assert set(codes.values()) == {0}, codes
    here = load(tmp_path / "here")
    for way in ("local", "dask", "whole"):
        require_same(load(tmp_path / way), here)
