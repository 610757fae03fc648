# SPDX-License-Identifier: GPL-2.0-only
"""Examine what the guest executor needs: programs, a kernel, memory, KVM."""

from pathlib import Path

from bench.doctor.diagnosis import Finding, Severity, Way, first_problem
from bench.doctor.essentials import examine_saved, examine_space, install, missing
from bench.doctor.kvm import examine_kvm
from bench.errors import CannotJudge
from bench.executors.guest_setup import HOST_PROGRAMS, why_not_here
from bench.guest.probe import qemu_version
from bench.kernel import build, packages
from bench.kernel.build import cached_kernel
from bench.kernel.config import load_config
from bench.kernel.packages import cached_packages, resolve
from bench.machine.facts import available_memory
from bench.model.device import DEVICES
from bench.model.facts import MachineFacts
from bench.model.units import GIB

_LEAST = GIB  # bytes: half for the smallest guest, half for this machine
ARCH = "x86_64"  # of the kernel packages; the guest also gets programs of this machine


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
    kernel = (examine_space(), _kernel(), examine_saved()) if has_cache else ()
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
    absent = missing(HOST_PROGRAMS)
    if absent:
        text = f"not installed: {', '.join(absent)} (packages are named as in Debian)"
        return Finding("guest", Severity.PROBLEM, text, install(absent))
    try:
        return Finding("guest", Severity.OK, qemu_version())
    except CannotJudge as error:  # it is there and does not run
        return Finding("guest", Severity.PROBLEM, error.message, _REINSTALL)


_REINSTALL = "sudo apt-get install --reinstall qemu-system-x86"


def _devices() -> tuple[Finding, ...]:
    """Warn of devices that lack a program of their own."""
    wanted = [device for device in DEVICES.values() if device.programs]
    lacking = {d.name: why for d in wanted if (why := why_not_here(d))}
    if not lacking or missing(HOST_PROGRAMS):
        return ()
    text = "; ".join(f"{name}: {why}" for name, why in lacking.items())
    return (Finding("guest devices", Severity.WARNING, text, "make setup"),)


def _kernel() -> Finding:
    """Judge whether the kernel is built, or can be."""
    kernel = cached_kernel()
    if kernel:
        return Finding("guest kernel", Severity.OK, f"{kernel.name} is built")
    fetched = bool(cached_packages(load_config()))
    absent = missing(build.PROGRAMS if fetched else {**packages.PROGRAMS, **build.PROGRAMS})
    if absent:
        text = f"not installed, and the kernel is built with it: {', '.join(absent)}"
        return Finding("guest kernel", Severity.PROBLEM, text, install(absent))
    return _to_build(fetched)


def _to_build(fetched: bool) -> Finding:
    if fetched:
        text = "the first run builds it, in about a minute"
        return Finding("guest kernel", Severity.INFO, text, "bench kernel")
    try:
        release, _ = resolve(load_config())
    except CannotJudge as error:
        return Finding("guest kernel", Severity.PROBLEM, error.message, "sudo apt-get update")
    text = f"the first run downloads {release} and builds its modules: minutes, and the network"
    return Finding("guest kernel", Severity.INFO, text, "bench kernel")


def _memory(machine: MachineFacts) -> Finding:
    free, limit = available_memory(), machine.cgroup_memory
    allowed = f", the cgroup allows {limit / GIB:.1f}" if limit else ""
    text = f"{free / GIB:.1f} GiB are free{allowed}; a guest takes its largest cell's --mem"
    if free >= _LEAST:
        return Finding("memory", Severity.OK, text)
    fix = "ps -eo rss,pid,comm --sort=-rss | head  # who has it"
    return Finding("memory", Severity.PROBLEM, f"{text}, and 1 GiB at least", fix)
