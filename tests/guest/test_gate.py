# SPDX-License-Identifier: GPL-2.0-only
"""`bench gate` on real guests: a kernel that unpins 1 % slower is red, the same one green."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from junitparser import Failure, JUnitXml

from bench.model.units import MIB
from bench.results.crc import add_crc
from bench.results.writer import load
from tests.guest.gate_runs import (
    CELL,
    PLAIN,
    SLOW,
    SLOWER,
    THRESHOLD,
    Environment,
    bench,
    borrowed_cache,
    gated,
    measured,
    unpinning,
)

CALM = ("no-change", "inconclusive")


@pytest.fixture(scope="module")
def env() -> Iterator[Environment]:
    with borrowed_cache() as borrowed:
        yield borrowed


@pytest.fixture(scope="module")
def series(env: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A boot of each kernel, in turns."""
    return measured(env, f"{PLAIN},{SLOW}", tmp_path_factory.mktemp("gate") / "series")


@pytest.fixture(scope="module")
def base(series: Path) -> Path:
    return series / PLAIN


@pytest.fixture(scope="module")
def slow(series: Path) -> Path:
    return series / f"{PLAIN}+{SLOWER.name}"


def test_a_slower_loop_is_red(env: Environment, base: Path, slow: Path, tmp_path: Path) -> None:
    junit = tmp_path / "gate.xml"
    found = gated(env, base, slow, "--junit", junit)
    assert found.code == 1
    assert found.verdict("reset-owner") == "regression"
    assert 1.005 < found.ratio("reset-owner") < 1.01
    assert 1.009 < unpinning(slow / "01") / unpinning(base / "01") < 1.014  # it is 2 in 171
    assert found.verdict("new-owner") in CALM
    failed = {
        case.name: any(isinstance(result, Failure) for result in case.result)
        for suite in JUnitXml.fromfile(str(junit))
        for case in suite
    }
    assert failed == {f"{CELL} reset-owner": True, f"{CELL} new-owner": False}


def test_the_phase_that_unpins_is_named(env: Environment, base: Path, slow: Path) -> None:
    """By compare, by the gate, and in the letter."""
    for command in (("compare",), ("gate", *THRESHOLD)):
        said = bench(env, *command, base, slow).stdout
        rows = [line.split() for line in said.splitlines() if line.startswith(CELL)]
        first, *_ = [row[4:] for row in rows if row[3] == "reset-owner"]
        assert first[0] == "release" and float(first[-2]) == pytest.approx(100, abs=5), said
    letter = bench(env, "report", slow, "--base", base, "--format", "cover-letter").stdout
    after = letter.partition("reset-owner with base and new")[2]
    assert "128 MiB: release " in after.partition("Where the difference comes from")[2]


def test_the_function_that_was_made_longer_is_named(
    env: Environment, base: Path, slow: Path
) -> None:
    """Two instructions a page, by profiles that are made for it; the verdict stays."""
    found = gated(env, base, slow, "--explain")
    assert found.code == 1, found.said
    named = r"release \+1\.[12] %: vhost_vdpa_pa_unmap\(\) \[vhost_vdpa\] \+2 a page"
    assert re.search(named, found.said), found.said
    assert not [*base.rglob("profiles"), *slow.rglob("profiles")]


def test_the_other_way_round_it_is_better(env: Environment, base: Path, slow: Path) -> None:
    found = gated(env, slow, base)
    assert found.code == 0
    assert found.verdict("reset-owner") == "improvement"
    assert found.verdict("new-owner") in CALM


def test_two_boots_of_one_kernel_are_green(env: Environment, base: Path, tmp_path: Path) -> None:
    again = measured(env, PLAIN, tmp_path / "again")
    found = gated(env, base, again)
    assert found.code == 0
    assert found.verdict("reset-owner") == "no-change"
    assert found.verdict("new-owner") in CALM


def test_it_is_confirmed_on_fresh_boots(env: Environment, base: Path, slow: Path) -> None:
    found = gated(env, base, slow, "--confirm")
    assert found.code == 1, found.said
    assert found.verdict("reset-owner") == "regression"
    assert "1 cell regressed, now measured again" in found.said
    assert "; confirmed on fresh boots: +0." in found.said
    fresh = [path.with_name(f"{path.name}.confirm-1") for path in (base, slow)]
    assert 1.009 < unpinning(fresh[1]) / unpinning(fresh[0]) < 1.014


def test_a_small_cell_alone_is_confirmed_in_a_guest_of_the_same_size(
    env: Environment, tmp_path: Path
) -> None:
    """A file as BASE, in which all but the 64 MiB of reset-owner is as it was measured."""
    new, base = tmp_path / "new", tmp_path / "base.json"
    measured(env, PLAIN, new, "--mem", "64M,128M")
    assert bench(env, "report", new, "--format", "baseline", "--out", base).returncode == 0
    stored = json.loads(base.read_text())
    for each in stored["cells"]:
        if (each["cell"]["mem"], each["cell"]["method"]) == (64 * MIB, "reset-owner"):
            each["values"] = {b: [round(v * 0.98) for v in vs] for b, vs in each["values"].items()}
    del stored["crc"]
    base.write_text(add_crc(json.dumps(stored)))
    found = gated(env, base, new, "--confirm")
    assert found.code == 1, found.said
    assert "1 cell regressed, now measured again" in found.said
    assert "; confirmed on fresh boots: +" in found.said  # 2 %, give or take a timer tick
    sizes = {load(run).facts.executor.memory for run in (new, tmp_path / "new.confirm-1")}
    assert len(sizes) == 1
