# SPDX-License-Identifier: GPL-2.0-only
"""Where and how it was measured: what a reader of the list needs to place or repeat it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.model.cell import Backing, Cell, Clock
from bench.model.units import GIB, format_size
from bench.report.letter.ascii import wrapped
from bench.results.writer import Run

_CLOCKS = {
    Clock.ICOUNT: "icount: instructions (insn) that the guest executed. No figure is a time",
    Clock.WALL: "wall time",
}
_WIDTH = 11  # columns of a label


def environment(run: Run, boots: int) -> list[str]:
    """A block of labelled lines, indented so that none is taken for a trailer."""
    cells = [*dict.fromkeys(sample.cell for sample in run.samples if sample.ok)]
    machine, executor = _table(run, "machine"), _table(run, "executor")
    facts = [
        ("CPU", _cpu(machine, run.clock)),
        ("Kernel", _joined(executor.get("kernel"), executor.get("kernel_version"))),
        ("Config", _config(executor)),
        ("Executor", _executor(executor)),
        ("Clock", _CLOCKS[run.clock]),
        ("Pages", _pages(cells, machine, executor)),
        ("Backing", _backing(cells)),
        ("Boots", f"{boots}; methods interleaved in random order (seed {run.facts.get('seed')})"),
        *(("Device", line) for line in _devices(cells, executor)),
        ("Bench", _bench(run)),
        *(("Tuned", str(line)) for line in _list(run.facts.get("tuned"))),
        *(("Doubt", line) for line in doubts(run)),
    ]
    return [line for name, text in facts if text for line in labelled(name, text)]


def labelled(name: str, text: str) -> list[str]:
    return wrapped(text, f"  {name:<{_WIDTH}}", " " * (_WIDTH + 2))


def doubts(run: Run) -> list[str]:
    """What makes wall time untrustworthy; a count of instructions heeds none of it."""
    found = _list(_table(run, "machine").get("untrustworthy"))
    return [str(line) for line in found] if run.clock is Clock.WALL else []


def broken(run: Run) -> str:
    """The sequence that was wrong on purpose, empty for a run that is meant."""
    return str(_table(run, "scenario").get("broken") or "")


def commands(runs: Iterable[Run]) -> list[str]:
    """Each once, as it was given."""
    return [*dict.fromkeys(str(run.facts["command"]) for run in runs if run.facts.get("command"))]


def _table(run: Run, name: str) -> Mapping[str, Any]:
    found = run.facts.get(name)
    return found if isinstance(found, dict) else {}


def _list(found: object) -> Sequence[object]:
    return found if isinstance(found, list) else []


def _joined(*parts: object) -> str:
    return ", ".join(str(part) for part in parts if part)


def _cpu(machine: Mapping[str, Any], clock: Clock) -> str:
    """How it is set up matters to times, not to counts."""
    count, hypervisor = machine.get("cpus"), machine.get("hypervisor")
    inside = "in a virtual machine" if hypervisor else ""
    tuning = ("governor", "turbo", "smt") if clock is Clock.WALL else ()
    known = [(name, machine.get(name)) for name in tuning]
    settings = [f"{name} {_switch(value)}" for name, value in known if value is not None]
    cpus = f"{count} CPUs" if count else ""
    return _joined(machine.get("cpu") or "not known", cpus, inside, *settings)


def _switch(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def _config(executor: Mapping[str, Any]) -> str:
    digest = executor.get("kernel_digest")
    if digest:
        return f"sha256 {digest}, of the module options and the patches"
    return "" if executor.get("name") == "guest" else "hash not recorded: this machine's own kernel"


def _executor(executor: Mapping[str, Any]) -> str:
    memory = executor.get("memory")
    size = f"{memory / GIB:.3g} GiB of memory" if isinstance(memory, int) else ""
    accelerator = executor.get("accelerator")
    under = f"under {str(accelerator).upper()}" if accelerator else ""
    name = " ".join(part for part in (str(executor.get("name") or "not known"), under) if part)
    return _joined(name, size, executor.get("qemu"))


def _pages(cells: Sequence[Cell], machine: Mapping[str, Any], executor: Mapping[str, Any]) -> str:
    """What was asked for is proven of every rep; how this machine is set up matters on it."""
    kinds = ", ".join(dict.fromkeys(cell.pages.value for cell in cells))
    if executor.get("name") != "host":
        return f"{kinds}; verified in smaps"
    pools = machine.get("hugepages")
    sizes = pools.items() if isinstance(pools, dict) else ()
    filled = [
        f"{pool.get('total')} hugetlb pages of {format_size(int(size))}"
        for size, pool in sizes
        if isinstance(pool, dict) and pool.get("total") and str(size).isdigit()
    ]
    modes = f"THP {machine.get('thp')}, for shmem {machine.get('thp_shmem')}"
    return _joined(f"{kinds}; verified in smaps", modes, *filled)


def _backing(cells: Sequence[Cell]) -> str:
    """Which sizes are distinct memory, and which only as many pages."""
    files = sorted({cell.file for cell in cells if cell.backing is Backing.ALIAS})
    real = "real, every page distinct" if any(c.backing is Backing.REAL for c in cells) else ""
    if not files:
        return real
    sizes = " to ".join(map(format_size, dict.fromkeys((files[0], files[-1]))))
    alias = f"alias, a file of {sizes} mapped again and again: as many pages, fewer distinct"
    return "; ".join(part for part in (real, alias) if part)


def _devices(cells: Sequence[Cell], executor: Mapping[str, Any]) -> list[str]:
    found = [each for each in _list(executor.get("devices")) if isinstance(each, dict)]
    lines = [f"{d.get('path')} is {d.get('name')}, driven by {d.get('driver')}" for d in found]
    if any(cell.device.startswith("sim-") for cell in cells):
        lines.append("simulated: no firmware, no IOMMU. What differs is a lower bound")
    return lines


def _bench(run: Run) -> str:
    last: object = next(iter(reversed(_list(run.facts.get("sessions")))), {})
    session = last if isinstance(last, dict) else {}
    names = (("revision", session.get("revision")), ("helper", session.get("helper")))
    return _joined(run.facts.get("bench"), *(f"{name} {value}" for name, value in names if value))
