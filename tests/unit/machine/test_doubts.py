# SPDX-License-Identifier: GPL-2.0-only
"""What makes wall time untrustworthy: each doubt alone, and none of its own making."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.machine import facts as machine
from bench.machine.doubts import QUICK_CLOCKS, doubts, untrustworthy
from tests.unit.trees import SERVER, tree

# A machine set up for measuring, with everything that is a fact and no doubt.
QUIET: dict[str, Any] = {
    "cpus": 12,
    "governor": ["performance"],
    "turbo": False,
    "smt": False,
    "numa": {"0": {}, "1": {}},
    "isolated": None,
    "affinity": "2-5",
    "clocksource": "tsc",
    "mitigations": {"mds": "Vulnerable"},
    "tainted": 4096,
    "load": [4.0, 12.0, 12.0],
    "cgroup_cpus": None,
    "cgroup_memory": 1 << 30,
    "container": None,
    "hypervisor": None,
}


def test_a_quiet_machine_is_not_doubted() -> None:
    assert untrustworthy(QUIET) == []


def test_what_is_not_known_is_not_doubted() -> None:
    assert untrustworthy({}) == []
    assert untrustworthy(dict.fromkeys(QUIET)) == []


@pytest.mark.parametrize(
    ("change", "topic", "line"),
    [
        ({"governor": ["performance", "powersave"]}, "governor", "governor powersave: "),
        ({"turbo": True}, "turbo", "turbo is on"),
        ({"smt": True}, "smt", "SMT is active"),
        ({"hypervisor": "KVM"}, "hypervisor", "in a virtual machine (KVM): "),
        ({"hypervisor": "unnamed"}, "hypervisor", "in a virtual machine: "),
        ({"container": "docker (/.dockerenv)"}, "container", "in a container, docker"),
        ({"cgroup_cpus": 1.5}, "cpu quota", "CPU quota of 1.5 CPUs"),
        ({"clocksource": "hpet"}, "clock source", "clock source hpet"),
        ({"load": [4.01, 0.0, 0.0]}, "load", "load average 4.01 on 12 CPUs"),
    ],
)
def test_each_doubt_is_one_line(change: dict[str, Any], topic: str, line: str) -> None:
    found = doubts(QUIET | change)
    assert [*found] == [topic]
    assert found[topic].startswith(line)
    assert "\n" not in found[topic]
    assert untrustworthy(QUIET | change) == [found[topic]]


@pytest.mark.parametrize("name", sorted(QUICK_CLOCKS))
def test_clocks_that_are_quick(name: str) -> None:
    assert untrustworthy({"clocksource": name}) == []


@given(st.integers(1, 1024), st.floats(0, 4096))
def test_a_third_of_the_cpus_may_be_busy(cpus: int, load: float) -> None:
    doubted = untrustworthy({"cpus": cpus, "load": [load, 0.0, 0.0]})
    assert bool(doubted) == (load > cpus / 3)


def test_run_json_holds_the_doubts(tmp_path: Path) -> None:
    found = machine.facts(tree(tmp_path, SERVER))
    assert found["untrustworthy"] == untrustworthy(found)
    assert {"governor", "turbo", "smt", "cpu quota", "clock source"} <= set(doubts(found))
