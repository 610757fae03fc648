# SPDX-License-Identifier: GPL-2.0-only
"""Write the end of a report: where and how it was measured, and what to keep in mind."""

from bench.model.cell import Backing, Clock
from bench.model.units import number_of
from bench.results.writer import Run

# Of the interval of a change between two runs that have one boot each.
ONE_BOOT = "one boot a side: no interval between kernels, since nothing says how far boots differ"
ONE_STATE = "intervals are over reps of one boot a side: how far boots differ is not in them"


def environment(run: Run, intervals: bool) -> list[str]:
    """Return a line for each thing that a reader needs to place the figures, or to doubt them.

    ``intervals``: there are some among the figures.
    """
    return [f"{name + ':':<10}{value}" for name, value in environment_rows(run, intervals)]


def environment_rows(run: Run, intervals: bool = False) -> list[tuple[str, str]]:
    """Return the same as names and values; a name may stand there several times."""
    executor = run.facts.executor
    rows = [
        ("kernel", executor.kernel),
        ("executor", " ".join(filter(None, (executor.name, executor.accelerator)))),
        ("because", executor.reason),
        *(("device", device.described) for device in executor.devices or ()),
        ("vmm", _vmm(run)),
        ("machine", run.facts.machine.cpu),
        ("command", run.facts.command),
        *(("tuned", line) for line in run.facts.tuned),
        *(("note", note) for note in _notes(run)),
        ("interval", f"95 %, {intervals_cover(run)}" * intervals),
        *(("warning", line) for line in doubts(run)),
    ]
    return [(name, value) for name, value in rows if value]


def _vmm(run: Run) -> str:
    """Spell version and command line of the VMM whose start was measured, empty if none was."""
    executor = run.facts.executor
    return f"{executor.qemu}: {executor.vmm}" if executor.vmm else ""


def intervals_cover(run: Run) -> str:
    """Say over what the 95 % intervals of a run are taken, and what is not in them."""
    sessions = run.facts.sessions
    boots = [len({*each.boot[each.ok].tolist()}) for each in run.by_cell.values()]
    if max(boots, default=0) > 1:
        return (
            f"over the medians of up to {max(boots)} boots in {number_of(len(sessions), 'session')}"
        )
    if run.facts.executor.name == "host":
        return "over reps of one session: how far another day is from it is not in them"
    over = "from one saved state" if sessions and sessions[-1].state else "of one boot"
    return f"over reps {over}: how far boots differ is not in them (bench run --boots 10)"


def no_result(run: Run) -> list[str]:
    """Return the line above all figures of a run whose figures mean nothing; else no line."""
    why = run.facts.executor.no_result
    return [f"NO RESULT: {why}"] if why else []


def doubts(run: Run) -> tuple[str, ...]:
    """Return what makes the run's times doubtful; nothing of it changes a count."""
    return run.facts.machine.untrustworthy if run.clock is Clock.WALL else ()


def _notes(run: Run) -> list[str]:
    notes = [run.facts.executor.note]
    if run.facts.asked.broken:
        notes.append(f"--break {run.facts.asked.broken}: the sequence is wrong on purpose")
    if any(cell.device.startswith("sim-") for cell in run.cells):
        notes.append(
            "simulated devices have no firmware and no IOMMU: what those cost is in no figure"
        )
    if any(cell.backing is Backing.ALIAS for cell in run.cells):
        notes.append("alias: as many pages are pinned as mem has, fewer of them are distinct")
    return notes
