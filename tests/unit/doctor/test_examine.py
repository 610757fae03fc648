# SPDX-License-Identifier: GPL-2.0-only
"""A diagnosis as a whole: its order, its exit code, its two forms, and this machine's."""

import json
import os
import pwd
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bench.doctor import Diagnosis, Finding, Severity, Way, as_dict, examine, render
from bench.doctor.examine import ordered
from bench.model.facts import MachineFacts, NumaNode

FINDINGS = (
    Finding("numa", Severity.OK, "one node"),
    Finding("kvm", Severity.PROBLEM, "/dev/kvm: No", "sudo usermod -aG kvm me  # then log in"),
    Finding("load", Severity.INFO, "0.1"),
    Finding("turbo", Severity.WARNING, "on", "echo 1 | sudo tee /sys/x"),
)
WAYS = (Way("guest, clock icount", True, "counted"), Way("host", False, "no device"))
FACTS = MachineFacts(cpu="A CPU", numa={2: NumaNode("0-3", 1 << 30)})
DIAGNOSIS = Diagnosis(ordered(FINDINGS, root=False), WAYS, FACTS)


@pytest.mark.parametrize(
    ("usable", "code"), [((), 125), ((False, False), 125), ((False, True), 0), ((True, True), 0)]
)
def test_one_way_to_measure_is_enough(usable: tuple[bool, ...], code: int) -> None:
    ways = tuple(Way(str(number), each, "") for number, each in enumerate(usable))
    assert Diagnosis((), ways, FACTS).exit_code == code


def test_the_worst_comes_first() -> None:
    assert [finding.state for finding in DIAGNOSIS.findings] == [*Severity]


def test_root_needs_no_sudo() -> None:
    fixes = [finding.fix for finding in ordered(FINDINGS, root=True)]
    assert fixes == ["usermod -aG kvm me  # then log in", "echo 1 | tee /sys/x", "", ""]


def test_the_text() -> None:
    assert render(DIAGNOSIS) == (
        "What can be measured here\n"
        "  guest, clock icount  yes  counted\n"
        "  host                 no   no device\n"
        "\n"
        "Findings\n"
        "  problem  kvm    /dev/kvm: No\n"
        "                  $ sudo usermod -aG kvm me  # then log in\n"
        "  warning  turbo  on\n"
        "                  $ echo 1 | sudo tee /sys/x\n"
        "  info     load   0.1\n"
        "  ok       numa   one node"
    )


def test_the_data() -> None:
    data = as_dict(DIAGNOSIS)
    assert json.loads(json.dumps(data)) == data
    assert data["exit_code"] == 0
    assert data["facts"]["cpu"] == "A CPU"
    assert data["facts"]["numa"] == {"2": {"cpus": "0-3", "memory": 1 << 30}}
    assert data["ways"][1] == {"name": "host", "usable": False, "why": "no device"}
    assert data["findings"][0] == {
        "topic": "kvm",
        "state": "problem",
        "text": "/dev/kvm: No",
        "fix": "sudo usermod -aG kvm me  # then log in",
    }


TOPICS = {
    *("cache", "helper", "guest", "kvm", "io_uring", "memlock", "vdpa devices", "memory"),
    *("hugepages", "shmem thp", "governor", "turbo", "smt", "numa", "isolated cpus"),
    *("cgroup memory", "cpu quota", "container", "clock source", "perf counters"),
}


def check(data: dict[str, Any]) -> None:
    """What holds on every machine."""
    assert data["exit_code"] in (0, 125)
    assert len(data["ways"]) == 4
    assert all(way["why"] for way in data["ways"])
    by_topic = {finding["topic"] for finding in data["findings"]}
    assert data["facts"]["arch"] != "x86_64" or by_topic >= TOPICS
    for finding in data["findings"]:
        assert finding["text"] and "\n" not in finding["text"] + finding["fix"]
        assert finding["state"] != "problem" or finding["fix"]
        syntax = ["sh", "-n", "-c", finding["fix"]]
        assert subprocess.run(syntax, check=False).returncode == 0, finding["fix"]


def test_this_machine() -> None:
    diagnosis = examine()
    data = as_dict(diagnosis)
    assert json.loads(json.dumps(data)) == data
    check(data)
    text = render(diagnosis)
    assert all(finding.text in text for finding in diagnosis.findings)
    unusable = [way for way in diagnosis.ways if not way.usable]
    assert all(way.why in text for way in unusable)


def as_nobody(home: Path) -> dict[str, Any]:
    """What an ordinary user gets to see, in a process that becomes one."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.environ.pop("XDG_CACHE_HOME", None)
            os.environ["HOME"] = str(home)
            if os.geteuid() == 0:
                nobody = pwd.getpwnam("nobody")
                os.setgroups([])
                os.setgid(nobody.pw_gid)
                os.setuid(nobody.pw_uid)
            with os.fdopen(writing, "w") as stream:
                json.dump(as_dict(examine()), stream)
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as stream:
        text = stream.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    data = json.loads(text)
    assert isinstance(data, dict)
    return data


def test_an_ordinary_user_who_has_no_home() -> None:
    data = as_nobody(Path("/proc/none"))
    check(data)
    assert data["facts"]["root"] is False
    cache = next(finding for finding in data["findings"] if finding["topic"] == "cache")
    assert cache["state"] == "problem"
    assert "cannot be written" in cache["text"]
    assert shlex.split(cache["fix"])[0] == "export"
    assert data["exit_code"] == 125  # every executor has its helper in the cache


def test_nothing_is_left_in_a_fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    data = as_dict(examine())
    check(data)
    assert not [*tmp_path.iterdir()]
    kvm = next(finding for finding in data["findings"] if finding["topic"] == "kvm")
    assert re.search("boot sector|/dev/kvm", kvm["text"])
