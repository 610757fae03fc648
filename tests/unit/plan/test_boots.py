# SPDX-License-Identifier: GPL-2.0-only
"""Several boots of several kernels: their order, their names, and what a side is made of."""

import itertools
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.errors import UsageError
from bench.kernel.config import load_config
from bench.kernel.series import STOCK
from bench.plan.boots import boots_of
from bench.results.series import BOOTS, Series, runs_below, took_turns
from bench.results.writer import create_boots, load
from tests.unit.command import Bench
from tests.unit.replayed import measure, record, rubbish
from tests.unit.runs import counted, write_series
from tests.unit.streams import make_scenario

KERNELS = st.lists(st.sampled_from(["stock", "live-update", "a", "b", "c"]), unique=True)
ODD = ["..", ".", "/", "a~2", "x/a", "y/a", "a", "a+b", "x/a+y/b", "x/..", "series.json", "", "~"]
ODD += ["a" * 300, "\u00e9" * 150, "a\x00b", "\ud800", ".hidden", "-x"]


@given(kernels=KERNELS, boots=st.integers(1, 30), seed=st.integers(0, 1 << 40))
def test_no_kernel_is_ahead_by_more_than_a_boot(kernels: list[str], boots: int, seed: int) -> None:
    order = boots_of(make_scenario(kernel=tuple(kernels), boots=boots, seed=seed))
    running = Counter(dict.fromkeys((boot.label for boot in order), 0))
    for boot in order:
        running[boot.label] += 1
        assert max(running.values()) - min(running.values()) <= 1
        assert boot.number == running[boot.label]
    assert {*running.values()} == {boots}
    assert all(boot.scenario.boots == 1 and len(boot.scenario.kernel) <= 1 for boot in order)


@given(boots=st.integers(1, 20), seed=st.integers(0, 1 << 40))
def test_two_kernels_run_as_a_b_b_a(boots: int, seed: int) -> None:
    """Every four boots are one of each first: what drifts by the hour helps neither."""
    order = [
        boot.label for boot in boots_of(make_scenario(kernel="a,b", boots=2 * boots, seed=seed))
    ]
    for at in range(0, len(order), 4):
        assert "".join(order[at : at + 4]) in ("abba", "baab")


@pytest.mark.parametrize("boots", [1, 2, 5])
def test_either_kernel_is_first_as_often(boots: int) -> None:
    first: Counter[str] = Counter()
    for seed in range(400):
        order = boots_of(make_scenario(kernel="a,b", boots=boots, seed=seed))
        first.update(boot.label for boot in order[::2])
    half = 200 * boots
    allowed = 0 if boots % 2 == 0 else 30  # three deviations of 400 throws of a coin
    assert abs(first["a"] - half) <= allowed


def test_the_methods_run_in_the_same_order_on_all_kernels_of_a_round() -> None:
    order = boots_of(make_scenario(kernel="a,b,c", boots=4, seed=7))
    for number, turn in itertools.groupby(order, key=lambda boot: boot.number):
        assert {boot.scenario.seed for boot in turn} == {7 + number - 1}


@settings(max_examples=300)
@example(kernels=["a~2", "x/a", "y/a"])
@given(kernels=st.lists(st.sampled_from(ODD) | st.text(max_size=8), min_size=1, max_size=6))
def test_labels_are_names_of_directories(
    kernels: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One for each kernel, below the directory of the series and nowhere else."""
    series = Series(scenario="small", boots=())
    parent = create_boots(tmp_path_factory.mktemp("labels") / "s", series)
    order = boots_of(make_scenario(kernel=tuple(kernels)))
    labels = {boot.scenario.kernel: boot.label for boot in order}
    assert len({*labels.values()}) == len(order) == len({*kernels})
    for boot in order:
        (parent / boot.place).mkdir(parents=True)
        assert (parent / boot.place).resolve().parent.parent == parent.resolve()
        assert boot.label.isprintable() and not boot.label.startswith(".")


def test_labels_are_those_of_the_patches() -> None:
    kernels = ("stock", "../fixes/live-update+slower", "other/live-update+slower")
    labels = {boot.label for boot in boots_of(make_scenario(kernel=kernels))}
    assert labels == {"stock", "live-update+slower", "live-update+slower~2"}
    assert [boot.place for boot in boots_of(make_scenario(boots=2))] == ["boot/01", "boot/02"]


def test_a_path_stands_for_the_boots_below_it(tmp_path: Path) -> None:
    for name in ("01", "02", "10", "99", "100"):
        (tmp_path / "a" / name).mkdir(parents=True)
        (tmp_path / "a" / name / "run.json").touch()
    (tmp_path / "a" / "03").mkdir()  # killed before it knew what it was
    (tmp_path / "a" / "note.txt").touch()
    found = [run.name for run in runs_below(tmp_path / "a")]
    assert found == ["01", "02", "10", "99", "100"]
    assert runs_below(tmp_path / "a" / "01") == [tmp_path / "a" / "01"]
    for name in ("nowhere", "a/note.txt", "x" * 300):
        assert runs_below(tmp_path / name) == [tmp_path / name]


def test_a_run_is_itself_whatever_is_below_it(tmp_path: Path) -> None:
    run = counted(tmp_path / "run")
    counted(run / "below")
    assert runs_below(run) == [run]


def test_who_took_turns(tmp_path: Path) -> None:
    series = write_series(tmp_path / "s", {"a": 1.0, "b": 1.0}, boots=1)
    assert took_turns(series / "a", series / "b")
    other = write_series(tmp_path / "t", {"a": 1.0}, boots=1)
    plain = counted(tmp_path / "plain")
    (series / "base.json").write_text("{}")
    for path in (other / "a", plain, series / "base.json", series / "nowhere", series):
        assert not took_turns(series / "a", path) and not took_turns(path, series / "a")
    assert not took_turns(plain, counted(tmp_path / "plain2"))
    assert not took_turns(tmp_path / ("x" * 300), tmp_path / ("x" * 300))


def test_a_series_from_the_command_line(bench: Bench, tmp_path: Path) -> None:
    out, words = tmp_path / "s", ["--kernel", "a,x/b", "--boots", "3"]
    ended = measure(bench, record(tmp_path / "rec"), out, *words)
    compare = f"bench compare {out / 'a'} {out / 'b'}"
    assert ended.code == 0 and compare in ended.out
    assert (
        ended.out.partition(compare)[2].strip()
        == bench("compare", out / "a", out / "b").out.strip()
    )
    assert sorted(path.name for path in out.iterdir()) == ["a", "b", BOOTS]
    assert [run.name for run in runs_below(out / "b")] == ["01", "02", "03"]
    assert load(out / "b" / "02").facts.scenario["kernel"] == ["x/b"]
    assert bench("gate", out / "a", out / "b").code == 0
    ended = bench("gate", out, out / "b")
    assert ended.code == 125 and f"{out}: no run is in it" in ended.err
    assert ended.err.endswith(f"name {out}/a\n")


def test_a_series_ends_with_a_boot_that_measured_nothing(bench: Bench, tmp_path: Path) -> None:
    ended = measure(bench, rubbish(tmp_path / "rec"), tmp_path / "s", "--boots", "3")
    assert ended.code == 1 and ended.err.count("boot 1 of 3") == 1 and "boot 2" not in ended.err


@pytest.mark.parametrize(("boots", "code"), [("0", 2), ("101", 2), ("x", 2)])
def test_boots_that_are_none(boots: str, code: int, bench: Bench, tmp_path: Path) -> None:
    ended = bench("run", "smoke", "--boots", boots, "--out", tmp_path / "out")
    assert ended.code == code and "--boots" in ended.err


def test_patches_that_are_no_series() -> None:
    for patches in ("banana", "live-update+banana", "./banana", "a/b"):
        with pytest.raises(UsageError, match="there is no series of patches"):
            load_config(patches)


def test_patches_on_patches(tmp_path: Path) -> None:
    (tmp_path / "slower").mkdir()
    (tmp_path / "slower" / "0001-x.patch").write_text("x")
    usual = load_config()
    both = load_config(f"live-update+{tmp_path / 'slower'}")
    assert both.label == "live-update+slower"
    assert both.patch_files == (
        *load_config("live-update").patch_files,
        tmp_path / "slower" / "0001-x.patch",
    )
    assert len({usual.digest, both.digest, load_config(STOCK).digest}) == 3
    assert load_config(STOCK).patch_files == () and load_config(STOCK).label == STOCK
    assert load_config(usual.patches) == usual
