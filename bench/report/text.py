# SPDX-License-Identifier: GPL-2.0-only
"""The table that a run ends with, as plain text."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from bench.model import OWN_PHASES, Backing, Cell, Clock, Method, Phase, Sample
from bench.stats.summary import Summary, ratio, summarize
from bench.store import Run
from bench.units import KIB, format_quantity, format_size

# The method that others are compared with, best known first.
_BASES = (Method.RESET_OWNER, Method.REOPEN)


class CellTable:
    """The samples of a run by cell, in the order of a table."""

    def __init__(self, run: Run) -> None:
        self.unit = run.clock.unit
        ordered = sorted(run.samples, key=lambda sample: sample.cell)
        self._samples = {cell: [*group] for cell, group in groupby(ordered, lambda s: s.cell)}

    @property
    def cells(self) -> list[Cell]:
        return [*self._samples]

    def ok(self, cell: Cell) -> list[Sample]:
        return [sample for sample in self._samples.get(cell, []) if sample.ok]

    def pause(self, cell: Cell) -> Summary | None:
        pauses = [sample.pause for sample in self.ok(cell) if sample.pause is not None]
        return summarize(pauses) if pauses else None

    def phase(self, cell: Cell, *phases: Phase) -> Summary | None:
        """Of the sum of some phases, rep by rep."""
        sums = [sum(sample.phases[phase] for phase in phases) for sample in self.ok(cell)]
        return summarize(sums) if sums else None

    def problem(self, cell: Cell) -> str:
        """Why a cell has no sample."""
        statuses = [sample.status for sample in self._samples[cell]]
        return next((status for status in statuses if status.startswith(("failed", "skipped"))), "")


def render(run: Run) -> str:
    """Verdicts, pauses, phases and caveats of a run; at least one cell is needed for a table."""
    table = CellTable(run)
    parts = [_heading(run), _pauses(table), _phases(table), _own_cost(table), _problems(table)]
    return "\n\n".join(part for part in [*parts, _caveats(run)] if part)


def _heading(run: Run) -> str:
    clock = {
        Clock.ICOUNT: "in instructions that the guest executed (icount): not a time",
        Clock.WALL: "in wall time",
    }
    executor = run.facts.get("executor", {})
    kernel = executor.get("kernel", "no kernel")
    name = executor.get("name", "unknown")
    where = f"{name} under {executor['accelerator']}" if "accelerator" in executor else name
    return f"Pause of a live update, {clock[run.clock]}\nkernel {kernel}, {where}"


def _pauses(table: CellTable) -> str:
    head = ("device", "pages", "mem", "backing", "method", "median", "min", "max", "n", "ratio")
    rows: list[tuple[str, ...]] = [head]
    for cell in table.cells:
        pause = table.pause(cell)
        if pause:
            rows.append((*_factors(cell), *_summary(pause, table.unit), _ratio(table, cell)))
    return columns(rows) if len(rows) > 1 else ""


def _factors(cell: Cell) -> tuple[str, ...]:
    backing = cell.backing.value
    if cell.backing is Backing.ALIAS:
        backing += f" {format_size(cell.file)}"
    pages = cell.pages.value + ("" if cell.ptes.value == "cold" else " warm")
    return cell.device, pages, format_size(cell.mem), backing, cell.method.value


def _summary(s: Summary, unit: str) -> tuple[str, ...]:
    values = (format_quantity(value, unit) for value in (s.median, s.low, s.high))
    return (*values, str(s.n))


def _ratio(table: CellTable, cell: Cell) -> str:
    base = _base(table, cell)
    pause = table.pause(cell)
    if base is None or pause is None or base == cell:
        return ""
    base_pause = table.pause(base)
    return f"{ratio(base_pause, pause):.2f}x" if base_pause else ""


def _base(table: CellTable, cell: Cell) -> Cell | None:
    """The measured cell that differs only in a method to compare with."""
    candidates = (replace(cell, method=method) for method in _BASES)
    return next((base for base in candidates if table.ok(base)), None)


def _phases(table: CellTable) -> str:
    """One column a cell, one row a phase that any of them spends something in."""
    cells = [cell for cell in table.cells if table.ok(cell)]
    blocks = []
    for _, group in groupby(cells, lambda cell: (cell.device, cell.pages, cell.mem)):
        members = [*group]
        head = f"{members[0].device} {members[0].pages} {format_size(members[0].mem)}"
        rows: list[tuple[str, ...]] = [(head, *(cell.method.value for cell in members))]
        for phase in Phase:
            medians = [_median(table, cell, phase) for cell in members]
            if any(medians):
                rows.append((f"  {phase}", *(format_quantity(m, table.unit) for m in medians)))
        blocks.append(columns(rows))
    return "\n\n".join(["Where it goes (medians)", *blocks]) if blocks else ""


def _own_cost(table: CellTable) -> str:
    rows = [("release + claim + map", "pages", "mem", "method", "median", "a 4K page")]
    for cell in table.cells:
        own = table.phase(cell, *OWN_PHASES)
        if own:
            a_page = own.median / (cell.mem / (4 * KIB))
            rows.append(
                (
                    cell.device,
                    cell.pages.value,
                    format_size(cell.mem),
                    cell.method.value,
                    format_quantity(own.median, table.unit),
                    f"{a_page:.4g}",
                )
            )
    title = "What the method itself costs, without what every handover pays"
    return f"{title}\n{columns(rows)}" if len(rows) > 1 else ""


def _median(table: CellTable, cell: Cell, *phases: Phase) -> float:
    summary = table.phase(cell, *phases)
    return summary.median if summary else 0.0


def _problems(table: CellTable) -> str:
    lines = []
    for cell in table.cells:
        problem = table.problem(cell)
        if problem and not table.ok(cell):
            lines.append(f"{' '.join(_factors(cell))}: {problem}")
    return "\n".join(["Without a figure", *lines]) if lines else ""


def _caveats(run: Run) -> str:
    executor = run.facts.get("executor", {})
    notes = []
    if executor.get("reason"):
        notes.append(f"{executor.get('accelerator')} because: {executor['reason']}")
    if executor.get("note"):
        notes.append(executor["note"])
    if any(sample.cell.device.startswith("sim-") for sample in run.samples):
        notes.append("a simulated device: no firmware and no IOMMU, so a lower bound")
    if any(sample.cell.backing is Backing.ALIAS for sample in run.samples):
        notes.append("alias: every page is pinned as often as it is mapped, fewer are distinct")
    return "\n".join(f"note: {note}" for note in notes)


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Left-aligned text, right-aligned figures, two spaces between."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    body = rows[1:]
    right = [all(_is_figure(row[i]) for row in body) for i in range(len(widths))]
    return "\n".join(_line(row, widths, right) for row in rows)


def _line(row: Iterable[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cells = zip(row, widths, right, strict=True)
    return "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in cells).rstrip()


def _is_figure(text: str) -> bool:
    return not text or text[0].isdigit()
