# SPDX-License-Identifier: GPL-2.0-only
"""Write call paths as folded lines: ``a;b;c N``, as flamegraph.pl, inferno and speedscope read."""

import re
from collections.abc import Iterator

import numpy as np

from bench.profile.profile import Function, Profile
from bench.report.profile.portion import Portion, path_to

# A number behind the last blank is a count; of two, the line is a difference.
_COUNT = re.compile(r" (?=\d+(?:\.\d*)?$)")


def folded(taken: Portion) -> str:
    """Write a line for each path that spent anything itself, in the order of the paths."""
    profile = taken.profile
    names = [_frame(each) for each in profile.functions]
    spent = np.flatnonzero(taken.own)
    return "\n".join(
        sorted(f"{path} {taken.own[n]}" for n, path in _paths(profile, names, spent.tolist()))
    )


def folded_difference(base: Portion, new: Portion) -> str:
    """Write two counts a line, of BASE and NEW, as flamegraph.pl draws a difference.

    Both are portions of one tree: bench.report.profile.difference.joined.
    """
    profile = base.profile
    names = [_frame(each) for each in profile.functions]
    spent = np.flatnonzero((base.own > 0) | (new.own > 0)).tolist()
    lines = (f"{p} {base.own[n]} {new.own[n]}" for n, p in _paths(profile, names, spent))
    return "\n".join(sorted(lines))


def _frame(function: Function) -> str:
    """Spell a function without what separates names, or a name from its count."""
    return _COUNT.sub("_", function.label.replace(";", ":"))


def _paths(profile: Profile, names: list[str], nodes: list[int]) -> Iterator[tuple[int, str]]:
    for node in nodes:
        yield node, ";".join(names[function] for function in path_to(profile, node))
