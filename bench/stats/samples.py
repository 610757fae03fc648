# SPDX-License-Identifier: GPL-2.0-only
"""One side of a comparison: values, and the boot that each was measured in."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Samples:
    """``values`` in one unit, ``boots`` as long: ids that grow in the order in which boots ran.

    ``sessions`` is as long: the session that measured each; None where all are of one.
    """

    boots: NDArray[np.int64]
    values: Floats
    sessions: NDArray[np.int64] | None = None

    @property
    def count_sessions(self) -> int:
        """Count the sessions, one at least."""
        return 1 if self.sessions is None else max(len(np.unique(self.sessions)), 1)

    @property
    def medians(self) -> Floats:
        """Return one value a boot, in the order of their ids."""
        return group_medians(self.boots, self.values)


def samples_of(boots: ArrayLike, values: ArrayLike) -> Samples:
    """Make a side of anything like an array; ValueError when the two are not equally long."""
    ids = np.atleast_1d(np.asarray(boots, dtype=np.int64))
    array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if ids.ndim != 1 or ids.shape != array.shape:
        raise ValueError(f"boots {ids.shape} and values {array.shape} are not two equal rows")
    return Samples(ids, array)


def from_boots(boots: Sequence[ArrayLike]) -> Samples:
    """Make a side from the values of each boot, in the order in which the boots ran."""
    arrays = [np.atleast_1d(np.asarray(boot, dtype=np.float64)) for boot in boots]
    ids = np.repeat(np.arange(len(arrays)), [len(array) for array in arrays])
    return samples_of(ids, np.concatenate(arrays) if arrays else np.empty(0))


def group_medians(groups: NDArray[np.int64], values: Floats) -> Floats:
    """Return the median of each group, by ascending group; sorts once for all of them."""
    order = np.lexsort((values, groups))
    ordered = values[order]
    _, starts, counts = np.unique(groups[order], return_index=True, return_counts=True)
    lower, upper = ordered[starts + (counts - 1) // 2], ordered[starts + counts // 2]
    return np.asarray(lower + (upper - lower) / 2)
