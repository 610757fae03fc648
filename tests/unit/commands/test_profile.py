# SPDX-License-Identifier: GPL-2.0-only
"""`bench profile`: which cells and phases, which format, and what is wrong with what was asked."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.commands.profile import FORMATS
from bench.model.cell import Pages, Ptes
from bench.model.method import Method
from bench.paths import ROOT
from bench.profile import DIRECTORY
from bench.profile.stored import file_of
from tests.unit.command import Bench
from tests.unit.profiles import EXEC, RELEASE, hostile, large, profile, store
from tests.unit.runs import NEW, RESET, counted
from tests.unit.terminals import ESCAPE, USUAL, seen

WARM = replace(RESET, ptes=Ptes.WARM)
NEW_SPANS: dict[str, Any] = {"release": {"syscall": 30}, "exec": EXEC, "populate": {}}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with the profiles of both methods, one of them with warm page tables too."""
    made = [profile(), profile(cell=WARM), profile(NEW_SPANS, NEW)]
    return store(counted(tmp_path / "run"), *made)


def test_tables_of_all_cells(bench: Bench, run: Path) -> None:
    ended = bench("profile", run)
    assert (ended.code, ended.err) == (0, "")
    for cell in (RESET, WARM, NEW):
        assert f"Functions of the pause: {cell.label}\n" in ended.out


@pytest.mark.parametrize(
    ("words", "cells"),
    [
        ("reset-owner", [RESET, WARM]),
        ("reset-owner warm", [WARM]),
        (RESET.label, [RESET]),
        ("owner", []),
        ("1 GiB new-owner", [NEW]),
    ],
)
def test_words_choose_cells(words: str, cells: list[Any], bench: Bench, run: Path) -> None:
    """All of a label chooses that cell, though its words are in another's too."""
    ended = bench("profile", run, "--cell", words)
    titles = [line for line in ended.out.splitlines() if line.startswith("Functions of")]
    assert sorted(titles) == sorted(f"Functions of the pause: {cell.label}" for cell in cells)
    assert ended.code == (0 if cells else 2)
    if not cells:
        assert f"with the words '{words}'" in ended.err and NEW.label in ended.err


@pytest.mark.parametrize(
    ("options", "place", "total"),
    [
        (["--phase", "release"], "release", sum(RELEASE.values())),
        (["--phase", "exec,release"], "exec and release", sum({**RELEASE, **EXEC}.values())),
        (
            ["--phase", "exec", "--phase", "release"],
            "exec and release",
            sum({**RELEASE, **EXEC}.values()),
        ),
        ([], "the pause", sum({**RELEASE, **EXEC}.values())),
    ],
)
def test_phases(options: list[str], place: str, total: int, bench: Bench, run: Path) -> None:
    ended = bench("profile", run, "--cell", RESET.label, *options)
    assert (
        ended.out.startswith(f"\nFunctions of {place}: ") or f"Functions of {place}:" in ended.out
    )
    assert f"{total} instructions" in ended.out


def test_spans_beside_the_pause(bench: Bench, tmp_path: Path) -> None:
    spans = {"release": {"a": 5}, "settle": {"b": 7}, "after-pause": {"c": 11}}
    run = store(counted(tmp_path / "run"), profile(spans))
    for asked, total in (("settle", 7), ("after-pause", 11), ("settle,after-pause", 18)):
        assert f"{total} instructions" in bench("profile", run, "--phase", asked).out
    assert "5 instructions" in bench("profile", run).out


def test_an_unknown_phase_names_the_known_ones(bench: Bench, run: Path) -> None:
    ended = bench("profile", run, "--phase", "lunch")
    assert (ended.code, ended.out) == (2, "")
    assert "'lunch' is unknown: known are " in ended.err
    assert all(name in ended.err for name in ("release", "exec", "populate"))


@pytest.mark.parametrize("kind", FORMATS)
def test_a_phase_without_instructions(kind: str, bench: Bench, run: Path) -> None:
    words = ["--cell", "new-owner", "--phase", "populate", "--format", kind]
    ended = bench("profile", run, *words)
    assert "no instructions in populate" in ended.out + ended.err
    assert (ended.code, bool(ended.out)) == ((0, True) if kind == "top" else (2, False))


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_has_what_would_be_printed(
    kind: str, bench: Bench, run: Path, tmp_path: Path
) -> None:
    words = ["--cell", RESET.label, "--format", kind]
    printed = bench("profile", run, *words)
    ended = bench("profile", run, *words, "--out", tmp_path / "file")
    assert (printed.code, printed.err, ended.code, ended.out, ended.err) == (0, "", 0, "", "")
    assert (tmp_path / "file").read_text().strip() == printed.out.strip()


@pytest.mark.parametrize("kind", FORMATS)
def test_a_place_that_cannot_be_written(kind: str, bench: Bench, run: Path, tmp_path: Path) -> None:
    out = tmp_path / "nowhere/file"
    ended = bench("profile", run, "--cell", RESET.label, "--format", kind, "--out", out)
    assert (ended.code, ended.out) == (2, "") and f"--out: {out}: No such file" in ended.err


@pytest.mark.parametrize("kind", ["folded", "callgrind", "speedscope"])
def test_a_format_of_one_cell(kind: str, bench: Bench, run: Path) -> None:
    ended = bench("profile", run, "--format", kind)
    assert (ended.code, ended.out) == (2, "")
    assert f"--format {kind} takes one cell, and these are 3" in ended.err
    assert all(cell.label in ended.err for cell in (RESET, WARM, NEW))


def test_an_svg_has_several_cells(bench: Bench, run: Path) -> None:
    ended = bench("profile", run, "--format", "svg")
    assert ended.code == 0 and ended.out.startswith("<svg ")
    assert all(f"the pause: {cell.label}" in ended.out for cell in (RESET, WARM, NEW))


def test_an_unknown_format(bench: Bench, run: Path) -> None:
    ended = bench("profile", run, "--format", "banana")
    assert ended.code == 2 and all(kind in ended.err for kind in FORMATS)


def test_a_run_without_profiles(bench: Bench, tmp_path: Path) -> None:
    ended = bench("profile", counted(tmp_path / "run"))
    assert (ended.code, ended.out) == (2, "")
    assert "this run has no profiles" in ended.err and "bench run ... --profile" in ended.err


def test_what_is_no_run(bench: Bench, tmp_path: Path) -> None:
    ended = bench("profile", tmp_path / "none")
    assert ended.code == 2 and "No such file" in ended.err and len(ended.complaints) == 2


@pytest.mark.parametrize("damage", ["cut", "changed", "text", "directory"])
def test_a_damaged_profile(damage: str, bench: Bench, run: Path) -> None:
    path = run / DIRECTORY / file_of(RESET)
    data = path.read_bytes()
    match damage:
        case "cut":
            path.write_bytes(data[:-20])
        case "changed":
            path.write_bytes(data[:60] + bytes([data[60] ^ 1]) + data[61:])
        case "text":
            path.write_text("not a profile")
        case "directory":
            path.unlink()
            path.mkdir()
    ended = bench("profile", run)
    assert (ended.code, ended.out) == (2, "") and str(path) in ended.err
    assert len(ended.complaints) == 2


def test_boots_of_one_kernel(bench: Bench, run: Path, tmp_path: Path) -> None:
    """The one that has profiles is taken; of two, none is."""
    boots = tmp_path / "boots"
    boots.mkdir()
    counted(boots / "01")
    run.rename(boots / "02")
    assert bench("profile", boots).code == 0
    store(boots / "01", profile())
    ended = bench("profile", boots)
    assert ended.code == 2 and "2 of its runs have profiles" in ended.err


def test_against_another_run(bench: Bench, run: Path, tmp_path: Path) -> None:
    base = store(counted(tmp_path / "base"), profile({"release": {"syscall": 20}}, NEW))
    words = ["--cell", "new-owner", "--phase", "release", "--against", base]
    ended = bench("profile", run, *words)
    assert ended.code == 0 and "Functions of release: NEW against BASE" in ended.out
    assert ["syscall", "20", "30", "+10"] in [row.split()[:4] for row in ended.out.splitlines()]
    assert bench("profile", run, *words, "--format", "folded").out == "syscall 20 30\n"
    ended = bench("profile", run, *words, "--format", "svg")
    assert ended.code == 0 and "+ syscall" in ended.out
    ended = bench("profile", run, "--cell", RESET.label, "--against", base)
    assert ended.code == 2 and f"{base} has no profile of {RESET.label}" in ended.err


def test_against_a_method(bench: Bench, run: Path) -> None:
    """Of the same cell but for the method: the one with warm page tables is another."""
    ended = bench("profile", run, "--cell", "new-owner", "--against", "reset-owner")
    assert ended.code == 0 and "new-owner against reset-owner" in ended.out
    assert f"reset-owner: {RESET.label}\n" in ended.out
    ended = bench("profile", run, "--cell", "warm", "--against", "new-owner")
    assert ended.code == 2 and f"{WARM.label} has no new-owner beside it" in ended.err
    ended = bench("profile", run, "--cell", "new-owner", "--against", "new-owner")
    assert ended.code == 2 and "against itself" in ended.err


def test_against_a_method_of_other_devices(bench: Bench, tmp_path: Path) -> None:
    """Methods of another family have a device of their own; of several, the same one is taken."""
    vfio = replace(RESET, device="vfio-type1", method=Method.VFIO_REMAP)
    other = replace(NEW, device="sim-blk-pa")
    cells = (RESET, NEW, vfio, other)
    run = store(counted(tmp_path / "run"), *(profile(cell=cell) for cell in cells))
    ended = bench("profile", run, "--cell", "reset-owner", "--against", "vfio-remap")
    assert f"vfio-remap: {vfio.label}" in ended.out
    ended = bench("profile", run, "--cell", "reset-owner", "--against", "new-owner")
    assert f"new-owner: {NEW.label}" in ended.out
    ended = bench("profile", run, "--cell", "vfio-remap", "--against", "new-owner")
    assert ended.code == 2 and "has 2 new-owner beside it" in ended.err


@pytest.mark.parametrize("against", ["banana", ""])
def test_against_nothing(against: str, bench: Bench, run: Path) -> None:
    ended = bench("profile", run, "--cell", "new-owner", "--against", against)
    assert ended.code == (2 if against else 0)
    if against:
        assert "neither a run nor a method" in ended.err and "reset-owner" in ended.err


@pytest.mark.parametrize("kind", ["callgrind", "speedscope"])
def test_a_format_without_differences(kind: str, bench: Bench, run: Path) -> None:
    ended = bench("profile", run, "--format", kind, "--against", "reset-owner")
    assert ended.code == 2 and f"no difference in --format {kind}" in ended.err


def test_kinds(bench: Bench, tmp_path: Path) -> None:
    made = profile({"release": {"a": (9, 4), "b": (1, 0)}}, kinds=("instructions", "atomics"))
    run = store(counted(tmp_path / "run"), made)
    assert "atomics, of each function" in bench("profile", run, "--kind", "atomics").out
    words = ["profile", run, "--format", "folded", "--kind"]
    assert bench(*words, "atomics").out == "a 4\n"
    assert "events: Ir atomics\n" in bench("profile", run, "--format", "callgrind").out
    ended = bench(*words, "loads")
    assert ended.code == 2 and "known are instructions, atomics" in ended.err
    ended = bench("profile", run, "--format", "callgrind", "--kind", "atomics")
    assert ended.code == 2 and "has all kinds" in ended.err


@pytest.mark.parametrize("kind", FORMATS)
def test_hostile_names(kind: str, bench: Bench, tmp_path: Path) -> None:
    run = store(counted(tmp_path / "run"), hostile())
    ended = bench("profile", run, "--format", kind)
    assert (ended.code, ended.err) == (0, "")
    assert all(line.isprintable() for line in ended.out.splitlines())
    if kind == "speedscope":
        assert json.loads(ended.out)


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_terminals(columns: int, run: Path, tmp_path: Path) -> None:
    pages = replace(RESET, pages=Pages.SMALL)
    store(run, replace(hostile(), cell=pages))
    code, text = seen(columns, USUAL, "profile", run)
    assert code == 0 and "unpin_user_page" in text and "Traceback" not in text
    lines = [re.sub(ESCAPE, "", line) for line in text.splitlines()]
    assert all(len(line) <= columns for line in lines)


def test_a_table_of_the_longest_names_fits_a_terminal(run: Path) -> None:
    """One long name does not make a list of the table."""
    spans = {"release": {"f" * 100: 4_000_000, "vhost_vdpa_process_iotlb_msg [vhost_vdpa]": 30}}
    store(run, profile(spans, NEW))
    for words in ((), ("--against", "reset-owner")):
        _, text = seen(80, USUAL, "profile", run, "--cell", "new-owner", *words)
        (row,) = [line for line in text.splitlines() if "fff…" in line]
        assert "4.000 M" in row


@pytest.mark.parametrize("kind", FORMATS)
def test_a_reader_that_has_read_enough(kind: str, tmp_path: Path) -> None:
    """More than a pipe holds is written to one that nobody reads any more."""
    run = store(counted(tmp_path / "run"), large(3000))
    words = [sys.executable, "-m", "bench", "profile", str(run), "--format", kind]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(words, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
def test_a_hundred_thousand_symbols(kind: str, bench: Bench, tmp_path: Path) -> None:
    run = store(counted(tmp_path / "run"), large())
    assert bench("profile", run, "--format", kind).code == 0
