# SPDX-License-Identifier: GPL-2.0-only
"""Cgroups of both versions, containers and virtual machines, over made-up trees."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.machine.container import (
    container,
    cpu_quota,
    hypervisor,
    memory_headroom,
    memory_limit,
)
from bench.machine.facts import available_memory
from tests.unit.trees import tree

MIB = 1 << 20
V2 = "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw\n"
V1 = (
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 {top} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
)


def v2(root: Path, path: str, files: dict[str, str], mounts: str = V2) -> Path:
    base = {"proc/self/cgroup": f"0::{path}\n", "proc/self/mountinfo": mounts}
    return tree(root, base | {f"sys/fs/cgroup/{name}": text for name, text in files.items()})


def v1(root: Path, path: str, files: dict[str, str], top: str = "/") -> Path:
    base = {
        "proc/self/cgroup": f"4:memory:{path}\n3:cpu,cpuacct:{path}\n1:name=systemd:/\n0::/\n",
        "proc/self/mountinfo": V1.format(top=top),
    }
    return tree(root, base | {f"sys/fs/cgroup/{name}": text for name, text in files.items()})


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("a/memory.max", MIB),
        ("a/b/memory.max", MIB),
        ("a/b/c/memory.max", MIB),
        ("a/memory.high", MIB),  # where the kernel begins to throttle
        ("b/memory.max", None),  # of a neighbour
    ],
)
def test_the_tightest_of_the_ancestors_holds(tmp_path: Path, name: str, limit: int | None) -> None:
    groups = {f"{group}/memory.max": "max\n" for group in ("a", "a/b", "a/b/c")}
    assert memory_limit(v2(tmp_path, "/a/b/c", groups | {name: f"{MIB}\n"})) == limit


def test_no_limit(tmp_path: Path) -> None:
    root = v2(tmp_path, "/a", {"a/memory.max": "max\n", "a/cpu.max": "max 100000\n"})
    assert (memory_limit(root), memory_headroom(root), cpu_quota(root)) == (None, None, None)


def test_the_first_version(tmp_path: Path) -> None:
    files = {
        "memory/a/memory.limit_in_bytes": "9223372036854771712\n",
        "memory/memory.limit_in_bytes": "9223372036854771712\n",
        "memory/a/b/memory.limit_in_bytes": f"{MIB}\n",
        "cpu,cpuacct/a/cpu.cfs_quota_us": "50000\n",
        "cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
        "cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
        "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    }
    root = v1(tmp_path, "/a/b", files)
    assert memory_limit(root) == MIB
    assert cpu_quota(root) == 0.5


def test_the_first_version_knows_of_limits_that_a_namespace_hides(tmp_path: Path) -> None:
    files = {
        "memory/memory.limit_in_bytes": "9223372036854771712\n",
        "memory/memory.stat": f"cache 1\nhierarchical_memory_limit {MIB}\n",
    }
    assert memory_limit(v1(tmp_path, "/", files)) == MIB


@pytest.mark.parametrize("path", ["/docker/1", "/elsewhere", "/../x"])
def test_a_container_sees_its_own_group_at_the_mount_point(tmp_path: Path, path: str) -> None:
    files = {"memory/memory.limit_in_bytes": f"{MIB}\n"}
    assert memory_limit(v1(tmp_path, path, files, top="/docker/1")) == MIB


def test_a_mount_point_with_a_space(tmp_path: Path) -> None:
    mounts = V2.replace("/sys/fs/cgroup", "/sys/fs/cgroup/a\\040b")
    assert memory_limit(v2(tmp_path, "/", {"a b/memory.max": f"{MIB}\n"}, mounts)) == MIB


def test_page_cache_gives_way(tmp_path: Path) -> None:
    files = {
        "a/memory.max": f"{100 * MIB}\n",
        "a/memory.current": f"{90 * MIB}\n",
        "a/memory.stat": f"anon 1\ninactive_file {20 * MIB}\nactive_file {10 * MIB}\n",
    }
    assert memory_headroom(v2(tmp_path, "/a", files)) == 40 * MIB


def test_what_is_over_its_limit_has_nothing_left(tmp_path: Path) -> None:
    files = {"a/memory.max": f"{MIB}\n", "a/memory.current": f"{2 * MIB}\n"}
    assert memory_headroom(v2(tmp_path, "/a", files)) == 0


def test_available_memory_is_what_the_cgroup_leaves(tmp_path: Path) -> None:
    free = available_memory(tmp_path)
    assert free > MIB
    assert available_memory(v2(tmp_path, "/a", {"a/memory.max": f"{MIB}\n"})) == MIB


@given(st.text(), st.text())
def test_any_text_is_taken(tmp_path_factory: pytest.TempPathFactory, a: str, b: str) -> None:
    root = tmp_path_factory.mktemp("tree")
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_bytes(f"0::/\n1:{a}".encode(errors="replace"))
    (root / "proc/self/mountinfo").write_bytes(f"{V2}{b} - {a}".encode(errors="replace"))
    assert memory_limit(root) is None
    assert cpu_quota(root) is None


def test_the_quota_of_version_two(tmp_path: Path) -> None:
    files = {"a/cpu.max": "250000 100000\n", "a/b/cpu.max": "max 100000\n"}
    assert cpu_quota(v2(tmp_path, "/a/b", files)) == 2.5


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({}, None),
        ({"proc/self/cgroup": "0::/user.slice/docker-notes.scope"}, None),
        ({"proc/self/cgroup": "0::/system.slice/docker.service"}, None),
        ({".dockerenv": ""}, "docker (/.dockerenv)"),
        ({"run/.containerenv": "", ".dockerenv": ""}, "podman (/run/.containerenv)"),
        ({"run/systemd/container": "systemd-nspawn\n"}, "systemd-nspawn (/run/systemd/container)"),
        ({"proc/self/cgroup": "4:memory:/docker/12ab34cd56ef00"}, "docker (/proc/self/cgroup)"),
        (
            {"proc/1/cgroup": "0::/system.slice/libpod-12ab34cd56ef00.scope/x"},
            "podman (/proc/1/cgroup)",
        ),
        ({"proc/1/cgroup": "4:cpu:/lxc/one"}, "lxc (/proc/1/cgroup)"),
        ({"proc/1/cgroup": "0::/kubepods.slice/x"}, "kubernetes (/proc/1/cgroup)"),
    ],
)
def test_a_container_gives_itself_away(
    tmp_path: Path, files: dict[str, str], name: str | None
) -> None:
    assert container(tree(tmp_path, files)) == name


DMI = "sys/class/dmi/id"
GUEST = {"proc/cpuinfo": "flags\t\t: fpu hypervisor lahf_lm\n"}
METAL = {"proc/cpuinfo": "flags\t\t: fpu lahf_lm\n"}


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({}, None),
        (METAL, None),
        (GUEST, "unnamed"),
        (METAL | {f"{DMI}/sys_vendor": "Amazon EC2\n"}, None),
        (GUEST | {f"{DMI}/sys_vendor": "Amazon EC2\n"}, "Amazon EC2"),
        (GUEST | {f"{DMI}/sys_vendor": "QEMU\n", f"{DMI}/product_name": "KVM\n"}, "KVM"),
        (GUEST | {f"{DMI}/product_name": "Virtual Machine\n"}, "Hyper-V"),
        ({f"{DMI}/sys_vendor": "QEMU\n", "proc/cpuinfo": "Features : fp\n"}, "QEMU"),
        ({"proc/device-tree/hypervisor/compatible": "linux,kvm\0"}, "kvm"),
        ({"sys/hypervisor/type": "xen\n"}, "Xen"),
    ],
)
def test_a_hypervisor(tmp_path: Path, files: dict[str, str], name: str | None) -> None:
    assert hypervisor(tree(tmp_path, files)) == name
