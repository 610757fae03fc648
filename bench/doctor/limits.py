# SPDX-License-Identifier: GPL-2.0-only
"""Judge what limits this process: what each limit stops, and how it is lifted. Pure."""

from collections.abc import Callable, Iterator

from bench.doctor.diagnosis import Finding, Severity
from bench.machine.limits import ProcessLimits, is_hidden
from bench.model.units import GIB, MIB, format_size

_SMALLEST = 16 * MIB  # of guest memory that is worth a figure
_FILES, _TASKS, _STACK = 256, 64, MIB  # less than this stops QEMU or the helper
_SECONDS = 3600  # of CPU: a run of some minutes on two CPUs has room
_MAPS = 1024  # mappings: alias memory of 1 TiB in pieces of 1 GiB
_SPACE = 8 * GIB  # of addresses: Python, QEMU and a guest of 2 GiB


def examine_limits(found: ProcessLimits) -> tuple[Finding, ...]:
    """Return a finding for each limit that can stop a run; one that all is well without any."""
    findings = [*_of_rlimits(found), *_of_cgroups(found), *_of_the_kernel(found)]
    if not findings:
        return (Finding("limits", Severity.OK, "no limit of the process can stop a run"),)
    return tuple(findings)


def _of_rlimits(found: ProcessLimits) -> Iterator[Finding]:
    rows: dict[str, tuple[Callable[[int], bool], Callable[[int], bool], str, str]] = {
        "fsize": (
            lambda n: n < _SMALLEST,
            lambda _: True,
            "file size limit of {size}: guest memory is a file (EFBIG), and so is a saved guest",
            "ulimit -f unlimited",
        ),
        "as": (
            lambda n: n < GIB,
            lambda n: n < _SPACE,
            "{size} of addresses: QEMU, the helper and Python map more than that (ENOMEM)",
            "ulimit -v unlimited",
        ),
        "data": (
            lambda n: n < GIB // 4,
            lambda n: n < _SPACE,
            "{size} of private memory: QEMU and Python need more (ENOMEM)",
            "ulimit -d unlimited",
        ),
        "nofile": (
            lambda n: n < 32,
            lambda n: n < _FILES,
            "{n} open files: a run with several guests needs more (EMFILE)",
            "ulimit -n 1024",
        ),
        "nproc": (
            lambda n: n < 8,
            lambda n: n < _TASKS,
            "{n} processes and threads of this user, others' included (EAGAIN)",
            "ulimit -u unlimited",
        ),
        "stack": (
            lambda n: n < 64 * 1024,
            lambda n: n < _STACK,
            "{size} of stack: programs end with SIGSEGV, or do not start",
            "ulimit -s 8192",
        ),
        "cpu": (
            lambda n: n < 10,
            lambda n: n < _SECONDS,
            "{n} s of CPU time, then the kernel ends the process (SIGXCPU)",
            "ulimit -t unlimited",
        ),
    }
    for name, (stops, doubtful, text, fix) in rows.items():
        value = found.rlimits.get(name)
        if value is None or not (stops(value) or doubtful(value)):
            continue
        state = Severity.PROBLEM if stops(value) else Severity.WARNING
        hard = found.hard.get(name)
        if hard is not None and (stops(hard) or doubtful(hard)):
            fix = f"sudo prlimit --pid $$ --{name}=unlimited  # the hard limit too"
        yield Finding(f"rlimit {name}", state, text.format(n=value, size=format_size(value)), fix)


def _of_cgroups(found: ProcessLimits) -> Iterator[Finding]:
    if found.tasks is not None and found.tasks < _TASKS:
        state = Severity.PROBLEM if found.tasks < 8 else Severity.WARNING
        text = f"{found.tasks} more processes and threads are allowed (EAGAIN)"
        yield Finding("cgroup pids", state, text, "systemctl set-property UNIT TasksMax=infinity")
    for size, left in found.hugetlb.items():
        text = f"{format_size(left)} of pages of {format_size(size)} are left: beyond it, SIGBUS"
        fix = "docker run ... outside, or raise hugetlb.*.max of the cgroup"
        yield Finding("cgroup hugetlb", Severity.WARNING, text, f"# {fix}")


def _of_the_kernel(found: ProcessLimits) -> Iterator[Finding]:
    if found.memfd_noexec == 2:
        text = "vm.memfd_noexec is 2: memfds that may be executed are refused (EACCES)"
        yield Finding("memfd", Severity.INFO, f"{text}; bench takes the other kind")
    maps = found.max_map_count
    if maps is not None and maps < _MAPS:
        text = f"vm.max_map_count is {maps}: alias memory takes a mapping for each piece (ENOMEM)"
        yield Finding("mappings", Severity.WARNING, text, "sudo sysctl vm.max_map_count=65530")
    if found.thp_disabled:
        text = "prctl(PR_SET_THP_DISABLE) is on here: there are no huge pages on the host"
        fix = "start bench from another service or shell: it is inherited"
        yield Finding("thp of process", Severity.WARNING, text, f"# {fix}")
    if found.no_new_privs:
        text = "no_new_privs is set: sudo and file capabilities do nothing here"
        yield Finding("privileges", Severity.INFO, text, "# start bench as the user that it needs")
    if found.seccomp:
        text = "a seccomp filter is on: what it refuses is said where it strikes"
        yield Finding("seccomp", Severity.INFO, text)
    if found.user_namespace:
        text = "a user namespace: root here is not root of the machine, and limits are its"
        yield Finding("user namespace", Severity.INFO, text, "# start bench outside of it")
    if is_hidden(found.hidden, "/proc/self/status"):
        text = "/proc does not show this process: bench could not end what it starts"
        yield Finding("/proc", Severity.PROBLEM, text, "sudo mount -t proc proc /proc")
    if found.hidden:
        text = f"not known, for a file is hidden: {', '.join(found.hidden)}"
        fix = "ProcSubset=all, ProtectProc=default and PrivateMounts=no of a service; mount sysfs"
        yield Finding("/proc and /sys", Severity.WARNING, text, f"# {fix}")
