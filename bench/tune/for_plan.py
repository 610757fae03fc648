# SPDX-License-Identifier: GPL-2.0-only
"""What a plan wishes the host to be like, for as long as it is measured."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.cleanup.journal import Journal
from bench.errors import UsageError
from bench.model.cell import Cell, Pages, Plan
from bench.model.device import of_this_machine
from bench.tune.cpus import choose_cpus
from bench.tune.knobs import Wishes, tune, wishes


def wishes_for(plan: Plan) -> Wishes:
    """Pools that hold the largest cell of each kind, and as many CPUs as pin at once."""
    cells = [cell for block in plan.blocks for cell in block.cells]
    pools = {
        pages.size: max(-(-cell.file // pages.size) for cell in cells if cell.pages is pages)
        for pages in Pages
        if pages.pooled and any(cell.pages is pages for cell in cells)
    }
    return wishes(pools, cpus=choose_cpus(count=max(cell.threads for cell in cells)))


@contextmanager
def tuned(
    wanted: bool, plan: Plan, executor: str, say: Callable[[str], None]
) -> Iterator[list[str]]:
    """What was set, from what to what; undone however the block is left, and said."""
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
    cells: list[Cell] = [cell for block in plan.blocks for cell in block.cells]
    named = any(of_this_machine(cell.device) for cell in cells)
    return bool(cells) and (executor == "host" or (executor == "auto" and named))
