# SPDX-License-Identifier: GPL-2.0-only
"""Tune the host for a plan, for as long as it is measured."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.cleanup.journal import Journal
from bench.errors import UsageError
from bench.model.cell import Cell, Pages, Plan
from bench.model.device import of_this_machine
from bench.tune.knobs import Wishes, choose_cpus, tune


def wishes_for(plan: Plan) -> Wishes:
    """Return huge pages for the largest cell of each page size, and a CPU for each thread."""
    cells = [cell for block in plan.blocks for cell in block.cells]
    pools = {
        pages.size: max(-(-cell.file // pages.size) for cell in cells if cell.pages is pages)
        for pages in Pages
        if pages.pooled and any(cell.pages is pages for cell in cells)
    }
    return Wishes(pools, cpus=choose_cpus(count=max(cell.threads for cell in cells)))


@contextmanager
def tuned(
    wanted: bool, plan: Plan, executor: str, say: Callable[[str], None]
) -> Iterator[list[str]]:
    """Tune the host if it is ``wanted``; yield a line for each change, also given to ``say``.

    All of it is undone when the block is left, and ``say`` gets a line for what cannot be.
    UsageError if the plan is not measured on the host; CannotJudge if a setting cannot be
    written.
    """
    if not wanted:
        yield []
        return
    if not _on_the_host(plan, executor):
        raise UsageError("--tune sets up the host", "use it with --executor host")
    journal = Journal()
    try:
        with journal:
            lines = tune(journal, wishes_for(plan))
            for line in lines:
                say(f"tune: {line}")
            yield lines
    finally:
        for line in journal.problems:
            say(line)


def _on_the_host(plan: Plan, executor: str) -> bool:
    """Tell whether the executor is host, or auto with a device that is a path on the host."""
    cells: list[Cell] = [cell for block in plan.blocks for cell in block.cells]
    named = any(of_this_machine(cell.device) for cell in cells)
    return bool(cells) and (executor == "host" or (executor == "auto" and named))
