# SPDX-License-Identifier: GPL-2.0-only
"""Write where and how it was measured: what a reader of the list needs to repeat it."""

from collections.abc import Sequence

from bench.model.cell import Backing, Cell, Clock
from bench.model.facts import ExecutorFacts, MachineFacts, SessionFacts
from bench.model.method import Experiment
from bench.model.units import GIB, format_size
from bench.report.letter.ascii import wrapped
from bench.report.table.environment import doubts
from bench.results.writer import Run

_CLOCKS = {
    Clock.ICOUNT: "icount: instructions (insn) that the guest executed. No figure is a time",
    Clock.WALL: "wall time",
}
_WIDTH = 11  # columns of a label


def environment(run: Run, boots: int) -> list[str]:
    """Return a block of labelled lines, indented so that none is taken for a trailer."""
    cells = [cell for cell, columns in run.by_cell.items() if columns.ok.any()]
    # Of a program's start there is no memory that could be backed by anything.
    backed = [cell for cell in cells if cell.method.experiment is not Experiment.VMM_START]
    machine, executor = run.facts.machine, run.facts.executor
    facts = [
        ("CPU", _cpu(machine, run.clock)),
        ("Kernel", _joined(executor.kernel, executor.kernel_version)),
        ("Config", _config(executor)),
        ("Executor", _executor(executor)),
        ("Clock", _CLOCKS[run.clock]),
        ("VMM", executor.vmm),
        ("Pages", _pages(backed, machine, executor) if backed else ""),
        ("Backing", _backing(backed)),
        ("Boots", f"{boots}; methods interleaved in random order (seed {run.facts.seed})"),
        *(("Device", line) for line in _devices(cells, executor)),
        ("Bench", _bench(run)),
        *(("Tuned", line) for line in run.facts.tuned),
        *(("Doubt", line) for line in doubts(run)),
    ]
    return [line for name, text in facts if text for line in labelled(name, text)]


def labelled(name: str, text: str) -> list[str]:
    """Return text in lines of the letter's width, behind a label."""
    return wrapped(text, f"  {name:<{_WIDTH}}", " " * (_WIDTH + 2))


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _cpu(machine: MachineFacts, clock: Clock) -> str:
    """Describe the CPU, with its settings where times depend on them."""
    cpus = f"{machine.cpus} CPUs" if machine.cpus else ""
    inside = "in a virtual machine" if machine.hypervisor else ""
    known = [machine.cpu or "not known", cpus, inside]
    if clock is Clock.WALL:
        known += [f"governor {', '.join(machine.governor)}"] if machine.governor else []
        known += [_switch("turbo", machine.turbo), _switch("smt", machine.smt)]
    return _joined(*known)


def _switch(name: str, on: bool | None) -> str:
    return "" if on is None else f"{name} {'on' if on else 'off'}"


def _config(executor: ExecutorFacts) -> str:
    if executor.kernel_digest:
        return f"sha256 {executor.kernel_digest}, of the module options and the patches"
    return "" if executor.name == "guest" else "hash not recorded: this machine's own kernel"


def _executor(executor: ExecutorFacts) -> str:
    size = f"{executor.memory / GIB:.3g} GiB of memory" if executor.memory is not None else ""
    under = f" under {executor.accelerator.upper()}" if executor.accelerator else ""
    return _joined(f"{executor.name or 'not known'}{under}", size, executor.qemu)


def _pages(cells: Sequence[Cell], machine: MachineFacts, executor: ExecutorFacts) -> str:
    """Name the kinds of pages; each rep proved its own. On the host its settings count too."""
    kinds = ", ".join(dict.fromkeys(cell.pages.value for cell in cells))
    if executor.name != "host":
        return f"{kinds}; verified in smaps"
    filled = [
        f"{pool.total} hugetlb pages of {format_size(size)}"
        for size, pool in machine.hugepages.items()
        if pool.total
    ]
    modes = f"THP {machine.thp}, for shmem {machine.thp_shmem}"
    return _joined(f"{kinds}; verified in smaps", modes, *filled)


def _backing(cells: Sequence[Cell]) -> str:
    """Say which cells have distinct memory, and which map a smaller file again and again."""
    files = sorted({cell.file for cell in cells if cell.backing is Backing.ALIAS})
    real = "real, every page distinct" if any(c.backing is Backing.REAL for c in cells) else ""
    if not files:
        return real
    sizes = " to ".join(map(format_size, dict.fromkeys((files[0], files[-1]))))
    alias = f"alias, a file of {sizes} mapped again and again: as many pages, fewer distinct"
    return "; ".join(part for part in (real, alias) if part)


def _devices(cells: Sequence[Cell], executor: ExecutorFacts) -> list[str]:
    lines = [device.described for device in executor.devices or ()]
    if any(cell.device.startswith("sim-") for cell in cells):
        lines.append("simulated: no firmware, no IOMMU; what those cost is in no figure")
    return lines


def _bench(run: Run) -> str:
    last = run.facts.sessions[-1] if run.facts.sessions else SessionFacts()
    names = (("revision", last.revision), ("helper", last.helper))
    return _joined(run.facts.bench, *(f"{name} {value}" for name, value in names if value))
