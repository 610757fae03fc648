# SPDX-License-Identifier: GPL-2.0-only
"""Limits of a process, as the kernel's files and calls have them."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.errors import CellSkipped
from bench.executors.host import require_pool
from bench.machine.facts import available_memory, machine_facts
from bench.machine.limits import cpuset, hidden, limits, mount_problem
from bench.model.cell import Backing, Cell, Pages
from bench.model.method import Method
from bench.paths import ROOT

V2 = "30 1 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n"


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def grouped(root: Path, files: dict[str, str]) -> Path:
    """A process in a cgroup of v2."""
    group = {f"sys/fs/cgroup/mine/{name}": text for name, text in files.items()}
    found = {"proc/self/mountinfo": V2, "proc/self/cgroup": "0::/mine\n", **group}
    return tree(root, found)


def test_what_a_cgroup_has_left(tmp_path: Path) -> None:
    root = grouped(
        tmp_path,
        {
            "pids.max": "20\n",
            "pids.current": "17\n",
            "hugetlb.2MB.max": "4194304\n",
            "hugetlb.2MB.current": "2097152\n",
            "hugetlb.1GB.max": "max\n",
            "cpuset.cpus.effective": "0,2-3\n",
        },
    )
    found = limits(root)
    assert (found.tasks, found.cpus) == (3, "0,2-3")
    assert found.hugetlb == {2 << 20: 2 << 20}


def test_the_cpuset_of_the_first_version(tmp_path: Path) -> None:
    mounts = "31 1 0:27 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
    files = {
        "proc/self/mountinfo": mounts,
        "proc/self/cgroup": "4:cpuset:/a\n",
        "sys/fs/cgroup/cpuset/a/cpuset.cpus": "0\n",
    }
    assert cpuset(tree(tmp_path, files)) == "0"


def test_a_proc_that_is_cut_hides_and_it_is_said(tmp_path: Path) -> None:
    """No error, and no figure that reads as good."""
    found = hidden(tmp_path)
    assert any("/proc/meminfo" in line and "memory" in line for line in found)
    facts = machine_facts(tmp_path)
    assert facts.cpu and facts.memory and facts.hidden == found
    assert any(line.startswith("not known here: ") for line in facts.untrustworthy)
    assert available_memory(tmp_path) > 0


SHORT = "MemTotal: 1048576 kB\nMemFree: 834036 kB\nSwapTotal: 0 kB\n"


@pytest.mark.parametrize("lines", [SHORT, "", "MemAvailable: x"])
def test_a_short_meminfo_is_no_warning(lines: str, tmp_path: Path) -> None:
    """pytest makes an error of every warning."""
    tree(tmp_path, {"proc/meminfo": lines})
    assert available_memory(tmp_path) > 0
    assert machine_facts(tmp_path).memory


@pytest.mark.parametrize(("name", "value"), [("FSIZE", 512000), ("NOFILE", 77), ("CPU", 3000)])
def test_soft_limits_are_read(name: str, value: int) -> None:
    code = (
        "import json, resource; from bench.machine.limits import limits;"
        f"resource.setrlimit(resource.RLIMIT_{name}, ({value}, {value}));"
        "print(json.dumps(dict(limits().rlimits)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert json.loads(done.stdout)[name.lower()] == value
    assert resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[0] != value


@pytest.mark.parametrize(
    ("flag", "word"), [(os.ST_NOEXEC, "noexec"), (os.ST_RDONLY, "read-only"), (0, "")]
)
def test_a_mount_that_forbids(
    flag: int, word: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=flag))
    assert mount_problem(tmp_path).endswith(word) and bool(mount_problem(tmp_path)) == bool(word)


def test_where_nothing_is_nothing_is_said() -> None:
    assert mount_problem(Path("/nowhere")) == ""


@pytest.mark.parametrize(
    ("mapped", "inside"),
    [
        ("         0          0 4294967295\n", False),
        ("         0          0          1\n", True),  # of root, by root
        ("         0       1000          1\n", True),
    ],
)
def test_a_user_namespace(mapped: str, inside: bool, tmp_path: Path) -> None:
    assert limits(tree(tmp_path, {"proc/self/uid_map": mapped})).user_namespace is inside


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("proc/meminfo", "MemTotal: 1 kB\n"),
        ("proc/loadavg", "none\n"),
        ("proc/cpuinfo", "\n"),
        ("sys/devices/system/cpu/online", ""),
    ],
)
def test_a_file_that_is_there_and_says_nothing(path: str, text: str, tmp_path: Path) -> None:
    assert any(f"(/{path})" in line for line in hidden(tree(tmp_path, {path: text})))


def test_cgroups_that_are_not_mounted_are_not_known(tmp_path: Path) -> None:
    """No limit was seen, which is not that there is none."""
    tree(tmp_path, {"proc/self/cgroup": "0::/mine\n"})
    assert any("cgroup" in line for line in hidden(tmp_path))
    grouped(tmp_path, {"cgroup.procs": "1\n"})
    assert not any("cgroup" in line for line in hidden(tmp_path))


@pytest.mark.parametrize("name", ["hugetlb.2MB.max", "hugetlb.2MB.rsvd.max"])
def test_a_cell_keeps_to_the_huge_pages_of_its_cgroup(name: str, tmp_path: Path) -> None:
    """Beyond them the kernel sends SIGBUS, though the pool has more."""
    grouped(tmp_path, {name: "4194304\n"})
    pool = "sys/kernel/mm/hugepages/hugepages-2048kB"
    counts = {"resv_hugepages": "0", "free_hugepages": "64", "nr_hugepages": "64"}
    tree(tmp_path, {f"{pool}/{file}": text for file, text in counts.items()})
    require_pool(cell(4 << 20), tmp_path)
    with pytest.raises(CellSkipped, match="the cgroup allows 4 MiB more") as caught:
        require_pool(cell(8 << 20), tmp_path)
    assert "hugetlb.*.max" in caught.value.hint


def cell(mem: int) -> Cell:
    return Cell("none", Method.IO_URING, mem, Pages.HUGETLB_2M, Backing.REAL, mem)
