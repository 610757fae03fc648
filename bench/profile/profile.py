# SPDX-License-Identifier: GPL-2.0-only
"""Define the profile of one rep: a tree of calls, and what each phase spent in its nodes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bench.model.cell import Cell
from bench.model.visible import visible

Ints = NDArray[np.int64]

INSTRUCTIONS = "instructions"  # the first of `Profile.kinds`, always there
CALLS = "calls"  # the second one: how often a function was entered
SETTLE = "settle"  # a span beside the phases: what the pause leaves out
AFTER_PAUSE = "after-pause"  # the other one: the first touch of all memory
KERNEL = ("", "kernel")  # places of the kernel's own text; the second one, of what has no symbol
# Places of programs; the last one of what has no symbol.
PROGRAMS = ("bench-helper", "bench-port", "bench-stir", "bench-vduse", "user")


@dataclass(frozen=True, order=True)
class Function:
    """A function of the guest, by its symbol."""

    name: str
    place: str = ""  # of KERNEL or PROGRAMS, else a module

    @property
    def label(self) -> str:
        """Spell it as kernel traces do, ``vhost_vdpa_pa_unmap [vhost_vdpa]``, on one line.

        Whatever a symbol table holds, there is nothing in it that a terminal or XML would mind.
        """
        text = f"{self.name} [{self.place}]" if self.place else self.name
        return visible(text).strip() or "[no name]"


@dataclass(frozen=True, eq=False)
class Spent:
    """What one span of the rep spent: counts, by nodes of the profile's tree.

    ``ticks`` is the span by the guest's clock. ``nodes`` has shape (n,), each node once,
    ``counts`` shape (n, kinds): what was executed in the node itself, not below it.
    """

    ticks: int
    nodes: Ints
    counts: Ints

    @property
    def counted(self) -> int:
        """Return the instructions that were counted, to be held against ``ticks``."""
        return int(self.counts[:, 0].sum())


@dataclass(frozen=True, eq=False)
class Profile:
    """Where the instructions of one rep went.

    Node ``i`` of the tree is a call of ``functions[function_of[i]]`` from node
    ``parent_of[i]``, which is smaller than ``i``, or -1 at the root of a path: an entry into
    the kernel, an interrupt, or the outermost function of a program. ``spans`` has the phases
    of the method in their order, by name, then SETTLE and AFTER_PAUSE.
    """

    cell: Cell
    rep: int
    kinds: tuple[str, ...]
    functions: tuple[Function, ...]
    function_of: Ints
    parent_of: Ints
    spans: Mapping[str, Spent]
    notes: tuple[str, ...] = ()  # what the reader has to know of this one
    lines: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # span: "file:line": n

    @cached_property
    def phases(self) -> tuple[str, ...]:
        """Name the spans that add up to the pause, in their order."""
        return tuple(name for name in self.spans if name not in (SETTLE, AFTER_PAUSE))

    def own(self, spans: Collection[str], kind: int = 0) -> Ints:
        """Return what each node spent itself in these spans, shape (nodes,)."""
        total = np.zeros(len(self.parent_of), dtype=np.int64)
        for name in spans:
            if name in self.spans:
                spent = self.spans[name]
                total[spent.nodes] += spent.counts[:, kind]
        return total

    def below(self, own: Ints) -> Ints:
        """Add to each node what the nodes below it spent, shape (nodes,)."""
        total = own.copy()
        for node in range(len(total) - 1, 0, -1):  # parents stand before their children
            parent = self.parent_of[node]
            if parent >= 0:
                total[parent] += total[node]
        return total

    def by_function(self, own: Ints) -> Ints:
        """Sum the nodes of each function, shape (functions,)."""
        total = np.zeros(len(self.functions), dtype=np.int64)
        np.add.at(total, self.function_of, own)
        return total

    @cached_property
    def level(self) -> Ints:
        """Count how often each node's function is on the path down to it, shape (nodes,)."""
        below: list[list[int]] = [[] for _ in self.parent_of]
        open_: list[int] = []
        for node, parent in enumerate(self.parent_of.tolist()):
            (below[parent] if parent >= 0 else open_).append(node)
        found, on_path, function_of = [0] * len(below), [0] * len(self.functions), self.function_of
        while open_:
            node = open_.pop()
            if node < 0:  # all below it are done
                on_path[function_of[~node]] -= 1
                continue
            on_path[function_of[node]] += 1
            found[node] = on_path[function_of[node]]
            open_ += [~node, *below[node]]
        return np.array(found, dtype=np.int64)

    def with_callees(self, own: Ints) -> Ints:
        """Return what each function spent with all that it called, shape (functions,).

        A function that is on a path twice counts once there.
        """
        return self.by_function(np.where(self.level == 1, self.below(own), 0))
