# SPDX-License-Identifier: GPL-2.0-only
"""Say how two sides of a comparison differ: in what forbids it, and in what is compared."""

from bench.results.comparable import must_match, unequal, unlike
from bench.sides.side import Side


def differences(base: Side, new: Side) -> list[str]:
    """Return a line for each fact that forbids comparing the two.

    The kernel may differ, in version, patches and configuration: see `changes`.
    """
    return unlike(base.facts, new.facts)


def changes(base: Side, new: Side) -> list[str]:
    """Return a line for each fact that differs and may: the kernel, and what explains a result."""
    names = {*base.facts, *new.facts} - {*must_match(base.facts, new.facts)}
    return unequal(base.facts, new.facts, names)
