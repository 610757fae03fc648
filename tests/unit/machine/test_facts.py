# SPDX-License-Identifier: GPL-2.0-only
"""What is read off a machine, over made-up trees and over this one."""

import json
import os
import resource
from pathlib import Path

import pytest
from msgspec.structs import asdict

from bench.machine.facts import available_memory, machine_facts
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
        ("perf_event_paranoid", 2),
        ("io_uring_disabled", 2),
        ("tainted", 4096),
        ("pmu", True),
        ("cap_ipc_lock", False),
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


def test_turbo_of_each_policy(tmp_path: Path) -> None:
    """One that is on decides; the policy of CPU 0 is not there while it is offline."""
    files = {"policy1/boost": "0", "policy2/boost": "1", "policy2/scaling_driver": "cppc_cpufreq"}
    facts = machine_facts(tree(tmp_path, {f"{CPU}/cpufreq/{n}": text for n, text in files.items()}))
    assert facts.turbo is True
    assert facts.turbo_file == f"/{CPU}/cpufreq/policy2/boost"
    assert facts.frequency_driver == "cppc_cpufreq"


@pytest.mark.parametrize(
    ("path", "text", "on"),
    [
        ("intel_pstate/no_turbo", "0", True),
        ("intel_pstate/no_turbo", "1", False),
        ("cpufreq/boost", "0", False),
        ("cpufreq/boost", "1", True),
        ("cpufreq/boost", "", None),
        ("cpufreq/policy3/cpb", "1", True),  # of acpi-cpufreq on AMD
        ("cpufreq/policy3/cpb", "0", False),
        ("cpufreq/policy3/cpb", "", None),
    ],
)
def test_turbo_either_way(tmp_path: Path, path: str, text: str, on: bool | None) -> None:
    assert machine_facts(tree(tmp_path, {f"{CPU}/{path}": text})).turbo is on


def test_a_machine_that_shows_nothing(tmp_path: Path) -> None:
    """Of what is in its files nothing is guessed, and it is said; the rest Python knows."""
    found = asdict(machine_facts(tmp_path))
    known = {"cpu", "cpus", "memory", "kernel", "arch", "system", "python"}
    known |= {"load", "root", "memlock", "hidden", "thp_disabled"}
    empty = {
        "core_kinds": (),
        "numa": {},
        "clocksources": (),
        "mitigations": {},
        "hugepages": {},
        "pmu": False,
    }
    told = {name: value for name, value in found.items() if value is not None}
    busy = found["untrustworthy"]  # a load average is of the machine itself
    assert told == {name: found[name] for name in known} | empty | {"untrustworthy": busy}
    assert all(line.startswith(("load average", "not known here")) for line in busy)


@pytest.mark.parametrize(
    ("mask", "has"), [("0000000000004000", True), ("000001ffffffbfff", False), ("rubbish", None)]
)
def test_what_may_be_locked(tmp_path: Path, mask: str, has: bool | None) -> None:
    root = tree(tmp_path, {"proc/self/status": f"CapEff:\t{mask}\n"})
    assert machine_facts(root).cap_ipc_lock is has


def test_this_machine() -> None:
    """Whatever machine this is: run.json holds all facts, and they are read back."""
    found = machine_facts()
    stored = json.loads(json.dumps(plain(found)))
    assert typed(stored, MachineFacts) == found
    assert (found.cpus or 0) >= 1
    assert (found.memory or 0) >= available_memory() >= 0
    assert found.affinity
    assert found.root is (os.geteuid() == 0)
    assert found.load and all(load >= 0 for load in found.load)
    limits = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    known = [None if limit == resource.RLIM_INFINITY else limit for limit in limits]
    assert found.memlock == MemoryLock(*known)
    assert found.clocksource in (None, *found.clocksources)
