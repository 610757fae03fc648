# SPDX-License-Identifier: GPL-2.0-only
"""Builders of profiles: of folded lines, of many symbols, and as files of a run."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bench.model.cell import Cell
from bench.profile import DIRECTORY
from bench.profile.profile import INSTRUCTIONS, Function, Profile, Spent
from bench.profile.stored import encoded, file_of
from tests.unit.runs import RESET

Count = int | Sequence[int]  # of one kind, or of each
Folded = Mapping[str, Count]

RELEASE = {
    "syscall;ioctl;vhost_vdpa_pa_unmap [vhost_vdpa]": 700,
    "syscall;ioctl;vhost_vdpa_pa_unmap [vhost_vdpa];unpin_user_page": 2000,
    "syscall;ioctl;vhost_vdpa_pa_unmap [vhost_vdpa];unpin_user_page;gup_put_folio": 1600,
    "syscall;ioctl;vhost_vdpa_pa_unmap [vhost_vdpa];set_page_dirty_lock": 1300,
    "syscall;ioctl": 30,
    "syscall": 20,
    "interrupt;tick": 50,
}
EXEC = {"syscall;execve;exec_mmap;exit_mmap": 900, "syscall;execve": 100, "main [bench-helper]": 60}
HOSTILE = (
    'operator<<(std::ostream&, "x")',
    "</svg><script>alert(1)</script>",
    "a;b",
    "]]>",
    "&amp;<title>",
    "bell\a\x1b[31m\r\ntab\t\0end",
    "\N{RIGHT-TO-LEFT OVERRIDE}gnol",
    "long" * 2500,
    "ends in a count 12",
    "12 13",
    " blank ",
    "",
    "(7)",
    "fn=(1) x",
    "--> ]] <!-- x",
    "数" * 80,
)


def function_of(frame: str) -> Function:
    """Read what `Function.label` spells."""
    name, _, place = frame.partition(" [")
    return Function(name, place.removesuffix("]"))


def made_profile(
    spans: Mapping[str, Mapping[tuple[Function, ...], Count]],
    cell: Cell = RESET,
    kinds: tuple[str, ...] = (INSTRUCTIONS,),
    notes: tuple[str, ...] = (),
) -> Profile:
    """Make a profile of what paths of functions spent in each span."""
    functions: dict[Function, int] = {}
    nodes: dict[tuple[int, int], int] = {}
    spent = {}
    for span, paths in spans.items():
        counts: dict[int, Sequence[int]] = {}
        for path, count in paths.items():
            at = -1
            for function in path:
                number = functions.setdefault(function, len(functions))
                at = nodes.setdefault((at, number), len(nodes))
            counts[at] = (count,) if isinstance(count, int) else count
        table = np.array([*counts.values()], dtype=np.int64).reshape(len(counts), len(kinds))
        at_nodes = np.array([*counts], dtype=np.int64)
        spent[span] = Spent(int(table[:, 0].sum()), at_nodes, table)
    of_nodes = np.array([*nodes], dtype=np.int64).reshape(len(nodes), 2)
    parents, numbers = of_nodes[:, 0], of_nodes[:, 1]
    return Profile(cell, 3, kinds, tuple(functions), numbers, parents, spent, notes)


def profile(
    spans: Mapping[str, Folded] | None = None,
    cell: Cell = RESET,
    kinds: tuple[str, ...] = (INSTRUCTIONS,),
    notes: tuple[str, ...] = (),
) -> Profile:
    """Make a profile of folded lines: ``{"release": {"entry;unpin_user_page": 120}}``."""
    spans = {"release": RELEASE, "exec": EXEC} if spans is None else spans
    made = {
        span: {tuple(map(function_of, path.split(";"))): count for path, count in lines.items()}
        for span, lines in spans.items()
    }
    return made_profile(made, cell, kinds, notes)


def hostile() -> Profile:
    """Make a profile of functions with the names of HOSTILE: below one another, and alone."""
    chain = [Function(name, place) for name, place in zip(HOSTILE, ("", *HOSTILE), strict=False)]
    paths = {tuple(chain[: n + 1]): 100 + n for n in range(len(chain))}
    for n, name in enumerate(HOSTILE):
        paths[Function(name),] = paths.get((Function(name),), 0) + 1000 + n
    return made_profile({"release": paths})


def large(symbols: int = 100_000) -> Profile:
    """Make a profile of so many functions, each on two paths, some twenty calls deep."""
    rng = np.random.default_rng(7)
    nodes = 2 * symbols
    parents = np.maximum(np.arange(nodes) - 1 - rng.integers(0, nodes // 8, nodes), -1)
    functions = tuple(Function(f"function_{n}", "module" if n % 3 else "") for n in range(symbols))
    counts = (rng.pareto(1.1, nodes) * 100).astype(np.int64)[:, None]
    spans = {"release": Spent(int(counts.sum()), np.arange(nodes), counts)}
    of_nodes = rng.permutation(nodes) % symbols
    return Profile(RESET, 1, (INSTRUCTIONS,), functions, of_nodes, parents, spans)


def store(run: Path, *profiles: Profile) -> Path:
    """Write profiles into a run directory."""
    (run / DIRECTORY).mkdir(parents=True, exist_ok=True)
    for each in profiles:
        (run / DIRECTORY / file_of(each.cell)).write_bytes(encoded(each))
    return run
