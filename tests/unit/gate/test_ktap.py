# SPDX-License-Identifier: GPL-2.0-only
"""`bench gate --ktap`: lines and exit code say the same, and never 125."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.gate.judge import CellPair
from bench.gate.ktap import judgement_ktap
from tests.unit.command import Bench
from tests.unit.gate.test_render import SAME, every
from tests.unit.runs import counted, judged, write_run


def test_a_line_a_cell() -> None:
    text, code = judgement_ktap(every())
    head, plan, *lines = text.splitlines()
    assert (head, plan, code) == ("KTAP version 1", "1..6", 1)
    said = {line.partition(" cell ")[2].partition(" #")[0]: line for line in lines}
    assert said["regression"].startswith("not ok 1 cell regression # +10.00 %")
    assert said["missing"].startswith("not ok ") and "# ERROR NEW has no value" in said["missing"]
    assert said["blind"].startswith("not ok ") and "# ERROR needs reps" in said["blind"]
    assert said["inconclusive"].startswith("ok ") and "# SKIP " in said["inconclusive"]
    for calm in ("improvement", "no-change"):
        assert said[calm].startswith("ok ") and "# SKIP" not in said[calm]
    strict = replace(every(), limits=replace(every().limits, strict=True))
    assert "not ok 3 cell inconclusive # ERROR" in judgement_ktap(strict)[0]


def test_a_name_makes_no_line_and_no_directive() -> None:
    text, code = judgement_ktap(judged([CellPair("a # SKIP\nnot ok 9", SAME, SAME)]))
    assert code == 0 and len(text.splitlines()) == 3 and text.count("#") == 1


@pytest.mark.parametrize(("scale", "code"), [(1.0, 0), (1.1, 1), (0.9, 0)])
def test_the_code_is_that_of_the_gate(
    scale: float, code: int, bench: Bench, tmp_path: Path
) -> None:
    sides = counted(tmp_path / "base"), counted(tmp_path / "new", scale)
    ended = bench("gate", *sides, "--ktap")
    assert ended.code == code == bench("gate", *sides).code
    assert ended.out.startswith("KTAP version 1\n1..2\n")


def test_what_cannot_be_judged_is_skipped(bench: Bench, tmp_path: Path) -> None:
    sides = counted(tmp_path / "base"), write_run(tmp_path / "new")
    plain, ended = bench("gate", *sides), bench("gate", *sides, "--ktap")
    assert plain.code == 125 and ended.err == plain.err
    assert ended.code == 4 and ended.out.startswith("KTAP version 1\n1..0 # SKIP ")
    assert bench("gate", sides[0], "--self-test", "--ktap").code == 2
