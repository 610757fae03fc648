# SPDX-License-Identifier: GPL-2.0-only
"""What each limit stops, and what to do about it."""

from dataclasses import replace

import pytest

from bench.doctor.diagnosis import Severity
from bench.doctor.limits import examine_limits
from bench.machine.limits import ProcessLimits

NONE = ProcessLimits({}, None, {}, None, 1, 65530, False, False, False, False, ())


def test_without_a_limit_that_matters_all_is_well() -> None:
    (found,) = examine_limits(NONE)
    assert found.state is Severity.OK
    assert examine_limits(replace(NONE, rlimits={"stack": 8 << 20, "nofile": 1024})) == (found,)


@pytest.mark.parametrize(
    ("name", "value", "state", "fix"),
    [
        ("fsize", 512_000, Severity.PROBLEM, "ulimit -f"),
        ("fsize", 1 << 40, Severity.WARNING, "ulimit -f"),
        ("as", 512 << 20, Severity.PROBLEM, "ulimit -v"),
        ("as", 4 << 30, Severity.WARNING, "ulimit -v"),
        ("data", 4 << 30, Severity.WARNING, "ulimit -d"),
        ("nofile", 16, Severity.PROBLEM, "ulimit -n"),
        ("nproc", 40, Severity.WARNING, "ulimit -u"),
        ("stack", 4096, Severity.PROBLEM, "ulimit -s"),
        ("cpu", 5, Severity.PROBLEM, "ulimit -t"),
        ("cpu", 600, Severity.WARNING, "ulimit -t"),
    ],
)
def test_rlimits(name: str, value: int, state: Severity, fix: str) -> None:
    (found,) = examine_limits(replace(NONE, rlimits={name: value}))
    assert (found.topic, found.state) == (f"rlimit {name}", state)
    assert found.fix.startswith(fix)


@pytest.mark.parametrize(
    ("changed", "topic", "word"),
    [
        ({"tasks": 3}, "cgroup pids", "EAGAIN"),
        ({"hugetlb": {2 << 20: 0}}, "cgroup hugetlb", "SIGBUS"),
        ({"memfd_noexec": 2}, "memfd", "EACCES"),
        ({"max_map_count": 100}, "mappings", "ENOMEM"),
        ({"thp_disabled": True}, "thp of process", "no huge pages"),
        ({"no_new_privs": True}, "privileges", "sudo"),
        ({"seccomp": True}, "seccomp", "filter"),
        ({"user_namespace": True}, "user namespace", "not root of the machine"),
        ({"hidden": ("the load (/proc/loadavg)",)}, "/proc and /sys", "/proc/loadavg"),
    ],
)
def test_other_limits(changed: dict[str, object], topic: str, word: str) -> None:
    (found,) = examine_limits(replace(NONE, **changed))  # type: ignore[arg-type]
    assert found.topic == topic and word in found.text


def test_a_hard_limit_takes_another_command_than_the_shell_has() -> None:
    soft = replace(NONE, rlimits={"fsize": 10}, hard={})
    (found,) = examine_limits(soft)
    assert found.fix == "ulimit -f unlimited"
    (found,) = examine_limits(replace(soft, hard={"fsize": 10}))
    assert found.fix.startswith("sudo prlimit --pid $$ --fsize=unlimited")


def test_without_proc_nothing_can_be_measured() -> None:
    hidden = ("capabilities and allowed CPUs (/proc/self/status)",)
    found = {each.topic: each for each in examine_limits(replace(NONE, hidden=hidden))}
    assert found["/proc"].state is Severity.PROBLEM
    assert found["/proc"].fix == "sudo mount -t proc proc /proc"
