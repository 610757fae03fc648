# SPDX-License-Identifier: GPL-2.0-only
"""The guest executor's needs: what lacks is named, with the command that gets it."""

import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from bench.doctor import Diagnosis, Finding, Severity, examine
from bench.doctor.guest import by_kernel, by_sector, examine_guest, examine_kvm, way_to_open
from bench.doctor.kernel import examine_whole
from bench.executors.guest_setup import HOST_PROGRAMS
from bench.kernel import archive, whole
from bench.kernel.config import load_config
from bench.model.facts import MachineFacts
from bench.model.settings import MIRROR
from bench.model.units import GIB, MIB
from bench.paths import ROOT
from tests.unit.kernel.programs import program
from tests.unit.trees import tree

FINE = Finding("fine", Severity.OK, "fine")


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache; the directory is for programs."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "bin"


def of(diagnosis: Diagnosis, topic: str) -> Finding:
    return next(finding for finding in diagnosis.findings if finding.topic == topic)


def usable(diagnosis: Diagnosis) -> dict[str, bool]:
    return {way.name: way.usable for way in diagnosis.ways}


def test_a_machine_without_any_program(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(fresh))
    monkeypatch.setattr("bench.process.shutil.which", lambda *_, **__: None)
    diagnosis = examine()
    guest = of(diagnosis, "guest")
    assert guest.state is Severity.PROBLEM
    assert all(name in guest.text for name in HOST_PROGRAMS)
    assert all(package in guest.fix for package in HOST_PROGRAMS.values())
    assert of(diagnosis, "guest kernel").state is Severity.PROBLEM
    assert "apt" in of(diagnosis, "guest kernel").fix
    assert "gcc" in of(diagnosis, "helper").fix
    assert not any(usable(diagnosis).values())
    assert diagnosis.exit_code == 125


def test_a_compiler_without_a_static_library(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(fresh, "gcc", "echo libc.a")
    monkeypatch.setenv("PATH", f"{fresh}:{os.environ['PATH']}")
    helper = of(examine(), "helper")
    assert helper.state is Severity.PROBLEM
    assert helper.fix.endswith("libc6-dev")


def test_a_kernel_whose_packages_have_no_mirror(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(fresh, "apt-get", "true")  # an apt with no sources
    monkeypatch.setenv("PATH", f"{fresh}:{os.environ['PATH']}")
    monkeypatch.delenv(MIRROR, raising=False)
    diagnosis = examine()
    kernel = of(diagnosis, "guest kernel")
    assert kernel.state is Severity.PROBLEM
    assert "name no mirror of Debian" in kernel.text
    assert kernel.fix.startswith(f"export {MIRROR}=http://")
    assert of(diagnosis, "debian archive").state is Severity.INFO
    assert not usable(diagnosis)["guest, clock icount"]


def test_a_kernel_whose_packages_cannot_be_checked(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "KEYRING", fresh / "none.gpg")
    kernel = of(examine(), "guest kernel")
    assert kernel.state is Severity.PROBLEM
    assert "none.gpg is missing" in kernel.text
    assert kernel.fix.endswith("install --no-install-recommends debian-archive-keyring")


def test_a_kernel_that_can_be_fetched(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(fresh, "apt-get", "exit 100")  # nothing may ask the network
    monkeypatch.setenv("PATH", f"{fresh}:{os.environ['PATH']}")
    monkeypatch.setenv(MIRROR, "http://mirror.example/debian")
    diagnosis = examine()
    kernel = of(diagnosis, "guest kernel")
    assert kernel.state is Severity.INFO
    assert load_config().host.image in kernel.text
    assert kernel.fix == "bench kernel"
    assert of(diagnosis, "debian archive").text == "http://mirror.example/debian"


def test_a_machine_that_cannot_build_kernels_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [*whole.PROGRAMS, "apt-get"]:
        program(tmp_path / "bin", name, "true")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin")
    monkeypatch.setattr(whole, "LIBELF", tmp_path / "libelf.h")
    lacking = examine_whole()
    assert lacking.state is Severity.INFO and "optional" in lacking.text
    assert lacking.text.endswith(": libelf.h") and lacking.fix.endswith(" libelf-dev")
    (tmp_path / "libelf.h").touch()
    assert examine_whole().state is Severity.OK
    monkeypatch.setattr("bench.process.shutil.which", lambda *_, **__: None)
    lacking = examine_whole()
    assert "flex, bison, bc" in lacking.text
    assert lacking.fix.startswith("make setup  #") and "bc binutils bison flex" in lacking.fix


def test_a_disk_without_room(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(2 * GIB, GIB, GIB))
    diagnosis = examine()
    space = of(diagnosis, "disk space")
    assert space.state is Severity.PROBLEM
    assert "1.0 GiB are free" in space.text and "2.0 are needed" in space.text
    assert "BENCH_CACHE" in space.fix
    assert not usable(diagnosis)["guest, clock icount"]


def test_a_machine_without_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.doctor.guest.available_memory", lambda: 900 * MIB)
    machine = MachineFacts(arch="x86_64", cgroup_memory=GIB)
    findings, ways = examine_guest(machine, FINE, FINE)
    memory = next(finding for finding in findings if finding.topic == "memory")
    assert memory.state is Severity.PROBLEM
    assert memory.text.startswith("0.9 GiB are free, the cgroup allows 1.0")
    assert not any(way.usable for way in ways)


def test_another_architecture() -> None:
    findings, ways = examine_guest(MachineFacts(arch="aarch64"), FINE, FINE)
    assert [finding.state for finding in findings] == [Severity.PROBLEM]
    assert not any(way.usable for way in ways)


@pytest.mark.parametrize("problem", ["/dev/kvm opens, but a guest does not boot with it: x", ""])
def test_wall_time_goes_with_kvm_and_counts_do_not(
    problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.doctor.guest.examine_kvm", lambda *_: by_kernel(problem))
    _, (icount, wall) = examine_guest(MachineFacts(arch="x86_64"), FINE, FINE)
    assert wall.usable is (icount.usable and not problem)
    assert problem in wall.why


def test_what_told_about_kvm_is_said() -> None:
    assert by_sector("").state is Severity.OK and "boot sector" in by_sector("").text
    assert by_sector("QEMU died").text.endswith("does not run with it: QEMU died")
    assert by_kernel("").text == "a guest boots with it"
    assert by_kernel("no").fix.startswith("bench run --clock icount")


@pytest.mark.parametrize(
    ("problem", "flags", "fix"),
    [
        ("/dev/kvm: Permission denied", "fpu", "sudo usermod -aG kvm"),
        ("/dev/kvm: No such file or directory", "fpu vmx", "sudo modprobe kvm_intel"),
        ("/dev/kvm: No such file or directory", "fpu svm", "sudo modprobe kvm_amd"),
        ("/dev/kvm: No such file or directory", "fpu", "bench run --clock icount"),
    ],
)
def test_a_device_that_does_not_open(
    tmp_path: Path, problem: str, flags: str, fix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    root = tree(tmp_path, {"proc/cpuinfo": f"flags : {flags}\n"})
    assert way_to_open(problem, root).startswith(fix)


def test_a_job_of_ci_is_given_the_udev_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job cannot log in again to be in another group."""
    monkeypatch.setenv("CI", "true")
    fix = way_to_open("/dev/kvm: Permission denied", tree(tmp_path, {"proc/cpuinfo": ""}))
    assert 'KERNEL=="kvm", GROUP="kvm", MODE="0666"' in fix and "udevadm trigger" in fix
    documented = (ROOT / "docs/host.md").read_text()
    assert all(line.strip() in documented for line in fix.split(" && "))


def test_without_qemu_nothing_is_said_of_kvm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.doctor.guest.kvm_problem", lambda: "")
    monkeypatch.setattr("bench.process.shutil.which", lambda *_, **__: None)
    assert examine_kvm().state is Severity.INFO
