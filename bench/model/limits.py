# SPDX-License-Identifier: GPL-2.0-only
"""Bound the numbers that a scenario can hold: said in --help, in errors and in the JSON schema."""

from typing import NamedTuple

from bench.model.units import TIB


class Bounds(NamedTuple):
    """The least and the greatest whole number of a field; None where there is no greatest."""

    least: int
    most: int | None = None

    def __str__(self) -> str:
        """Spell the range for people: ``from 1 to 200``, or ``of 0 or more``."""
        return f"from {self.least} to {self.most}" if self.most else f"of {self.least} or more"

    def __contains__(self, value: object) -> bool:
        """Tell whether a whole number lies within both ends."""
        if not isinstance(value, int):
            return False
        return self.least <= value and (self.most is None or value <= self.most)


MOST_MEMORY = 8 * TIB  # the two places of guest memory in the helper are 16 TiB apart

REPS = Bounds(1, 200)
JOBS = Bounds(1, 256)
BOOTS = Bounds(1, 100)
SEED = Bounds(0)
REGIONS = Bounds(1, 256)  # MAX_REGIONS of the helper
DEVICES_OF_VM = Bounds(1, 8)  # VDPA_MOST of the helper
THREADS = Bounds(1, 256)  # MAX_THREADS of the helper
HANDOVERS = Bounds(1, 1_000_000)  # a day and a night of them
