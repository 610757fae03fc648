# SPDX-License-Identifier: GPL-2.0-only
"""What makes wall time untrustworthy: each doubt alone, and none of its own making."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bench.machine.doubts import QUICK_CLOCKS, doubts
from bench.machine.facts import machine_facts
from bench.model.facts import MachineFacts, NumaNode
from tests.unit.trees import SERVER, tree

# A machine set up for measuring, with everything that is a fact and no doubt.
QUIET = MachineFacts(
    cpus=12,
    governor=("performance",),
    turbo=False,
    smt=False,
    numa={0: NumaNode(), 1: NumaNode()},
    affinity="2-5",
    clocksource="tsc",
    mitigations={"mds": "Vulnerable"},
    tainted=4096,
    load=(4.0, 12.0, 12.0),
    cgroup_memory=1 << 30,
)


def test_a_quiet_machine_is_not_doubted() -> None:
    assert doubts(QUIET) == {}


def test_what_is_not_known_is_not_doubted() -> None:
    assert doubts(MachineFacts()) == {}


@pytest.mark.parametrize(
    ("change", "topic", "line"),
    [
        ({"governor": ("performance", "powersave")}, "governor", "governor powersave: "),
        ({"turbo": True}, "turbo", "turbo is on"),
        ({"smt": True}, "smt", "SMT is active"),
        ({"hypervisor": "KVM"}, "hypervisor", "in a virtual machine (KVM): "),
        ({"hypervisor": "unnamed"}, "hypervisor", "in a virtual machine: "),
        ({"container": "docker (/.dockerenv)"}, "container", "in a container, docker"),
        ({"cgroup_cpus": 1.5}, "cpu quota", "CPU quota of 1.5 CPUs"),
        ({"clocksource": "hpet"}, "clock source", "clock source hpet"),
        ({"load": (4.01, 0.0, 0.0)}, "load", "load average 4.01 on 12 CPUs"),
    ],
)
def test_each_doubt_is_one_line(change: dict[str, Any], topic: str, line: str) -> None:
    found = doubts(replace(QUIET, **change))
    assert [*found] == [topic]
    assert found[topic].startswith(line)
    assert "\n" not in found[topic]


@pytest.mark.parametrize("name", sorted(QUICK_CLOCKS))
def test_clocks_that_are_quick(name: str) -> None:
    assert doubts(MachineFacts(clocksource=name)) == {}


@given(st.integers(1, 1024), st.floats(0, 4096))
def test_a_third_of_the_cpus_may_be_busy(cpus: int, load: float) -> None:
    doubted = doubts(MachineFacts(cpus=cpus, load=(load, 0.0, 0.0)))
    assert bool(doubted) == (load > cpus / 3)


def test_run_json_holds_the_doubts(tmp_path: Path) -> None:
    found = machine_facts(tree(tmp_path, SERVER))
    assert found.untrustworthy == tuple(doubts(found).values())
    assert {"governor", "turbo", "smt", "cpu quota", "clock source"} <= set(doubts(found))
