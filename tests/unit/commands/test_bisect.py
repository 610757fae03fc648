# SPDX-License-Identifier: GPL-2.0-only
"""`bench gate BASE --kernel-from-tree`: what no commit can change ends a bisection, with 128.

What a commit can change is in tests/kernels, where it is built.
"""

from pathlib import Path
from typing import Any

import pytest

from bench.commands.bisect import check_measured, name_of
from bench.errors import EndsBisection
from bench.kernel.kernel import Kernel
from bench.kernel.name import on_base
from bench.model.cell import Clock
from bench.plan.scenario import load_scenario
from bench.sides import read_side, write_baseline
from tests.unit.command import Bench
from tests.unit.runs import counts, write_run

SCENARIO = load_scenario("smoke", {"mem": "64M"}).model_dump(mode="json")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/bench"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return measured(tmp_path / "base")


def measured(path: Path, reps: int = 5, **changed: Any) -> Path:
    return write_run(path, counts(reps=reps), Clock.ICOUNT, scenario=SCENARIO, **changed)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What passes for a kernel until somebody builds it."""
    (tmp_path / "linux").mkdir()
    version = "VERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 0\n"
    (tmp_path / "linux/Makefile").write_text(version)
    return tmp_path / "linux"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--thresold", "1%"], "No such option"),
        (["--threshold", "much"], "--threshold"),
        (["--rev", "v1"], "not a git tree"),
        (["--out", "."], "--out: . exists"),
        (["--self-test"], "--kernel-from-tree is NEW"),
        (["--max-pause", "10ms"], "--max-pause"),
    ],
)
def test_a_wrong_command_line_ends_it(
    words: list[str], said: str, base: Path, tree: Path, bench: Bench
) -> None:
    ended = bench("gate", base, "--kernel-from-tree", tree, *words)
    assert ended.code == 128 and said in ended.err
    assert bench("gate", base, f"--kernel-from-tree={tree}", *words).code == 128


def test_another_command_line_is_still_wrong_with_2(base: Path, bench: Bench) -> None:
    assert bench("gate", base, base, "--thresold", "1%").code == 2
    ended = bench("gate", base, base, "--rev", "v1")
    assert ended.code == 2 and "--kernel-from-tree" in ended.err


def test_new_has_no_place(base: Path, tree: Path, bench: Bench) -> None:
    assert bench("gate", base, base, "--kernel-from-tree", tree).code == 128


@pytest.mark.parametrize("path", ["nowhere", "base", "file"])
def test_what_is_no_kernel_ends_it(path: str, base: Path, bench: Bench) -> None:
    (base.parent / "file").write_text("x")
    ended = bench("gate", base, "--kernel-from-tree", base.parent / path)
    assert ended.code == 128 and f"--tree: {base.parent / path}" in ended.err


def test_a_base_that_says_nothing_ends_it(base: Path, tree: Path, bench: Bench) -> None:
    """Missing, a file, too few reps, of the host, damaged: each for all commits alike."""
    where = base.parent
    write_baseline(read_side(base), where / "base.json")
    measured(where / "short", reps=2)
    measured(where / "host", executor={"name": "host"})
    measured(where / "cut")
    (where / "cut/samples.jsonl").write_text("rubbish\n")
    for name, said in {
        "nowhere": "this side is missing",
        "base.json": "a file does not say what to measure",
        "short": "nothing can be judged against it",
        "host": "measured by executor host",
        "cut": "damaged",
    }.items():
        ended = bench("gate", where / name, "--kernel-from-tree", tree)
        assert ended.code == 128 and said in ended.err, name


def test_what_another_bench_has_laid_there_meanwhile_is_not_judged(tmp_path: Path) -> None:
    """Two revisions of one tree at a time have one name in the cache."""
    ours = Kernel(tmp_path, "7.3+stock", "1234", tmp_path, (), ())
    first = measured(tmp_path / "01", executor={"name": "guest", "kernel_digest": "1234"})
    second = measured(tmp_path / "02", executor={"name": "guest", "kernel_digest": "5678"})
    check_measured([first], "tree-1", ours)
    with pytest.raises(EndsBisection, match=r"^tree-1: another bench has laid another kernel"):
        check_measured([first, second], "tree-1", ours)


def test_nothing_is_left_behind(base: Path, tree: Path, cache: Path, bench: Bench) -> None:
    bench("gate", base, "--kernel-from-tree", tree / "nowhere")
    assert not [*cache.glob("bench-*.tmp")]


def test_a_tree_has_a_name_of_its_own(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = name_of(tree)
    assert named.startswith("tree-") and len(named) == len("tree-") + 8
    monkeypatch.chdir(tree)
    assert name_of(Path()) == named != name_of(tree.parent)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "t:"),
        ("live-update", "t:live-update"),
        ("7.3:live-update", "t:live-update"),
        ("7.3:", "t:"),
        ("7.3", "t:"),
        ("gone", "t:"),
        ("gone:stock", "t:stock"),
        ("stock", "t:stock"),
        ("mine:live-update+./fix", "t:live-update+./fix"),
        ("/a:b/patches", "t:/a:b/patches"),
    ],
)
def test_a_series_moves_to_another_base(before: str, after: str) -> None:
    assert on_base("t", before) == after
