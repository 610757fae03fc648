# SPDX-License-Identifier: GPL-2.0-only
"""Whether two sides can be compared: what must be the same, and what is being compared."""

from collections.abc import Iterable, Mapping

from bench.model.cell import Clock
from bench.sides.side import Side

# These shape what is counted as much as what is timed.
_ALWAYS = (
    "executor",
    "accelerator",
    "clock",
    "unit",
    "arch",
    "qemu",
    "guest memory",
    "cmdline",
    "devices",
    "helper",
    "wrong on purpose",
)
# These make the same work take longer or less long. Under instruction counting they do
# not: a count is the same on any machine (design.md 6.1), so that a baseline in git can be
# held against what another machine counts.
_TIMED = ("cpu", "cpus", "governor", "turbo", "smt", "isolated", "clock source", "memlock")
# Of a guest it is the hypervisor; of the host, what is compared.
_UNDER_A_GUEST = ("machine's kernel",)


Facts = Mapping[str, str]


def differences(base: Side, new: Side) -> list[str]:
    """A line for each thing that forbids comparing the two; empty when nothing does.

    The kernel may differ, in version, patches and configuration: see `changes`.
    """
    return unlike(base.facts, new.facts)


def changes(base: Side, new: Side) -> list[str]:
    """A line for each thing that differs and may: the kernel, and what explains a result."""
    fixed = {*must_match(base.facts, new.facts)}
    names = {*base.facts, *new.facts} - fixed
    return _lines(base.facts, new.facts, names)


def unlike(base: Facts, new: Facts) -> list[str]:
    """`differences` of the facts of two sides."""
    return _lines(base, new, must_match(base, new))


def must_match(base: Facts, new: Facts) -> list[str]:
    """The names of facts that forbid comparing two sides where they differ."""
    names = [*_ALWAYS]
    if Clock.WALL in (base.get("clock"), new.get("clock")):
        names += _TIMED
        if "guest" in (base.get("executor"), new.get("executor")):
            names += _UNDER_A_GUEST
    return names


def _lines(base: Facts, new: Facts, names: Iterable[str]) -> list[str]:
    """What only one of them knows is a difference too: nobody can say that it is none."""
    pairs = {name: (base.get(name, ""), new.get(name, "")) for name in names}
    return [
        f"{name}: {before or 'not known'} in BASE, {after or 'not known'} in NEW"
        for name, (before, after) in sorted(pairs.items())
        if before != after
    ]
