# SPDX-License-Identifier: GPL-2.0-only
"""compare and gate say where a difference comes from, and end with the verdict."""

import re
from pathlib import Path

import pytest

from bench.model.cell import Clock
from tests.unit.command import Bench
from tests.unit.runs import NEW, RESET, RESET_NAME, counted, counts, section, write_run
from tests.unit.side_files import old_baseline

TITLE = "Where the difference comes from"
NEW_NAME = RESET_NAME.replace("reset-owner", "new-owner")


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """reset-owner is 10 % slower, new-owner is as it was."""
    counted(tmp_path / "base")
    write_run(tmp_path / "new", counts(scales={RESET: 1.1, NEW: 1.0}), Clock.ICOUNT)
    return tmp_path


def rows(text: str) -> list[list[str]]:
    """The table without its heads, by column."""
    lines = [line for line in section(text, TITLE) if line.startswith("sim-net-pa")]
    return [re.split(r" {2,}", line) for line in lines]


def test_the_table_stands_before_the_verdict(slow: Path, bench: Bench) -> None:
    out = bench("compare", slow / "base", slow / "new").out
    found = rows(out)
    assert {row[0] for row in found} == {RESET_NAME}  # nothing of the other differs
    assert found[-1] == [RESET_NAME, "pause", "5.200 M", "5.720 M", "+520.0 k", "100.0 %"]
    steps = [float(row[5].removesuffix(" %")) for row in found[:-1]]
    assert sum(steps) == pytest.approx(100, abs=0.5) and steps == sorted(steps, reverse=True)
    assert out.index(TITLE) < out.index("1 regression") < out.index("+10.00 %")


def test_the_other_way_round_it_is_less(slow: Path, bench: Bench) -> None:
    found = rows(bench("compare", slow / "new", slow / "base").out)
    assert found[-1][2:] == ["5.720 M", "5.200 M", "-520.0 k", "100.0 %"]
    assert all(row[4].startswith("-") for row in found)


def test_the_gate_has_the_cells_that_changed(tmp_path: Path, bench: Bench) -> None:
    counted(tmp_path / "base")
    write_run(tmp_path / "new", counts(scales={RESET: 1.1, NEW: 1.001}), Clock.ICOUNT)
    sides = tmp_path / "base", tmp_path / "new"
    assert {row[0] for row in rows(bench("compare", *sides).out)} == {RESET_NAME, NEW_NAME}
    assert {row[0] for row in rows(bench("gate", *sides).out)} == {RESET_NAME}


def test_the_same_has_no_table(tmp_path: Path, bench: Bench) -> None:
    base = counted(tmp_path / "base")
    compared, gated = bench("compare", base, base).out, bench("gate", base, base).out
    assert section(compared, TITLE) == ["no phase of any cell differs"]
    assert TITLE not in gated


def test_a_baseline_has_those_of_its_boots(slow: Path, bench: Bench) -> None:
    bench("report", slow / "base", "--format", "baseline", "--out", slow / "b.json")
    found = bench("compare", slow / "b.json", slow / "new").out
    assert rows(found) == rows(bench("compare", slow / "base", slow / "new").out)
    assert "of a baseline medians are over boots" in section(found, TITLE)[0]


def test_an_old_baseline_is_said_to_have_none(slow: Path, bench: Bench) -> None:
    bench("report", slow / "base", "--format", "baseline", "--out", slow / "b.json")
    old_baseline(slow / "b.json", 1)
    for command in ("compare", "gate"):
        out = bench(command, slow / "b.json", slow / "new").out
        assert section(out, TITLE)[0].startswith("phases are not known")
        assert "1 regression" in out


def test_kernels_with_drivers_built_in_are_compared(tmp_path: Path, bench: Bench) -> None:
    """What they have on the command line others give to modules; no other word is ignored."""
    limit = "vhost_vdpa.max_iotlb_entries=67108864"
    runs = {"modules": "quiet", "whole": f"quiet {limit}", "other": f"quiet {limit}1"}
    for name, cmdline in runs.items():
        executor = {"cmdline": cmdline, "kernel": name, "kernel_digest": name}
        write_run(tmp_path / name, counts(), Clock.ICOUNT, executor=executor)
    same = bench("compare", tmp_path / "modules", tmp_path / "whole")
    assert same.code == 0 and "differs: kernel: modules in BASE, whole in NEW" in same.out
    assert "cmdline" not in same.out
    other = bench("compare", tmp_path / "modules", tmp_path / "other")
    assert other.code == 125 and "cmdline: quiet in BASE" in other.err
