# SPDX-License-Identifier: GPL-2.0-only
"""How many reps of each cell are measured: a number, or as many as its median takes."""

import re
from dataclasses import dataclass

from bench.model.limits import REPS

_AUTO = "auto"
_ENOUGH = 20  # reps after which a median that is not known is left at that


@dataclass(frozen=True)
class Reps:
    """From ``least`` to ``most`` reps of each cell: see bench.stats.enough."""

    least: int
    most: int

    @property
    def exact(self) -> bool:
        """True where the number of reps is known beforehand."""
        return self.least == self.most

    def __str__(self) -> str:
        """Spell it as `parse_reps` reads it: ``5``, ``5+`` or ``auto``."""
        if self == AUTO:
            return _AUTO
        return f"{self.least}{'' if self.exact else '+'}"


AUTO = Reps(3, _ENOUGH)
PATTERN = rf"({_AUTO}|([1-9][0-9]?|1[0-9][0-9]|{REPS.most})\+?)"


def parse_reps(value: object) -> Reps:
    """Read ``5`` (exactly so many), ``5+`` (or more, up to 20) or ``auto`` (3+).

    A number may be an int. ValueError says what was expected.
    """
    text = str(value)
    if text == _AUTO:
        return AUTO
    if re.fullmatch(PATTERN, text):
        least = int(text.removesuffix("+"))
        return Reps(least, max(least, _ENOUGH) if text.endswith("+") else least)
    raise ValueError(
        f"'{text}' is neither a whole number {REPS}, nor one with a + for so many or more, "
        f"nor {_AUTO}"
    )
