# SPDX-License-Identifier: GPL-2.0-only
"""The host executor's needs: io_uring, memory that may be locked, devices."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from bench.doctor import Finding, Severity
from bench.doctor.host import (
    examine_host,
    io_uring,
    memlock,
    memory_of_host,
    vdpa_devices,
    vhost_vdpa_devices,
    why_no_io_uring,
)
from bench.model.facts import MachineFacts, MemoryLock
from bench.model.units import GIB, MIB
from tests.unit.trees import tree

FINE = Finding("fine", Severity.OK, "fine")
BROKEN = Finding("broken", Severity.PROBLEM, "it is broken", "mend it")


def test_the_kernel_is_asked_for_a_ring() -> None:
    """A kernel with io_uring gives one, any other says an error in words."""
    disabled = Path("/proc/sys/kernel/io_uring_disabled")
    problem = why_no_io_uring()
    assert problem in (0, *errno.errorcode)
    if disabled.exists() and disabled.read_text().strip() == "2":
        assert problem == errno.EPERM


@pytest.mark.parametrize(
    ("problem", "facts", "fix"),
    [
        (errno.EPERM, {"io_uring_disabled": 2}, "sudo sysctl kernel.io_uring_"),
        (errno.EPERM, {"container": "docker"}, "docker run --security-opt"),
        (errno.ENOSYS, {"io_uring_disabled": None}, "grep IO_URING"),
        (errno.ENOMEM, {"container": "docker"}, "ulimit -l unlimited"),
        (errno.ENOMEM, {"io_uring_disabled": 1}, "ulimit -l unlimited"),
        (errno.EACCES, {}, "sudo ausearch"),
    ],
)
def test_a_ring_that_is_refused(problem: int, facts: dict[str, Any], fix: str) -> None:
    finding = io_uring(problem, MachineFacts(**facts))
    assert finding.state is Severity.PROBLEM
    assert os.strerror(problem) in finding.text
    assert finding.fix.startswith(fix)


def test_a_ring_that_is_given() -> None:
    assert io_uring(0, MachineFacts(io_uring_disabled=1)).state is Severity.OK


@pytest.mark.parametrize(
    ("soft", "hard", "capable", "state", "text", "fix"),
    [
        (None, None, False, Severity.OK, "unlimited", ""),
        (8 << 20, None, False, Severity.OK, "unlimited", ""),
        (8 << 20, 8 << 20, False, Severity.WARNING, "can have 8 MiB", "sudo prlimit "),
        (64 << 10, 64 << 10, False, Severity.PROBLEM, "64 KiB is too little", "sudo prlimit "),
        (0, 0, True, Severity.INFO, "CAP_IPC_LOCK", "sudo prlimit "),
    ],
)
def test_what_may_be_locked(
    soft: int | None, hard: int | None, capable: bool, state: Severity, text: str, fix: str
) -> None:
    finding = memlock(MachineFacts(memlock=MemoryLock(soft, hard), cap_ipc_lock=capable))
    assert finding.state is state
    assert text in finding.text
    assert finding.fix.startswith(fix) and bool(finding.fix) is bool(fix)


def test_a_limit_that_is_not_known() -> None:
    assert memlock(MachineFacts()).state is Severity.INFO


def with_devices(root: Path) -> Path:
    """One of a PCI function with a driver, one of a simulator, which has none."""
    nodes = ("vhost-vdpa-0", "vhost-vdpa-10", "vhost-vdpa-2", "vhost-vdpa-x", "vhost-net")
    tree(root, {f"dev/{name}": "" for name in nodes})
    function, driver = (
        root / "sys/devices/pci0/0000:01:00.2",
        root / "sys/bus/pci/drivers/mlx5_core",
    )
    simulator = root / "sys/devices/vdpasim_net"
    for path in (driver, function / "vdpa0/vhost-vdpa-0", simulator / "vdpa1/vhost-vdpa-2"):
        path.mkdir(parents=True)
    (function / "driver").symlink_to(driver)
    bus = root / "sys/bus/vdpa/devices"
    bus.mkdir(parents=True)
    (bus / "vdpa0").symlink_to(function / "vdpa0")
    (bus / "vdpa1").symlink_to(simulator / "vdpa1")
    return root


def test_devices_and_whose_they_are(tmp_path: Path) -> None:
    devices = vhost_vdpa_devices(with_devices(tmp_path))
    assert [(d.node, d.name, d.driver) for d in devices] == [
        ("vhost-vdpa-0", "vdpa0", "mlx5_core"),
        ("vhost-vdpa-2", "vdpa1", "vdpasim_net"),
        ("vhost-vdpa-10", "unnamed", "unknown"),
    ]
    assert all(device.usable for device in devices)
    first = vdpa_devices(devices)[0]
    assert (first.state, first.text) == (Severity.OK, "/dev/vhost-vdpa-0: vdpa0 of mlx5_core")


def test_no_device_is_no_problem_and_no_module_is_loaded(tmp_path: Path) -> None:
    (finding,) = vdpa_devices(vhost_vdpa_devices(tmp_path))
    assert finding.state is Severity.INFO
    assert "vdpa dev add" in finding.fix
    assert "modprobe" not in finding.fix


@pytest.mark.parametrize(("cache", "helper"), [(BROKEN, FINE), (FINE, BROKEN)])
def test_without_cache_or_helper_the_host_measures_nothing(cache: Finding, helper: Finding) -> None:
    _, ways = examine_host(MachineFacts(), cache, helper)
    assert not any(way.usable for way in ways)
    assert ways[0].why == BROKEN.text


@pytest.mark.parametrize(
    ("free", "limit", "fix"),
    [
        (GIB, None, ""),
        (GIB, GIB, ""),
        (100 * MIB, None, "ps "),
        (100 * MIB, 64 * GIB, "ps "),  # the machine is full, not the cgroup
        (100 * MIB, 200 * MIB, "# raise memory.max"),
    ],
)
def test_memory_for_the_smallest_cell(free: int, limit: int | None, fix: str) -> None:
    found = memory_of_host(free, limit)
    assert [each.state for each in found] == [Severity.PROBLEM] * bool(fix)
    assert all(each.fix.startswith(fix) for each in found)
