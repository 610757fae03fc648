# SPDX-License-Identifier: GPL-2.0-only
"""The end of a report: where and how it was measured, and what to keep in mind."""

from bench.model.cell import Backing, Clock
from bench.results.writer import Run


def environment(run: Run) -> list[str]:
    """A line for each thing that a reader needs to place the figures, or to doubt them."""
    return [f"{name + ':':<10}{value}" for name, value in environment_rows(run)]


def environment_rows(run: Run) -> list[tuple[str, str]]:
    """The same as names and values; a name may stand there several times."""
    executor, machine = run.facts.get("executor", {}), run.facts.get("machine", {})
    names = [str(executor[key]) for key in ("name", "accelerator") if executor.get(key)]
    rows = [
        ("kernel", executor.get("kernel")),
        ("executor", " ".join(names)),
        ("because", executor.get("reason")),
        *(("device", line) for line in _devices(executor.get("devices"))),
        ("machine", machine.get("cpu")),
        ("command", run.facts.get("command")),
        *(("tuned", line) for line in _lines(run.facts.get("tuned"))),
        *(("note", note) for note in _notes(run, executor.get("note"))),
        *(("warning", line) for line in _doubts(run)),
    ]
    return [(name, str(value)) for name, value in rows if value]


def _devices(found: object) -> list[str]:
    """Of this machine: a name alone says nothing of what drives it."""
    devices = (
        [device for device in found if isinstance(device, dict)] if isinstance(found, list) else []
    )
    return [f"{d.get('path')} is {d.get('name')}, driven by {d.get('driver')}" for d in devices]


def _doubts(run: Run) -> list[str]:
    """What makes wall time untrustworthy; a count of instructions heeds none of it."""
    machine = run.facts.get("machine", {})
    return _lines(machine.get("untrustworthy")) if run.clock is Clock.WALL else []


def _lines(found: object) -> list[str]:
    return [str(line) for line in found] if isinstance(found, list) else []


def _notes(run: Run, executor_note: str | None) -> list[str]:
    notes = [executor_note] if executor_note else []
    broken = run.facts.get("scenario", {}).get("broken")
    if broken:
        notes.append(f"--break {broken}: the sequence is wrong on purpose")
    if any(cell.device.startswith("sim-") for cell in run.cells):
        notes.append(
            "simulated devices have no firmware and no IOMMU: what differs is a lower bound"
        )
    if any(cell.backing is Backing.ALIAS for cell in run.cells):
        notes.append("alias: as many pages are pinned as mem has, fewer of them are distinct")
    return notes
