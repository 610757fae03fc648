# SPDX-License-Identifier: GPL-2.0-only
"""Tell when a block has been measured often enough, by its reps alone.

Whoever has the reps comes to the same end: a run by any number of jobs, one that goes on after a
kill, a worker, and a reader of what is stored.
"""

from collections.abc import Sequence
from functools import cache

from bench.model import order as of_reps
from bench.model.method import Method
from bench.stats.summary import rank_of_ends


def reps_due(order: Sequence[Method], least: int, pauses: Sequence[int]) -> int:
    """Count the reps that a block has in the end: see bench.model.order.reps_due."""
    return of_reps.reps_due(order, least, pauses, rank_of_ends)


@cache
def ranks(most: int) -> tuple[int, ...]:
    """Return the rank of both ends of a median's interval of 0 values, 1, ... up to the most."""
    return tuple(rank_of_ends(n) if n else 0 for n in range(most + 1))
