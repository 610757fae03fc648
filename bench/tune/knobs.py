# SPDX-License-Identifier: GPL-2.0-only
"""Make wall time steadier for one run (--tune); `bench.cleanup.journal` undoes all of it."""

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.cleanup.journal import Journal
from bench.cleanup.undo import read_value, write_value
from bench.errors import CannotJudge
from bench.machine.facts import boost_files
from bench.machine.sysfs import cpu_list, read
from bench.model.refusals import what_helps
from bench.model.units import KIB, format_size

_CPU = "sys/devices/system/cpu"
_SHMEM = "sys/kernel/mm/transparent_hugepage/shmem_enabled"
_COMPACT = "proc/sys/vm/compact_memory"


@dataclass(frozen=True)
class Wishes:
    """Say what a run wants of the machine: all that --tune does, but for what is left out.

    ``hugepages`` maps page sizes in bytes to how many free pages there should be. ``shmem_thp``:
    let the helper choose huge pages for its memory files. ``performance``: cpufreq governor
    performance, no turbo. ``cpus``: those to run on; None to choose (see `choose_cpus`), an
    empty tuple to leave them as they are.
    """

    hugepages: Mapping[int, int]
    shmem_thp: bool = True
    performance: bool = True
    cpus: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Knob:
    """Describe a setting: what it is called, its file, the value that is wished."""

    what: str
    path: Path
    value: str


@dataclass(frozen=True)
class Pool:
    """Describe a pool of huge pages, and how many free ones are wished."""

    size: int  # bytes of one page
    count: int
    directory: Path

    @property
    def setting(self) -> Path:
        """Return the file that has the size of the pool, in pages."""
        return self.directory / "nr_hugepages"

    @property
    def free(self) -> int:
        """Count the pages that are neither used nor reserved: hugetlbpage.rst, HugePages_Rsvd."""
        free, promised = (
            int(read_value(self.directory / name)) for name in ("free_hugepages", "resv_hugepages")
        )
        return free - promised

    @property
    def missing(self) -> int:
        """Count the free pages that are still to be added."""
        return max(self.count - self.free, 0)

    @property
    def name(self) -> str:
        return f"pool of {format_size(self.size)} pages"


def tune(journal: Journal, wished: Wishes, root: Path = Path("/")) -> list[str]:
    """Change what differs from the wishes; return a line for each change, and each thing absent.

    CannotJudge names all files that cannot be written, before anything is changed, and a
    setting that the kernel refuses.
    """
    try:
        knobs, lines = _plan(wished, root)
        pools, absent = _pools(wished, root)
        cpus = _cpus(wished, root)
        _require_writable([*(knob.path for knob in knobs), *(p.setting for p in pools)])
        lines += _turn(journal, knobs)
        for pool in pools:
            lines += _fill(journal, pool, root)
        return [*lines, *absent, *pin(journal, cpus)]
    except OSError as error:
        raise CannotJudge(f"--tune: {error.filename or 'a setting'}: {error.strerror}") from None
    except ValueError as error:  # a file that should have a number
        raise CannotJudge(f"--tune: {error}") from None


def _plan(wished: Wishes, root: Path) -> tuple[list[Knob], list[str]]:
    """Return settings that differ, and a line for each thing that this machine does not have."""
    found: list[Knob] = []
    lines: list[str] = []
    for wanted, what, knobs in (
        (wished.performance, "cpufreq governor", _governors(root)),
        (wished.performance, "turbo", _turbo(root)),
        (wished.shmem_thp, "shmem THP", _shmem(root)),
    ):
        # A file that shows no value has none to put back: the driver does not support it.
        present = [knob for knob in knobs if read(root, str(knob.path.relative_to(root)))]
        if wanted and not present:
            lines.append(f"{what}: cannot be set on this machine")
        if wanted:
            found += [knob for knob in present if read_value(knob.path) != knob.value]
    return found, lines


def _governors(root: Path) -> Iterator[Knob]:
    for policy in sorted((root / _CPU / "cpufreq").glob("policy*")):
        available = policy / "scaling_available_governors"
        if available.exists() and "performance" in available.read_text().split():
            yield Knob("cpufreq governor", policy / "scaling_governor", "performance")


def _turbo(root: Path) -> Iterator[Knob]:
    """Yield turbo, to be off: how far above its base clock a CPU goes depends on heat."""
    intel, common = f"{_CPU}/intel_pstate/no_turbo", f"{_CPU}/cpufreq/boost"
    if read(root, intel):
        yield Knob("intel_pstate no_turbo", root / intel, "1")
    elif read(root, common):
        yield Knob("cpufreq boost", root / common, "0")
    else:
        for path in boost_files(root):
            yield Knob("cpufreq boost", root / path, "0")


def _shmem(root: Path) -> Iterator[Knob]:
    """Yield shmem THP, to be advise, so that the helper's madvise() decides: transhuge.rst.

    With never and deny it would get no huge pages; with force 4k cells would get some, as
    MADV_NOHUGEPAGE is ignored. always and within_size would do, but would give huge pages to
    the files of every other program too.
    """
    yield Knob("shmem THP", root / _SHMEM, "advise")


def _pools(wished: Wishes, root: Path) -> tuple[list[Pool], list[str]]:
    """Return pools with too few free pages, and a line for each page size that is not there."""
    pools, lines = [], []
    for size, count in sorted(wished.hugepages.items()):
        directory = root / f"sys/kernel/mm/hugepages/hugepages-{size // KIB}kB"
        pool = Pool(size, count, directory)
        if not count:
            continue
        if not directory.exists():
            lines.append(f"{pool.name}: this machine has none")
        elif pool.missing:
            pools.append(pool)
    return pools, lines


def _require_writable(paths: Iterable[Path]) -> None:
    """Raise CannotJudge with all files that cannot be written, by the effective user id."""
    denied = [str(path) for path in paths if not os.access(path, os.W_OK, effective_ids=True)]
    if denied:
        hint = "is /sys mounted read-only, as in a container?" if os.geteuid() == 0 else "use sudo"
        raise CannotJudge(f"--tune cannot write {', '.join(denied)}", hint)


def _turn(journal: Journal, knobs: Iterable[Knob]) -> list[str]:
    changes: dict[str, int] = {}
    for knob in knobs:
        before = read_value(knob.path)
        now = journal.write_setting(knob.path, knob.value)
        line = f"{knob.what}: {before} -> {now}"
        if now != knob.value:
            line += f" ({knob.value} was asked for)"
        changes[line] = changes.get(line, 0) + 1
    return [f"{line} ({count} times)" if count > 1 else line for line, count in changes.items()]


def _fill(journal: Journal, pool: Pool, root: Path) -> list[str]:
    """Grow the pool by what is missing; compact memory and try again where that falls short.

    Compaction moves used pages together and leaves no setting to restore. It takes seconds on
    a large machine, and is seldom needed: the kernel compacts a little itself to fill a pool
    (mm/hugetlb.c).
    """
    before = read_value(pool.setting)
    now = _raise(journal, pool)
    if pool.missing:
        compact = root / _COMPACT
        if os.access(compact, os.W_OK, effective_ids=True):
            write_value(compact, "1")
            now = _raise(journal, pool)
    line = f"{pool.name}: {before} -> {now}"
    if pool.missing:
        line += f", {pool.free} of {pool.count} wanted are free: memory is short or fragmented"
    return [line]


def _raise(journal: Journal, pool: Pool) -> str:
    return journal.write_setting(pool.setting, str(int(read_value(pool.setting)) + pool.missing))


def _cpus(wished: Wishes, root: Path) -> tuple[int, ...]:
    """Return the CPUs to run on. CannotJudge when one that was asked for is not online."""
    if wished.cpus is None:
        return choose_cpus(root)
    absent = {*wished.cpus} - online_cpus(root)
    if absent:
        raise CannotJudge(f"--tune: CPU {min(absent)} is not online", "see lscpu")
    return wished.cpus


def choose_cpus(root: Path = Path("/"), count: int = 1) -> tuple[int, ...]:
    """Return the CPUs that the kernel keeps free (isolcpus=), or else the last ``count``.

    Isolated ones that a cpuset does not have are none of them.

    CPU 0 is never among the latter, as most interrupts go to it, and one CPU is left to the
    rest of the machine. Empty where that leaves fewer than ``count``: threads that share a
    CPU would not pin at the same time. On isolated CPUs, which the kernel does not balance,
    the helper spreads its threads itself.
    """
    online = online_cpus(root)
    isolated = _permitted(online & {*cpu_list(read(root, f"{_CPU}/isolated"))})
    if isolated:
        return tuple(sorted(isolated)) if len(isolated) >= count else ()
    own = sorted((online & os.sched_getaffinity(0)) - {0})
    if len(own) == len(online):
        own = own[1:]
    return tuple(own[-count:]) if len(own) >= count else ()


def _permitted(cpus: set[int]) -> set[int]:
    """Keep the CPUs that this thread may run on, tried one by one; it stays where it was.

    Its affinity does not tell: at first isolated CPUs are never in it. sched_setaffinity(2)
    refuses those outside of the cpuset.
    """
    before, found = os.sched_getaffinity(0), set()
    try:
        for cpu in cpus:
            with suppress(OSError):
                os.sched_setaffinity(0, {cpu})
                found.add(cpu)
    finally:
        with suppress(OSError):  # a filter refuses all alike
            os.sched_setaffinity(0, before)
    return found


def online_cpus(root: Path = Path("/")) -> set[int]:
    """Return the numbers of the CPUs that are online; of those allowed where /sys is hidden."""
    return {*cpu_list(read(root, f"{_CPU}/online"))} or os.sched_getaffinity(0)


def pin(journal: Journal, cpus: tuple[int, ...]) -> list[str]:
    """Run this thread, and what it starts from now on, on ``cpus``; return lines about it.

    The journal puts this thread back. CannotJudge if the kernel allows none of them.
    """
    before = os.sched_getaffinity(0)
    if not cpus:
        return ["CPUs: as before"]
    if before == {*cpus}:
        return []
    try:
        os.sched_setaffinity(0, cpus)
    except OSError as error:
        why = f"--tune: cannot run on CPUs {_listed(cpus)}: {error.strerror}"
        raise CannotJudge(why, _fix_of_pin(error)) from None
    journal.at_end(lambda: os.sched_setaffinity(0, before))
    return [f"CPUs: {_listed(before)} -> {_listed(cpus)}"]


def _fix_of_pin(error: OSError) -> str:
    if error.errno == errno.EINVAL:
        return "the cpuset of this process has others: bench doctor"
    return what_helps(error.errno, "taskset -c chooses others")


def _listed(cpus: Iterable[int]) -> str:
    return ",".join(map(str, sorted(cpus)))
