# SPDX-License-Identifier: GPL-2.0-only
"""Examine KVM by booting a guest, or a boot sector where no kernel is built yet."""

import os
from collections.abc import Iterable
from pathlib import Path

from bench.doctor.diagnosis import Finding, Severity
from bench.doctor.essentials import missing
from bench.errors import CannotJudge
from bench.guest.bootsector import why_no_boot_sector
from bench.guest.initramfs import cached_initramfs
from bench.guest.probe import known_answer, why_not_kvm
from bench.guest.qemu import Accelerator
from bench.kernel.build import Kernel, cached_kernel
from bench.machine.facts import kvm_problem
from bench.machine.sysfs import field, read
from bench.model.device import DEVICES

_QEMU = "qemu-system-x86_64"
COUNT_INSTEAD = "bench run --clock icount  # counts instructions, which are no time"
# A job cannot log in again: with this rule everybody may open /dev/kvm.
OPEN_TO_ALL = (
    """echo 'KERNEL=="kvm", GROUP="kvm", MODE="0666", OPTIONS+="static_node=kvm"' |"""
    " sudo tee /etc/udev/rules.d/99-kvm.rules && sudo udevadm control --reload-rules &&"
    " sudo udevadm trigger --name-match=kvm"
)
_IN_A_GUEST = "in a virtual machine its host has to allow nested virtualization"


def examine_kvm(cache: bool = True, root: Path = Path("/")) -> Finding:
    """Judge KVM. ``cache`` tells whether there is one that can be read and written."""
    problem = kvm_problem()
    if problem:
        return Finding("kvm", Severity.PROBLEM, problem, way_to_open(problem, root))
    if missing({_QEMU: ""}):
        return Finding("kvm", Severity.INFO, f"/dev/kvm opens; that it works only {_QEMU} can tell")
    try:
        kernel = cached_kernel() if cache else None
        told = _told_by_kernel(kernel) if kernel else None
    except CannotJudge:
        told = None  # what is missing is said elsewhere
    return by_kernel(told) if told is not None else by_sector(why_no_boot_sector(Accelerator.KVM))


def way_to_open(problem: str, root: Path) -> str:
    """Return the command that lets this user open /dev/kvm, or what to do without."""
    if "Permission" in problem:
        return OPEN_TO_ALL if _is_runner() else 'sudo usermod -aG kvm "$USER"  # then log in again'
    flags = (field(read(root, "proc/cpuinfo"), "flags") or "").split()
    modules = {"vmx": "kvm_intel", "svm": "kvm_amd"}
    for flag, module in modules.items():
        if flag in flags:
            return f"sudo modprobe {module}  # the CPU can; else see dmesg, or the firmware"
    return f"{COUNT_INSTEAD}; the CPU shows no vmx or svm: {_IN_A_GUEST}"


def _is_runner() -> bool:
    """Tell whether this is a job of CI, of which GitHub, GitLab and others set CI=true."""
    return os.environ.get("CI", "").lower() in ("true", "1")


def _told_by_kernel(kernel: Kernel) -> str | None:
    """Say why a guest does not boot under KVM, "" when it does; None without an initramfs."""
    known = known_answer(kernel.image)
    if known is not None:
        return known
    for programs in _program_sets():
        initramfs = cached_initramfs(kernel, programs)
        if initramfs:
            return why_not_kvm(kernel.image, initramfs)
    return None


def _program_sets() -> Iterable[tuple[str, ...]]:
    """Return the programs of each initramfs that a run may have made."""
    return dict.fromkeys(((), *(device.programs for device in DEVICES.values())))


def by_kernel(problem: str) -> Finding:
    """Judge KVM by why a guest did not boot, "" when it did."""
    if problem:
        return Finding("kvm", Severity.PROBLEM, problem, COUNT_INSTEAD)
    return Finding("kvm", Severity.OK, "a guest boots with it")


def by_sector(problem: str) -> Finding:
    """Judge KVM by why a boot sector did not run, "" when it did."""
    if problem:
        text = f"/dev/kvm opens, but a boot sector does not run with it: {problem}"
        return Finding("kvm", Severity.PROBLEM, text, COUNT_INSTEAD)
    text = "a boot sector runs under KVM; the first bench run boots a kernel with it"
    return Finding("kvm", Severity.OK, text)
