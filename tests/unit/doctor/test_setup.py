# SPDX-License-Identifier: GPL-2.0-only
"""How a machine is set up, facts in and findings out."""

from typing import Any

import pytest
from msgspec.structs import replace

from bench.doctor import Finding, Severity
from bench.doctor.setup import counters, examine_setup, shmem_thp
from bench.machine.doubts import doubts
from bench.model.facts import HugePool, MachineFacts, NumaNode
from tests.unit.machine.test_doubts import QUIET


def found(topic: str, **facts: Any) -> Finding:
    return next(f for f in examine_setup(replace(QUIET, **facts)) if f.topic == topic)


def test_a_quiet_machine_has_nothing_to_mend() -> None:
    worth_a_look = {f.topic for f in examine_setup(QUIET) if f.state is Severity.WARNING}
    assert worth_a_look == {"shmem thp"}  # a kernel without huge pages


def test_a_machine_that_says_nothing_is_no_error() -> None:
    assert examine_setup(MachineFacts())


@pytest.mark.parametrize(
    ("topic", "facts", "fix"),
    [
        ("governor", {"governor": ("powersave",)}, "echo performance | sudo tee /sys/devices/"),
        ("turbo", {"turbo": True, "turbo_file": "/sys/x/no_turbo"}, "echo 1 | sudo tee /sys/x/no_"),
        ("turbo", {"turbo": True, "turbo_file": "/sys/x/boost"}, "echo 0 | sudo tee /sys/x/boost"),
        ("smt", {"smt": True}, "echo off | sudo tee /sys/devices/system/cpu/smt/control"),
        ("clock source", {"clocksource": "hpet", "clocksources": ("hpet", "tsc")}, "echo tsc | "),
        ("clock source", {"clocksource": "hpet", "clocksources": ("hpet",)}, "sudo dmesg"),
        ("hypervisor", {"hypervisor": "KVM"}, "bench run --clock icount"),
        ("container", {"container": "lxc (x)"}, "systemd-detect-virt"),
        ("cpu quota", {"cgroup_cpus": 0.5}, "sudo systemd-run --scope"),
        ("load", {"load": (12.0, 0.0, 0.0)}, "ps "),
    ],
)
def test_every_doubt_is_a_warning_with_its_command(
    topic: str, facts: dict[str, Any], fix: str
) -> None:
    finding = found(topic, **facts)
    assert finding.state is Severity.WARNING
    assert finding.text == doubts(replace(QUIET, **facts))[topic]
    assert finding.fix.startswith(fix)
    assert found(topic).state is Severity.OK


@pytest.mark.parametrize("topic", ["governor", "turbo", "smt"])
def test_what_is_not_known_is_not_called_good(topic: str) -> None:
    finding = found(topic, **{topic: None})
    assert finding.state is Severity.INFO
    assert not finding.fix


@pytest.mark.parametrize(
    ("value", "kernel", "state", "has_fix"),
    [
        ("advise", "5.10.0", Severity.OK, False),
        ("never", "6.1.0-9-amd64", Severity.INFO, True),
        ("never", "6.10", Severity.INFO, True),
        ("never", "6.0.19", Severity.WARNING, True),
        ("never", "rubbish", Severity.WARNING, True),
        ("deny", "6.18.1", Severity.WARNING, True),
        (None, "6.18.1", Severity.WARNING, False),
    ],
)
def test_huge_pages_of_memfds(
    value: str | None, kernel: str, state: Severity, has_fix: bool
) -> None:
    finding = shmem_thp(MachineFacts(thp_shmem=value, kernel=kernel))
    assert finding.state is state
    assert bool(finding.fix) is has_fix


def test_pools() -> None:
    machine = MachineFacts(hugepages={2 << 20: HugePool(9, free=9), 1 << 30: HugePool(2, free=0)})
    small, large = (f for f in examine_setup(machine) if f.topic == "hugepages")
    assert (small.state, small.text) == (Severity.OK, "9 free pages of 2 MiB")
    assert large.state is Severity.INFO
    assert large.fix.startswith(
        "echo 1 | sudo tee /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages "
    )


@pytest.mark.parametrize(
    ("facts", "state", "fix"),
    [
        ({"pmu": False}, Severity.INFO, ""),
        ({"pmu": True, "perf_event_paranoid": 2}, Severity.INFO, "sudo sysctl"),
        ({"pmu": True, "perf_event_paranoid": 4, "root": True}, Severity.OK, ""),
        ({"pmu": True, "perf_event_paranoid": 1}, Severity.OK, ""),
    ],
)
def test_counters(facts: dict[str, Any], state: Severity, fix: str) -> None:
    finding = counters(MachineFacts(**facts))
    assert finding.state is state
    assert finding.fix.startswith(fix) and bool(finding.fix) is bool(fix)


@pytest.mark.parametrize(
    ("topic", "facts", "text"),
    [
        ("numa", {"numa": {0: NumaNode()}}, "one node"),
        ("numa", {"numa": {0: NumaNode(), 1: NumaNode()}}, "2 nodes: "),
        ("isolated cpus", {"isolated": "2-3"}, "2,3; "),
        ("affinity", {"affinity": "0-3"}, "4 of 12 CPUs"),
        ("affinity", {"affinity": "0-11"}, "12 of 12 CPUs"),
        ("cgroup memory", {"cgroup_memory": 1 << 30}, "1024 MiB are allowed"),
        ("cgroup memory", {"cgroup_memory": None}, "no limit"),
    ],
)
def test_places_and_limits(topic: str, facts: dict[str, Any], text: str) -> None:
    assert found(topic, **facts).text.startswith(text)


@pytest.mark.parametrize(
    ("topic", "path", "facts"),
    [
        ("load", "/proc/loadavg", {"load": None}),
        ("hypervisor", "/proc/cpuinfo", {"cpu": "unknown"}),
        ("smt", "/sys/devices/system/cpu/online", {"smt": None}),
        ("cores", "/sys/devices/system/cpu/online", {}),
        ("isolated cpus", "/sys/devices/system/cpu/online", {"isolated": None}),
        ("clock source", "/sys/devices/system/cpu/online", {"clocksource": None}),
        ("cpu quota", "/sys/fs/cgroup", {}),
        ("cgroup memory", "/sys/fs/cgroup", {"cgroup_memory": None}),
        ("hugepages", "/sys/kernel/mm", {"hugepages": {}}),
        ("shmem thp", "/sys/kernel/mm", {"thp_shmem": None}),
    ],
)
def test_what_is_hidden_is_neither_good_nor_absent(
    topic: str, path: str, facts: dict[str, Any]
) -> None:
    finding = found(topic, hidden=(f"something ({path})",), **facts)
    assert finding.state is Severity.INFO
    assert finding.text == f"not known: {path} is hidden"


def test_an_affinity_that_nothing_says_is_not_known() -> None:
    assert found("affinity", affinity=None).state is Severity.INFO


def test_a_driver_that_does_not_say_is_named() -> None:
    text = found("turbo", turbo=None, frequency_driver="cppc_cpufreq").text
    assert text == "not known: the driver cppc_cpufreq does not say"
