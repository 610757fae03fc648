# SPDX-License-Identifier: GPL-2.0-only
"""One plan, measured here, by processes, Dask, Slurm and in parts: the same figures."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.results.writer import load
from tests.guest.recipes import recipe
from tests.guest.slurm import Slurm, missing
from tests.guest.test_elsewhere import Dask, bench, dask, require_same

__all__ = ["dask"]  # a fixture

pytestmark = [pytest.mark.guest, pytest.mark.slow, pytest.mark.long]
PLANS = {"smoke": ("smoke", "--mem", "32M,64M"), "reference": ("reference", "--mem", "1G")}


@pytest.mark.parametrize("name", PLANS)
def test_all_ways_are_the_same(
    name: str, dask: Dask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    if not missing():
        codes["slurm-run"] = by_slurm(words, tmp_path, monkeypatch)
    parts = [str(tmp_path / part) for part in ("part1", "part2")]
    codes["whole"] = bench("merge", *parts, "--out", str(tmp_path / "whole")).returncode
    assert set(codes.values()) == {0}, codes
    here = load(tmp_path / "here")
    for way in {*codes} - {"here", "part1", "part2"}:
        require_same(load(tmp_path / way), here)


def by_slurm(words: tuple[str, ...], place: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Measure by workers of a Slurm of its own; returns the exit code."""
    (place / "slurm").mkdir()
    file = place / "slurm.yaml"
    logs = f"log_directory: {place}/slurm-logs"
    file.write_text(recipe("jobs: ").replace("log_directory: slurm-logs", logs))
    with ExitStack() as stack:
        for name, value in Slurm(place / "slurm", stack).env.items():
            monkeypatch.setenv(name, value)
        on = ("--on", f"dask-slurm:{file}")
        return bench(*words, *on, "--out", str(place / "slurm-run")).returncode
