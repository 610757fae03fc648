# SPDX-License-Identifier: GPL-2.0-only
"""Profiles of methods as they go through memory, and runs that have some."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bench.model.cell import Cell, Clock
from bench.profile.profile import AFTER_PAUSE, SETTLE, Profile
from bench.results.writer import Run
from tests.unit.profiles import profile, store
from tests.unit.runs import NEW, RESET, STEP, pages_of, write_run

Folded = Mapping[str, Mapping[str, int]]  # own instructions by path, of each span


def profile_of_lines(
    cell: Cell, spans: Folded, ticks: Mapping[str, int] | None = None, notes: tuple[str, ...] = ()
) -> Profile:
    """Make a profile; ``ticks`` are by the clock, of spans that miss it."""
    made = profile(spans, cell, notes=notes)
    missed = {name: replace(made.spans[name], ticks=each) for name, each in (ticks or {}).items()}
    return replace(made, spans={**made.spans, **missed})


def with_profiles(run: Run, *profiles: Profile) -> Run:
    """Give profiles to a run that has no files."""
    vars(run)["_profiles"] = ({each.cell: each for each in profiles}, ())
    return run


ENTRY = "entry_SYSCALL_64;do_syscall_64;__x64_sys_ioctl;vhost_vdpa_unlocked_ioctl [vhost_vdpa]"
UNMAP = f"{ENTRY};vhost_vdpa_pa_unmap [vhost_vdpa]"
MAP = f"{ENTRY};vhost_vdpa_process_iotlb_msg [vhost_vdpa];vhost_vdpa_map [vhost_vdpa]"
EXEC = "entry_SYSCALL_64;do_syscall_64;__x64_sys_execve;bprm_execve"


def reset_lines(pages: int, more: int = 0) -> Folded:
    """What reset-owner does with so many pages, ``more`` a page in put_page_testzero."""
    return {
        "suspend": {f"{ENTRY};vdpasim_suspend [vdpa_sim]": 300},
        "release": {
            UNMAP: 17 * pages,
            f"{UNMAP};unpin_user_page": 60 * pages,
            f"{UNMAP};unpin_user_page;put_page_testzero": (7 + more) * pages,
            f"{UNMAP};set_page_dirty_lock": 44 * pages,
            f"{UNMAP};set_page_dirty_lock;folio_mark_dirty": 13 * pages,
            f"{UNMAP};folio_mapping": 5 * pages,
            f"{UNMAP};vhost_iotlb_del_range [vhost_iotlb]": 2 * pages,
        },
        "exec": {EXEC: 200_000, f"{EXEC};exec_mmap": 150_000, f"{EXEC};exec_mmap;mmput": 420_000},
        "map": {
            f"{MAP};pin_user_pages;gup_fast": 52 * pages,
            f"{MAP};pin_user_pages": 11 * pages,
            f"{MAP};iommu_map": 9 * pages,
        },
        "settle": {EXEC: 1000},
        "after-pause": {"asm_exc_page_fault;exc_page_fault": 90 * pages},
    }


def new_lines(pages: int, more: int = 0) -> Folded:
    """What new-owner does with so many pages."""
    del pages
    return {
        "suspend": {f"{ENTRY};vdpasim_suspend [vdpa_sim]": 300},
        "exec": {EXEC: 200_000, f"{EXEC};exec_mmap": 150_000, f"{EXEC};exec_mmap;mmput": 420_000},
        "claim": {f"{ENTRY};vhost_vdpa_new_owner [vhost_vdpa]": 5100 + more},
        "settle": {EXEC: 1000},
    }


def pause_of(lines: Folded) -> int:
    """Sum what is of the pause."""
    return sum(
        sum(spent.values()) for name, spent in lines.items() if name not in (SETTLE, AFTER_PAUSE)
    )


def profiled_run(path: Path, more: int = 0, clock: Clock = Clock.ICOUNT, boots: int = 1) -> Path:
    """A stored run of RESET and NEW with profiles; ``more`` is that of `reset_lines`."""
    lines = {RESET: reset_lines(pages_of(RESET), more), NEW: new_lines(pages_of(NEW))}
    values = {
        cell: {
            boot: [pause_of(each) + boot + STEP * rep for rep in range(5)]
            for boot in range(1, boots + 1)
        }
        for cell, each in lines.items()
    }
    write_run(path, values, clock)
    return store(path, *(profile_of_lines(cell, each) for cell, each in lines.items()))
