# SPDX-License-Identifier: GPL-2.0-only
"""Sides from files: our baseline and pyperf's JSON, whole, foreign, and damaged."""

import json
from pathlib import Path
from typing import Any

import pyperf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import CannotJudge, UsageError
from bench.model.cell import Clock
from bench.sides import Side, changes, differences, read_side, write_baseline
from tests.unit.runs import FAILED, LARGE, NEW, contents, noisy, write_run
from tests.unit.side_files import MAKERS, Make, as_baseline, as_pyperf, foreign, refused, rewritten


def same(one: Side, other: Side) -> bool:
    facts_and_reasons = (one.facts, one.without) == (other.facts, other.without)
    return facts_and_reasons and contents(one) == contents(other)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("clock", Clock)
def test_a_file_is_the_run_that_it_was_made_from(make: Make, clock: Clock, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", noisy(1), clock, without={LARGE: FAILED})
    side, back = read_side(run), read_side(make(run, tmp_path / "file.json"))
    assert same(side, back)
    assert differences(side, back) == []


@pytest.mark.parametrize("make", MAKERS)
@settings(max_examples=60)
@given(
    values=st.lists(st.integers(0, (1 << 51) - 1), min_size=1, max_size=8),
    clock=st.sampled_from(Clock),
)
def test_every_value_comes_back(
    make: Make, values: list[int], clock: Clock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Zeros too, which pyperf does not take."""
    scratch = tmp_path_factory.mktemp("values")
    wanted = {NEW: {1: [*values, 1], 2: [3]}}
    run = write_run(scratch / "run", wanted, clock)
    assert contents(read_side(make(run, scratch / "file.json"))) == wanted


def test_a_baseline_is_a_line_a_cell_and_the_same_each_time(tmp_path: Path) -> None:
    boot: dict[str, Any] = {
        "seed": 1,
        "sessions": [{"began": "2026-01-01T00:00:00+00:00", "helper": "h1"}],
    }
    run = write_run(tmp_path / "run", noisy(1), without={LARGE: FAILED}, **boot)
    text = as_baseline(run, tmp_path / "one").read_text()
    assert text == as_baseline(tmp_path / "one", tmp_path / "two").read_text()
    lines = [line for line in text.splitlines() if '"method"' in line]
    assert len(lines) == 3 and lines == sorted(lines)
    other = {**noisy(1), NEW: {1: [7]}}
    changed = as_baseline(
        write_run(tmp_path / "other", other, without={LARGE: FAILED}, **boot), tmp_path / "3"
    )
    both = zip(text.splitlines(), changed.read_text().splitlines(), strict=True)
    assert sum(a != b for a, b in both) == 2  # the crc too


def test_damage_stays_known_in_a_file(tmp_path: Path) -> None:
    """An export must not make a damaged run a whole one."""
    run = write_run(tmp_path / "run")
    samples = run / "samples.jsonl"
    samples.write_bytes(samples.read_bytes()[:-20])
    path = as_pyperf(run, tmp_path / "file.json")
    with pytest.raises(CannotJudge, match="damaged run: samples"):
        read_side(path)
    side = read_side(path, force=True)
    assert contents(side) == contents(read_side(run, force=True))
    with pytest.raises(CannotJudge, match="is damaged"):
        write_baseline(side, tmp_path / "base.json")


def test_a_baseline_says_where_it_cannot_be_written(tmp_path: Path) -> None:
    side = read_side(write_run(tmp_path / "run"))
    with pytest.raises(UsageError, match="No such file"):
        write_baseline(side, tmp_path / "nowhere" / "base.json")


def test_a_foreign_file_has_names_and_its_runs_are_boots(tmp_path: Path) -> None:
    path = foreign(tmp_path / "theirs.json", cpu_model_name="B CPU")
    side = read_side(path)
    assert contents(side) == {"theirs": {1: [0.5, 0.25], 2: [0.75]}}
    assert side.unit == "second" and side.facts["cpu"] == "B CPU"
    other = read_side(foreign(tmp_path / "other.json", cpu_model_name="C CPU"))
    assert differences(side, other) == ["cpu: B CPU in BASE, C CPU in NEW"]
    ours = read_side(write_run(tmp_path / "run"))
    assert "unit: second in BASE, ns in NEW" in differences(side, ours)
    with pytest.raises(UsageError, match="not a cell"):
        write_baseline(side, tmp_path / "base.json")


USUAL: dict[str, Any] = {"cpu_model_name": "A CPU", "cpu_count": 8, "load_avg_1min": 0.5}


@pytest.mark.parametrize(
    ("metadata", "line"),
    [
        ({"cpu_count": 4}, "cpus: 8 in BASE, 4 in NEW"),
        ({"cpu_affinity": "2-3"}, "affinity: all in BASE, 2-3 in NEW"),
        ({"cpu_quota": "1.5 CPUs"}, "cpu quota: none in BASE, 1.5 CPUs in NEW"),
        ({"load_avg_1min": 64.0}, "load: quiet in BASE, busy in NEW"),
    ],
    ids=str,
)
def test_foreign_files_of_unlike_machines_are_refused(
    metadata: dict[str, Any], line: str, tmp_path: Path
) -> None:
    base = read_side(foreign(tmp_path / "base.json", **USUAL))
    new = read_side(foreign(tmp_path / "new.json", **{**USUAL, **metadata}))
    assert differences(base, new) == [line]
    assert differences(base, base) == changes(base, base) == []


@pytest.mark.parametrize(
    ("name", "key", "refuses"),
    [
        ("cpu config", "cpu_config", True),
        ("aslr", "aslr", False),
        ("host", "hostname", False),
        ("platform", "platform", False),
        ("pyperf", "perf_version", False),
        ("python", "python_version", False),
        ("python implementation", "python_implementation", False),
        ("timer", "timer", False),
    ],
)
def test_foreign_facts_are_refused_or_said(
    name: str, key: str, refuses: bool, tmp_path: Path
) -> None:
    sides = [
        read_side(foreign(tmp_path / f"{text}.json", **USUAL, **{key: text})) for text in ("a", "b")
    ]
    found, lines = differences(*sides), changes(*sides)
    assert (found if refuses else lines) == [f"{name}: a in BASE, b in NEW"]
    assert not (lines if refuses else found)
    if refuses:  # pyperf says nothing where it can read nothing
        without = read_side(foreign(tmp_path / "without.json", **USUAL))
        assert differences(without, sides[0]) == []
        assert changes(without, sides[0]) == [f"not known in BASE: {name}"]


def test_strange_metadata_is_no_traceback(tmp_path: Path) -> None:
    """pyperf checks the types of few of them."""
    strange: dict[str, Any] = {
        **USUAL,
        "cpu_config": "a\tb",
        "platform": "\x1b[2J",
        "cpu_affinity": 3,
    }
    side = read_side(foreign(tmp_path / "base.json", **strange))
    assert side.facts["cpu config"] == "a b" and side.facts["affinity"] == "3"
    assert side.facts["platform"].isprintable()


def test_a_file_that_pyperf_made_by_itself_is_read(tmp_path: Path) -> None:
    path = tmp_path / "theirs.json.gz"
    foreign(path)
    assert path.read_bytes()[:2] == b"\x1f\x8b"
    assert contents(read_side(path)) == {"theirs": {1: [0.5, 0.25], 2: [0.75]}}
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UsageError, match="gzip"):
        read_side(path)


def test_units_that_are_mixed_are_refused(tmp_path: Path) -> None:
    runs = [
        pyperf.Run([1], metadata={"name": unit, "unit": unit}, collect_metadata=False)
        for unit in ("second", "byte")
    ]
    suite = pyperf.BenchmarkSuite([pyperf.Benchmark([run]) for run in runs])
    suite.dump(str(tmp_path / "mixed.json"))
    with pytest.raises(UsageError, match="different units"):
        read_side(tmp_path / "mixed.json")


def test_a_file_and_a_run_are_not_one_side(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    with pytest.raises(UsageError, match="side of its own"):
        read_side([run, as_baseline(run, tmp_path / "base.json")])


def test_a_baseline_without_a_value_cannot_be_judged(tmp_path: Path) -> None:
    path = as_baseline(write_run(tmp_path / "run", without={LARGE: FAILED}), tmp_path / "base")
    whole = json.loads(path.read_text())
    whole["cells"] = [row for row in whole["cells"] if "without" in row]
    whole["boots"] = {}
    rewritten(path, whole)
    with pytest.raises(CannotJudge, match="no cell in it was measured"):
        read_side(path)


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", "7", "{}", "[" * 100_000, "NaN", '"x"', "\x00"),
        '{"bench_baseline": 2}',
        '{"bench_baseline": true}',
        '{"bench_baseline": 1.0, "facts": {}, "cells": []}',
        '{"bench_baseline": 1}',
        '{"bench_baseline": 1, "facts": {"unit": "ns", "clock": "wall"}, "cells": []}',
        '{"bench_baseline": 1, "bench_baseline": 1}',
        '{"benchmarks": [], "version": "1.0"}',
        '{"benchmarks": {}, "version": "1.0"}',
        '{"benchmarks": [{}], "version": "1.0"}',
        '{"benchmarks": [{"runs": []}], "version": []}',
        '{"benchmarks": 3, "version": "9"}',
        *(
            f'{{"benchmarks": [{{"runs": [{{"values": [{value}]}}]}}], "version": "1.0",'
            f' "metadata": {{"name": {name}}}}}'
            for value, name in (("1e999", '"x"'), ("true", '"x"'), ("1", "7"), ("-1", '"x"'))
        ),
    ],
    ids=lambda text: text[:60],
)  # fmt: skip
def test_other_files_are_refused_in_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text(text)
    refused(path)


@pytest.mark.parametrize("name", ["nowhere", "x" * 300, "a\x00b"])
def test_a_path_that_leads_nowhere_is_one_line(name: str, tmp_path: Path) -> None:
    refused(tmp_path / name)
