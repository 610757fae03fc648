# SPDX-License-Identifier: GPL-2.0-only
"""Report boots that took turns: all of them, and each kernel against the first."""

from collections.abc import Sequence
from pathlib import Path

from bench.errors import BenchError
from bench.report.table.section import Section
from bench.results.reader import load


def boots_report(
    parent: Path, runs: Sequence[Path], first: Sequence[Section]
) -> tuple[Section, ...]:
    """Report boots of some kernels: all of them, what the ``first`` one shows, each kernel.

    ``runs`` are their directories, of all of a kernel after one another.
    """
    from bench.report.table.cells import CellTable
    from bench.report.table.ladder import ladder
    from bench.report.table.spread import spread_section

    loaded = [load(run) for run in runs]
    tables = [*map(CellTable, loaded)]
    spread = spread_section(loaded, tables)
    kernels = [*dict.fromkeys(run.parent for run in runs)]
    more = of_many(parent, len(runs))
    apart = (spread,) if spread else ()
    return (*ladder(loaded, tables), *first, more, *apart, *_compared(kernels))


def of_many(parent: Path, count: int) -> Section:
    """Say of how many boots the first was shown."""
    return Section(lines=(f"the first of {count} boots; all are below {parent}",))


def _compared(kernels: Sequence[Path]) -> tuple[Section, ...]:
    """Compare each kernel with the first one, as `bench compare` does."""
    base, *others = kernels
    return tuple(Section(lines=tuple(_comparison(base, other))) for other in others)


def _comparison(base: Path, new: Path) -> list[str]:
    # What imports scipy waits until it is wanted: that takes longer than restoring a guest.
    from bench.commands.explain import explained
    from bench.gate.compare import GateOptions, ask, read_sides
    from bench.gate.render import comparison_text

    lines = [f"bench compare {base} {new}"]
    question = GateOptions(base, new)
    try:
        sides = read_sides(question)
        text = comparison_text(sides, explained(question, sides, ask(question, sides)))
    except BenchError as error:
        return [*lines, f"not compared: {error.message}"]
    return [*lines, *text.splitlines()]
