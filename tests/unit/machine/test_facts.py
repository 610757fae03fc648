# SPDX-License-Identifier: GPL-2.0-only
"""What is read off a machine, over made-up trees and over this one."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict

from bench.machine.facts import available_memory, machine_facts
from bench.machine.settings import load_average, memlock
from bench.model.facts import HugePool, MachineFacts, MemoryLock, NumaNode
from bench.model.typed import plain, typed
from tests.unit.trees import CPU, SERVER, tree


@pytest.fixture
def server(tmp_path: Path) -> MachineFacts:
    return machine_facts(tree(tmp_path, SERVER))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cpu", "A CPU"),
        ("microcode", "0x2b"),
        ("governor", ("performance", "powersave")),
        ("turbo", True),
        ("turbo_file", "/sys/devices/system/cpu/intel_pstate/no_turbo"),
        ("smt", True),
        ("isolated", "4-5"),
        ("nohz_full", None),
        ("affinity", "2-5"),
        ("clocksource", "hpet"),
        ("clocksources", ("hpet", "acpi_pm")),
        ("thp", "madvise"),
        ("thp_shmem", "never"),
        ("load", (9.5, 2.25, 0.0)),
        ("perf_event_paranoid", 2),
        ("io_uring_disabled", 2),
        ("tainted", 4096),
        ("pmu", True),
        ("root", False),
        ("cap_ipc_lock", False),
        ("memlock", MemoryLock(8 << 20, None)),
        ("cgroup_memory", None),
        ("cgroup_cpus", 1.5),
        ("container", None),
        ("hypervisor", None),
    ],
)
def test_each_fact_is_read(server: MachineFacts, name: str, value: object) -> None:
    assert getattr(server, name) == value


def test_pools_by_the_size_of_a_page(server: MachineFacts) -> None:
    assert server.hugepages == {2 << 20: HugePool(512, free=500), 1 << 30: HugePool(0, free=0)}
    assert [*server.hugepages] == [2 << 20, 1 << 30]


def test_nodes_by_their_number(server: MachineFacts) -> None:
    assert [*server.numa] == [0, 2, 10]
    assert server.numa[0] == NumaNode("0-3", 1 << 20)
    assert server.numa[10] == NumaNode()


def test_only_what_costs_or_is_open_is_a_mitigation(server: MachineFacts) -> None:
    assert server.mitigations == {
        "itlb_multihit": "KVM: Mitigation: Split huge pages",
        "mds": "Mitigation: Clear CPU buffers",
        "srbds": "Vulnerable: No microcode",
    }


@pytest.mark.parametrize(
    ("path", "text", "on"),
    [
        ("intel_pstate/no_turbo", "0", True),
        ("intel_pstate/no_turbo", "1", False),
        ("cpufreq/boost", "0", False),
        ("cpufreq/boost", "1", True),
        ("cpufreq/boost", "", None),
    ],
)
def test_turbo_either_way(tmp_path: Path, path: str, text: str, on: bool | None) -> None:
    assert machine_facts(tree(tmp_path, {f"{CPU}/{path}": text})).turbo is on


def test_a_machine_that_shows_nothing(tmp_path: Path) -> None:
    """Of what is in its files nothing is guessed; the rest Python and psutil know."""
    found = asdict(machine_facts(tmp_path))
    known = {"cpu", "cpus", "memory", "kernel", "arch", "system", "python"}
    empty = {"numa": {}, "clocksources": (), "mitigations": {}, "hugepages": {}, "pmu": False}
    told = {name: value for name, value in found.items() if value is not None}
    assert told == {name: found[name] for name in known} | empty | {"untrustworthy": ()}


@pytest.mark.parametrize(
    ("mask", "has"), [("0000000000004000", True), ("000001ffffffbfff", False), ("rubbish", None)]
)
def test_what_may_be_locked(tmp_path: Path, mask: str, has: bool | None) -> None:
    root = tree(tmp_path, {"proc/self/status": f"Uid:\t1\t0\t1\t1\nCapEff:\t{mask}\n"})
    found = machine_facts(root)
    assert found.cap_ipc_lock is has
    assert found.root is True  # the effective uid


@given(st.one_of(st.none(), st.integers(0, 1 << 61)), st.one_of(st.none(), st.integers(0, 1 << 61)))
def test_a_limit_is_read_back(soft: int | None, hard: int | None) -> None:
    words = ["unlimited" if limit is None else str(limit) for limit in (soft, hard)]
    line = f"Max locked memory         {words[0]:<20} {words[1]:<20} bytes     \n"
    found = memlock(f"Max cpu time  unlimited unlimited seconds\n{line}")
    assert found == MemoryLock(soft, hard)


@pytest.mark.parametrize("text", [None, "", "Max locked memory", "Max locked memory   a   b   c"])
def test_no_limit_is_made_up(text: str | None) -> None:
    assert memlock(text) is None


@given(st.text())
def test_a_load_is_three_figures_or_none(text: str) -> None:
    load = load_average(text)
    assert load is None or (len(load) == 3 and all(figure >= 0 for figure in load))


def test_this_machine() -> None:
    """Whatever machine this is: run.json holds all facts, and they are read back."""
    found = machine_facts()
    stored = json.loads(json.dumps(plain(found)))
    assert typed(stored, MachineFacts) == found
    assert (found.cpus or 0) >= 1
    assert (found.memory or 0) >= available_memory() >= 0
    assert found.affinity
    assert found.root in (True, False)
    assert found.load
    assert found.clocksource in (None, *found.clocksources)
