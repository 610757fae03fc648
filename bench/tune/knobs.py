# SPDX-License-Identifier: GPL-2.0-only
"""--tune: make wall time steadier for one run. All of it is undone: see `bench.cleanup.journal`."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.cleanup.journal import Journal
from bench.cleanup.undo import read_value, write_value
from bench.errors import CannotJudge
from bench.model.units import KIB, format_size
from bench.tune.cpus import choose_cpus, online_cpus, pin

_CPU = "sys/devices/system/cpu"
_SHMEM = "sys/kernel/mm/transparent_hugepage/shmem_enabled"
_COMPACT = "proc/sys/vm/compact_memory"


@dataclass(frozen=True)
class Wishes:
    """What a run wants of the machine.

    ``hugepages``: free pages wanted for each page size in bytes. ``cpus``: those to run on,
    None for what suits (see `choose_cpus`), none at all to leave that as it is.
    """

    hugepages: Mapping[int, int]
    shmem_thp: bool
    performance: bool
    cpus: tuple[int, ...] | None


def wishes(hugepages: Mapping[int, int], cpus: tuple[int, ...] | None = None) -> Wishes:
    """All that --tune does, with these pools."""
    wanted = {size: count for size, count in hugepages.items() if count}
    return Wishes(wanted, shmem_thp=True, performance=True, cpus=cpus)


@dataclass(frozen=True)
class Knob:
    """A setting that exists here and is not yet as wished."""

    what: str
    path: Path
    value: str


@dataclass(frozen=True)
class Pool:
    """Free huge pages that are to be there."""

    size: int  # bytes of one page
    count: int
    directory: Path

    @property
    def setting(self) -> Path:
        return self.directory / "nr_hugepages"

    @property
    def free(self) -> int:
        """Pages that nobody has, or has been promised: hugetlbpage.rst, HugePages_Rsvd."""
        free, promised = (
            int(read_value(self.directory / name)) for name in ("free_hugepages", "resv_hugepages")
        )
        return free - promised

    @property
    def missing(self) -> int:
        return max(self.count - self.free, 0)

    @property
    def name(self) -> str:
        return f"pool of {format_size(self.size)} pages"


def tune(journal: Journal, wished: Wishes, root: Path = Path("/")) -> list[str]:
    """Change what differs from the wishes; a line for each change, and for what is not there.

    CannotJudge, before anything is changed, names what cannot be written.
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
    except ValueError as error:  # a number of the kernel's that is none
        raise CannotJudge(f"--tune: {error}") from None


def _plan(wished: Wishes, root: Path) -> tuple[list[Knob], list[str]]:
    """What is to be changed, and a line for each thing that this machine does not have."""
    found: list[Knob] = []
    lines: list[str] = []
    for wanted, what, knobs in (
        (wished.performance, "cpufreq governor", _governors(root)),
        (wished.performance, "turbo", _turbo(root)),
        (wished.shmem_thp, "shmem THP", _shmem(root)),
    ):
        present = [knob for knob in knobs if knob.path.exists()]
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
    """Off: how far a CPU goes above its base clock depends on its neighbours and on heat."""
    intel = root / _CPU / "intel_pstate/no_turbo"
    if intel.exists():
        yield Knob("intel_pstate no_turbo", intel, "1")
    else:
        yield Knob("cpufreq boost", root / _CPU / "cpufreq/boost", "0")


def _shmem(root: Path) -> Iterator[Knob]:
    """advise lets the helper decide for each memfd, by madvise: transhuge.rst.

    never and deny give no huge page to whoever asks. Under force MADV_NOHUGEPAGE does not
    count, so that 4k cells would get huge pages; always and within_size heed it, but give
    them to every other program's files meanwhile.
    """
    yield Knob("shmem THP", root / _SHMEM, "advise")


def _pools(wished: Wishes, root: Path) -> tuple[list[Pool], list[str]]:
    """Pools with too few free pages, and a line for each that this kernel has not got."""
    pools, lines = [], []
    for size, count in sorted(wished.hugepages.items()):
        directory = root / f"sys/kernel/mm/hugepages/hugepages-{size // KIB}kB"
        pool = Pool(size, count, directory)
        if not directory.exists():
            lines.append(f"{pool.name}: this machine has none")
        elif pool.missing:
            pools.append(pool)
    return pools, lines


def _require_writable(paths: Iterable[Path]) -> None:
    """CannotJudge with all of the files, so that one call tells everything."""
    # effective_ids: what the write itself will be judged by.
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
    """Raise the pool by what is missing; with compaction only where that falls short.

    Compaction is no setting: there is nothing to put back. It moves pages that are in use
    together, which no process notices, and takes seconds on a large machine; to fill a
    pool the kernel compacts by itself first, if less thoroughly (mm/hugetlb.c).
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
    """Those to run on; CannotJudge when one of them does not exist."""
    if wished.cpus is None:
        return choose_cpus(root)
    absent = {*wished.cpus} - online_cpus(root)
    if absent:
        raise CannotJudge(f"--tune: CPU {min(absent)} is not online", "see lscpu")
    return wished.cpus
