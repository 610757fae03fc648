# SPDX-License-Identifier: GPL-2.0-only
"""What a baseline keeps beside values, older ones, and ones that were changed."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.errors import CannotJudge, UsageError
from bench.model.cell import Clock
from bench.results.writer import Store
from bench.sides import Side, differences, read_side, session_noise
from bench.sides.baseline import baseline_text, side_of_baseline
from tests.unit.runs import FAILED, LARGE, NEW, RESET, contents, noisy, sample, write_run
from tests.unit.side_files import as_baseline, old_baseline, refused, rewritten


def several(tmp_path: Path) -> Side:
    """Three sessions, of which one has two boots and not every cell."""
    paths = [
        write_run(
            tmp_path / f"run{at}",
            values,
            seed=at,
            sessions=[{"began": f"2026-01-0{at}T00:00:00+00:00", "helper": "h1"}],
        )
        for at, values in enumerate(
            ({NEW: {1: [5_000, 5_011], 2: [5_020]}}, {NEW: {1: [5_103]}}, noisy(1, boots=1)), 1
        )
    ]
    return read_side(paths)


def test_boots_keep_what_they_are_and_cells_what_they_had(tmp_path: Path) -> None:
    side = several(tmp_path)
    (tmp_path / "base.json").write_text(baseline_text(side))
    back = read_side(tmp_path / "base.json")
    assert (back.identities, back.began) == (side.identities, side.began)
    assert len(back.identities) == 4 and not back.damage
    for key, values in side.cells.items():
        kept = back.cells[key]
        for name in ("boots", "values", "extents", "sessions"):
            one, other = getattr(values, name), getattr(kept, name)
            assert one.tolist() == other.tolist() and one.dtype == other.dtype
        phases, medians = values.phases_by_boot(), kept.phases_by_boot()
        assert {p: each.tolist() for p, each in phases.items()} == {
            p: each.tolist() for p, each in medians.items()
        }
    assert back.noise == session_noise(side) and back.noise.keys() == {NEW}
    assert session_noise(back) == back.noise
    assert baseline_text(back) == baseline_text(side)


def test_extents_that_differ_within_a_boot_are_kept(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {NEW: {1: [5], 2: [6]}})
    Store(run).append([replace(sample(NEW, Clock.WALL, 1, 2, 7), extents=9)])
    back = read_side(as_baseline(run, tmp_path / "base.json"))
    found = back.cells[NEW].extents
    assert found is not None and found.tolist() == [2, 9, 2]


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_one_is_read(version: int, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", noisy(1), without={LARGE: FAILED})
    side = read_side(run)
    old = read_side(old_baseline(as_baseline(run, tmp_path / "base.json"), version))
    assert contents(old) == contents(side) and old.without == side.without
    assert differences(side, old) == [] and not old.damage
    values = old.cells[NEW]
    assert (values.extents, values.sessions, values.phases_by_boot()) == (None, None, {})
    again = side_of_baseline(json.loads(baseline_text(old)), "again")
    assert contents(again) == contents(side) and again.cells[NEW].sessions is None


def test_the_memory_of_a_guest_has_another_name_in_older_ones(tmp_path: Path) -> None:
    side = read_side(write_run(tmp_path / "run", noisy(1)))
    assert side.facts["QEMU -m"] == "1 GiB"
    file = json.loads(baseline_text(side))
    del file["facts"]["QEMU -m"]
    file["facts"]["guest memory"] = str(1 << 30)
    old = side_of_baseline(file, "old")
    assert old.facts == side.facts and differences(side, old) == []
    file["facts"]["guest memory"] = "9" * 5000  # of a hand that is not ours
    assert differences(side, side_of_baseline(file, "odd"))[0].startswith("QEMU -m: 1 GiB in BASE")


def changed(path: Path, change: Callable[[str], str]) -> Path:
    text = path.read_text()
    assert change(text) != text
    path.write_text(change(text))
    return path


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace("1300001", "1299001"), "crc does not fit"),
        (
            lambda text: text[: text.rindex(',"crc"' if ',"crc"' in text else ', "crc"')] + "}",
            "gone",
        ),
        (lambda text: text.replace('"qemu": "QEMU 7.2"', '"qemu": "QEMU 9"'), "crc does not fit"),
        (lambda text: text.replace("\n", "\n "), "crc does not fit"),
    ],
    ids=["value", "no crc", "fact", "space"],
)
def test_one_that_was_changed_is_refused(
    change: Callable[[str], str], why: str, tmp_path: Path
) -> None:
    path = changed(as_baseline(write_run(tmp_path / "run"), tmp_path / "base.json"), change)
    with pytest.raises(CannotJudge, match=f"changed after it was written: its .*{why}") as caught:
        read_side(path)
    assert "\n" not in caught.value.message and "--force" in caught.value.hint
    assert read_side(path, force=True).damage


def test_a_white_end_is_no_change(tmp_path: Path) -> None:
    """Editors and git add or take the newline at the end."""
    path = as_baseline(write_run(tmp_path / "run"), tmp_path / "base.json")
    path.write_text(path.read_text().rstrip())
    assert not read_side(path).damage


def of_row(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], object]:
    return lambda whole: change(whole["cells"][0])


WRONG: dict[str, Callable[[dict[str, Any]], object]] = {
    "session of a boot without values": lambda w: w["boots"].update({"7": {"session": 1}}),
    "session that is none": lambda w: w["boots"].update({"1": {"session": "x"}}),
    "session below 0": lambda w: w["boots"].update({"1": {"session": -1}}),
    "identity of two lines": lambda w: w["boots"]["1"].update(identity="a\nb"),
    "boot that is no number": lambda w: w["boots"].update({"one": {}}),
    "more of a boot": lambda w: w["boots"]["1"].update(more=1),
    "extents of another boot": of_row(lambda row: row.update(extents={"2": 1})),
    "extents of none": of_row(lambda row: row.update(extents={"1": 0})),
    "too few extents": of_row(lambda row: row.update(extents={"1": [2]})),
    "phase of no cell": of_row(lambda row: row["phases"].update(sleep=[1])),
    "phase of another experiment": of_row(lambda row: row["phases"].update(pin=[1])),
    "median too many": of_row(lambda row: row["phases"].update(map=[1, 2])),
    "median below 0": of_row(lambda row: row["phases"].update(map=[-1])),
    "no median": of_row(lambda row: row["phases"].update(map=[float("nan")])),
    "endless median": of_row(lambda row: row["phases"].update(map=[float("inf")])),
    "noise of one session": of_row(lambda row: row.update(noise={"sd": 0.1, "sessions": 1})),
    "noise below 0": of_row(lambda row: row.update(noise={"sd": -0.1, "sessions": 3})),
    "no noise": of_row(lambda row: row.update(noise={"sd": float("nan"), "sessions": 3})),
    "half a noise": of_row(lambda row: row.update(noise={"sd": 0.1})),
    "older format": lambda w: w.update(bench_baseline=2),
    "newer format": lambda w: w.update(bench_baseline=4),
    "text for a format": lambda w: w.update(bench_baseline="3"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_is_refused_though_its_crc_fits(name: str, tmp_path: Path) -> None:
    path = as_baseline(write_run(tmp_path / "run"), tmp_path / "base.json")
    whole = json.loads(path.read_text())
    WRONG[name](whole)
    refused(rewritten(path, whole))


def test_one_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    text = as_baseline(write_run(tmp_path / "run"), tmp_path / "base.json").read_text()
    for length in range(0, len(text) - 2, 97):
        (tmp_path / "base.json").write_text(text[:length])
        refused(tmp_path / "base.json")


def test_two_of_one_key_are_refused(tmp_path: Path) -> None:
    """As after a bad merge."""
    path = as_baseline(write_run(tmp_path / "run"), tmp_path / "base.json")
    text = path.read_text()
    path.write_text(text.replace('"boots": {', '"boots": {}, "boots": {'))
    with pytest.raises(UsageError, match="stands twice"):
        read_side(path)


def test_some_boots_without_a_session_leave_all_unknown(tmp_path: Path) -> None:
    path = as_baseline(write_run(tmp_path / "run", {NEW: {1: [5], 2: [6]}}), tmp_path / "b.json")
    whole = json.loads(path.read_text())
    del whole["boots"]["2"]["session"]
    side = read_side(rewritten(path, whole))
    assert side.cells[NEW].sessions is None and contents(side) == {NEW: {1: [5], 2: [6]}}
    assert RESET not in side.cells
