# SPDX-License-Identifier: GPL-2.0-only
"""QEMU started within a guest until it opens its memory; what does not come so far fails."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from bench.errors import CellFailed
from bench.executors.guest import GuestExecutor
from bench.executors.guest_setup import prepare
from bench.model.cell import Block, Clock, Rep
from bench.model.method import Method, Phase
from bench.plan.matrix import make_plan
from bench.plan.scenario import load_scenario


def the_block(reps: int = 3) -> Block:
    (block,) = make_plan(load_scenario("vmm-start", {"reps": reps})).blocks
    return block


@pytest.fixture
def starts(tmp_path: Path) -> Iterator[GuestExecutor]:
    executor = GuestExecutor(prepare([the_block()], Clock.ICOUNT, tmp_path / "console.log"))
    yield executor
    executor.close()


def pauses(executor: GuestExecutor) -> dict[Method, list[int]]:
    reps = [rep for rep in executor.measure(the_block()) if isinstance(rep, Rep)][1:]
    assert all({*rep.phases} == {Phase.EXEC} and rep.pinned == 0 for rep in reps)
    return {
        m: [r.pause for r in reps if r.method is m] for m in (Method.START_VMM, Method.START_HELPER)
    }


def test_the_start_of_qemu(starts: GuestExecutor) -> None:
    """A hundred times that of the helper; the median of another guest's is the same to 1e-4."""
    one, other = pauses(starts), pauses(starts)
    assert 100 < median(one[Method.START_VMM]) / median(one[Method.START_HELPER]) < 1000
    for method, found in one.items():
        assert len(found) == 3
        assert median(found) == pytest.approx(median(other[method]), rel=1e-4)
    facts = starts.facts()
    assert facts.vmm.startswith("qemu-system-x86_64 ") and "-incoming defer" in facts.vmm
    assert facts.qemu.startswith("QEMU emulator version")


def test_a_qemu_that_ends_before_its_memory_fails(
    starts: GuestExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a machine that it does not know, it says so and exits."""
    from bench.protocol import helper

    def wrong(program: str, mem: int) -> list[str]:
        return [program, "-machine", "toaster", "-m", str(mem >> 20)]

    monkeypatch.setattr(helper, "vmm_words", wrong)
    with pytest.raises(CellFailed, match="before it opened its memory"):
        [*starts.measure(the_block())]
