# SPDX-License-Identifier: GPL-2.0-only
"""A calibration: written and read again, what follows from it, and files that are none."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.errors import UsageError
from bench.model.cell import Ptes
from bench.model.method import Phase
from bench.results.calibration import TOLERATED, read_calibration, write_calibration
from tests.unit.calibrations import SIZES, calibration, written


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = written(tmp_path / "c.json")
    assert read_calibration(path) == calibration()
    shown = json.loads(path.read_text())["loops"]
    assert [loop["phase"] for loop in shown] == ["map", "map", "release", "release"]


def test_the_largest_size_is_foretold_from_the_others() -> None:
    (loop, *others) = calibration(last=0.5).loops
    assert (loop.phase, loop.ptes, loop.predicted_mem) == (Phase.MAP, Ptes.COLD, SIZES[-1])
    assert loop.ns_per_instruction == pytest.approx(0.1)
    assert loop.error == pytest.approx(1.0, rel=1e-3) and not loop.fair
    assert [other.error for other in others] == pytest.approx([0, 0, 0], abs=1e-3)
    assert all(other.fair for other in others)


@pytest.mark.parametrize("off", [1 / (1 + TOLERATED) - 0.01, 1 / (1 - TOLERATED) + 0.01])
def test_too_far_off_is_not_fair(off: float) -> None:
    assert not calibration(last=off).loops[0].fair


@pytest.mark.parametrize("off", [1 / (1 + TOLERATED) + 0.01, 1.0, 1 / (1 - TOLERATED) - 0.01])
def test_a_little_off_is_fair(off: float) -> None:
    assert calibration(last=off).loops[0].fair


def test_the_fastest_rep_of_a_boot_counts() -> None:
    point = calibration().points[0]
    assert point.measured.times == [boot[1] for boot in point.ns]


def changed(path: Path, **fields: Any) -> Path:
    table = json.loads(written(path).read_text())
    path.write_text(json.dumps({**table, **fields}))
    return path


def emptied(path: Path) -> list[Any]:
    points = json.loads(written(path).read_text())["points"]
    return [{**point, "ns": []} for point in points]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "x"}, "it is no calibration"),
        ({"format": 2}, "its format is 2, this version reads 1"),
        ({"device": 1}, "device: expected str, got int"),
        ({"points": [{}]}, r"points\[0\]: object missing required field"),
        ({"host": {"cpus": "two"}}, "host.cpus: expected int"),
    ],
)
def test_a_file_with_other_contents(fields: dict[str, Any], said: str, tmp_path: Path) -> None:
    path = changed(tmp_path / "c.json", **fields)
    with pytest.raises(UsageError, match=said) as caught:
        read_calibration(path)
    assert str(path) in caught.value.message and "bench calibrate" in caught.value.hint


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", "[" * 100_000, "\x00"])
def test_a_file_that_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(UsageError, match="--seconds"):
        read_calibration(tmp_path / "c.json")


def test_points_without_reps_or_sizes(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    points = emptied(path)
    for wrong in (points, points[:1], [{**each, "ns": [[], [], []]} for each in points]):
        with pytest.raises(UsageError, match="--seconds"):
            read_calibration(changed(path, points=wrong))


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_calibration(tmp_path / "none.json")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--out: .* Is a directory"):
        write_calibration(tmp_path, calibration())
