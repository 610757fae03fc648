# SPDX-License-Identifier: GPL-2.0-only
"""Examine what the guest executor needs: programs, a kernel, memory, and a KVM that works."""

import os
from pathlib import Path

from bench.doctor.diagnosis import Finding, Severity, Way, first_problem
from bench.doctor.essentials import examine_saved, examine_space, install
from bench.doctor.kernel import examine_kernel
from bench.errors import CannotJudge
from bench.executors.guest_setup import HOST_PROGRAMS, why_not_here
from bench.guest.bootsector import why_no_boot_sector
from bench.guest.initramfs import cached_initramfs
from bench.guest.probe import known_answer, qemu_version, why_not_kvm
from bench.guest.qemu import Accelerator
from bench.kernel.kernel import Kernel
from bench.kernel.modules import cached_kernel
from bench.machine.facts import available_memory, kvm_problem
from bench.machine.sysfs import field, read
from bench.model.device import DEVICES
from bench.model.facts import MachineFacts
from bench.model.refusals import limit_in
from bench.model.units import GIB
from bench.paths import SET_UP
from bench.process import missing_tools

_LEAST = GIB  # bytes: half for the smallest guest, half for this machine
ARCH = "x86_64"  # of the kernel packages; the guest also gets programs of this machine
_QEMU = "qemu-system-x86_64"
# A job cannot log in again: with this rule everybody may open /dev/kvm.
OPEN_TO_ALL = (
    """echo 'KERNEL=="kvm", GROUP="kvm", MODE="0666", OPTIONS+="static_node=kvm"' |"""
    " sudo tee /etc/udev/rules.d/99-kvm.rules && sudo udevadm control --reload-rules &&"
    " sudo udevadm trigger --name-match=kvm"
)
COUNT_INSTEAD = "bench run --clock icount  # counts instructions, which are no time"
_IN_A_GUEST = "in a virtual machine its host has to allow nested virtualization"


def examine_guest(
    machine: MachineFacts, cache: Finding, helper: Finding, root: Path = Path("/")
) -> tuple[tuple[Finding, ...], tuple[Way, ...]]:
    """Return findings about a guest, and whether one can measure with each clock.

    ``cache`` and ``helper`` are findings that all executors depend on.
    """
    if machine.arch != ARCH:
        text = f"the guest is an {ARCH} one and takes programs of this {machine.arch} machine"
        finding = Finding("guest", Severity.PROBLEM, text, "bench run pin --executor host")
        return (finding,), _ways(text, text)
    has_cache = cache.state is not Severity.PROBLEM
    kernel = (examine_space(), *examine_kernel(), examine_saved()) if has_cache else ()
    findings = (_programs(), *_devices(), *kernel, _memory(machine))
    kvm = examine_kvm(has_cache, root)
    problem = first_problem((cache, helper, *findings))
    return (*findings, kvm), _ways(problem, problem or first_problem((kvm,)))


def _ways(no_icount: str, no_wall: str) -> tuple[Way, ...]:
    return (
        Way("guest, clock icount", not no_icount, no_icount or "instructions, counted by QEMU"),
        Way("guest, clock wall", not no_wall, no_wall or "time, under KVM"),
    )


def _programs() -> Finding:
    absent = missing_tools(HOST_PROGRAMS)
    if absent:
        text = f"not installed: {', '.join(absent)} (packages are named as in Debian)"
        return Finding("guest", Severity.PROBLEM, text, install(absent))
    try:
        return Finding("guest", Severity.OK, qemu_version())
    except CannotJudge as error:  # it is there and does not run
        return Finding("guest", Severity.PROBLEM, error.message, _fix(error))


def _fix(error: CannotJudge) -> str:
    limit = limit_in(error.message)[1]
    return f"# {limit}" if limit else _REINSTALL


_REINSTALL = "sudo apt-get install --reinstall qemu-system-x86"


def _devices() -> tuple[Finding, ...]:
    """Warn of devices that lack a program of their own."""
    wanted = [device for device in DEVICES.values() if device.programs]
    lacking = {d.name: why for d in wanted if (why := why_not_here(d))}
    if not lacking or missing_tools(HOST_PROGRAMS):
        return ()
    text = "; ".join(f"{name}: {why}" for name, why in lacking.items())
    return (Finding("guest devices", Severity.WARNING, text, SET_UP),)


def _memory(machine: MachineFacts) -> Finding:
    free, limit = available_memory(), machine.cgroup_memory
    allowed = f", the cgroup allows {limit / GIB:.1f}" if limit else ""
    text = f"{free / GIB:.1f} GiB are free{allowed}; a guest takes its largest cell's --mem"
    if free >= _LEAST:
        return Finding("memory", Severity.OK, text)
    fix = "ps -eo rss,pid,comm --sort=-rss | head  # who has it"
    return Finding("memory", Severity.PROBLEM, f"{text}, and 1 GiB at least", fix)


def examine_kvm(cache: bool = True, root: Path = Path("/")) -> Finding:
    """Judge KVM. ``cache`` tells whether there is one that can be read and written."""
    problem = kvm_problem()
    if problem:
        return Finding("kvm", Severity.PROBLEM, problem, way_to_open(problem, root))
    if missing_tools({_QEMU: ""}):
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
    # The programs of each initramfs that a run may have made.
    for programs in dict.fromkeys(((), *(device.programs for device in DEVICES.values()))):
        initramfs = cached_initramfs(kernel, programs)
        if initramfs:
            return why_not_kvm(kernel.image, initramfs)
    return None


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
