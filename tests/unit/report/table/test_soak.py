# SPDX-License-Identifier: GPL-2.0-only
"""The table of a soak: what was in use, what grows, and the sentence above it."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.executors.replay import ReplayExecutor
from bench.measure.loop import run, run_facts
from bench.model.cell import Clock
from bench.report.table.contents import contents
from bench.report.table.soak import Soak, soak_table, soak_verdicts, soaks
from bench.report.text.text import sections_text
from bench.results.writer import Run, create, load
from tests.unit.soaks import BLOCK, HANDOVERS, PLAN, Counts, leaking, soak_stream, steady
from tests.unit.streams import Silent, make_scenario


def soaked(path: Path, counts: Counts) -> Run:
    executor = ReplayExecutor(soak_stream(counts=counts), Clock.ICOUNT)
    store = create(path / "run", "soak")
    store.write_facts(run_facts(make_scenario(), PLAN, executor, ["run"]))
    run(PLAN, executor, store, Silent())
    return load(store.path)


def the_soak(run: Run) -> Soak:
    (soak,) = soaks(run)
    return soak


def test_nothing_leaks(tmp_path: Path) -> None:
    run = soaked(tmp_path, steady)
    soak = the_soak(run)
    assert (soak.wanted, soak.done, soak.under_way) == (HANDOVERS, HANDOVERS, HANDOVERS // 2)
    assert soak.checkpoints == len(BLOCK.order) - BLOCK.warmup
    assert soak.decided and not soak.leaks
    text = sections_text(contents(run))
    assert "700 handovers, 350 with a request under way: nothing leaks" in text
    assert " leak\n" not in text


def test_of_several_each_is_named(tmp_path: Path) -> None:
    soak = the_soak(soaked(tmp_path, steady))
    several = [replace(soak, label=name) for name in ("sim-net-pa thp", "vduse-blk thp")]
    text = sections_text([soak_verdicts(several), soak_table(several, here=False)])
    assert "vduse-blk thp: 700 handovers, 350 with a request under way: nothing leaks\n" in text
    heads = [line.split("  ")[0] for line in text.splitlines() if line.endswith("verdict")]
    assert heads == ["sim-net-pa thp", "vduse-blk thp"]


def test_what_leaks_is_named_with_its_rate(tmp_path: Path) -> None:
    run = soaked(tmp_path, leaking)
    (leak,) = the_soak(run).leaks
    assert (leak.name, leak.unit, leak.bytes_each) == ("kmalloc-64", "objects", 64)
    assert leak.growth.slope == pytest.approx(0.5)
    text = sections_text(contents(run))
    assert "leak: kmalloc-64 grows by 32 B (0.5 objects) a handover" in text
    (row,) = (line for line in text.splitlines() if line.startswith("kmalloc-64"))
    assert row.split()[1:3] == ["2100", "2350"]  # at handovers 200 and 700: the first warms up
    assert row.endswith("leak")


@pytest.mark.parametrize(
    ("change", "name", "rate"),
    [
        ({"MemFree": -8}, "MemFree", "8.19e+03 B"),
        ({"nr_foll_pin_acquired": 3}, "pinned pages", "3 pages"),
        ({"open-files": 1}, "open-files", "1 files"),
        ({"tasks": 1}, "tasks", "1 tasks"),
    ],
)
def test_every_counter_can_leak(
    change: dict[str, int], name: str, rate: str, tmp_path: Path
) -> None:
    def counts(handovers: int) -> dict[str, int]:
        found = steady(handovers)
        return found | {key: found[key] + each * handovers for key, each in change.items()}

    (leak,) = the_soak(soaked(tmp_path, counts)).leaks
    assert (leak.name, leak.each) == (name, rate)


def test_a_cache_that_comes_and_goes_is_counted_as_none(tmp_path: Path) -> None:
    """Without an object it is not written at all."""

    def counts(handovers: int) -> dict[str, int]:
        return {**steady(handovers), **({"slab:pid:128": handovers} if handovers > 300 else {})}

    soak = the_soak(soaked(tmp_path, counts))
    (use,) = (use for use in soak.uses if use.name == "pid")
    assert (use.growth.first, use.growth.last) == (0, 700)


def test_what_is_in_use_is_not_counted_beside_the_clock(tmp_path: Path) -> None:
    run = soaked(tmp_path, steady)
    assert "Counted beside the clock" not in sections_text(contents(run))
    assert all("MemFree" in sample.counters for sample in run.samples)
