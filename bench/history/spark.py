# SPDX-License-Identifier: GPL-2.0-only
"""Draw a series in a line of text."""

from collections.abc import Sequence

import numpy as np

BLOCKS = "▁▂▃▄▅▆▇█"
PLAIN = "_.-~=+*#"  # where a terminal has no blocks
WIDTH = 24  # letters at most
_MIDDLE = 0.45  # where the middle of all values is drawn: within a letter, not between two
_LEAST_SPAN = 0.02  # from the lowest letter to the highest


def sparkline(values: Sequence[float], letters: str = BLOCKS, width: int = WIDTH) -> str:
    """Draw values from least to greatest, the median of neighbours where there are too many.

    All letters are 2 % apart at least: noise is flat. Positive and finite values only.
    """
    logs = np.log(np.asarray(values, dtype=np.float64))
    parts = np.array_split(logs, min(width, len(logs)) or 1)
    shown = np.array([np.median(part) for part in parts])
    middle, span = (shown.max() + shown.min()) / 2, max(float(np.ptp(shown)), _LEAST_SPAN)
    steps = ((shown - middle) / span + _MIDDLE) * len(letters)
    return "".join(letters[int(np.clip(step, 0, len(letters) - 1))] for step in steps)
