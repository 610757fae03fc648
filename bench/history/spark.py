# SPDX-License-Identifier: GPL-2.0-only
"""Draw a series in a line of text."""

from collections.abc import Sequence

import numpy as np

BLOCKS = "▁▂▃▄▅▆▇█"
PLAIN = "_.-~=+*#"  # where a terminal has no blocks
WIDTH = 24  # letters at most


def sparkline(values: Sequence[float], letters: str = BLOCKS, width: int = WIDTH) -> str:
    """Draw values from least to greatest, the median of neighbours where there are too many.

    Values that are all the same are drawn low. Positive and finite values only.
    """
    logs = np.log(np.asarray(values, dtype=np.float64))
    parts = np.array_split(logs, min(width, len(logs)) or 1)
    shown = np.array([np.median(part) for part in parts])
    span = float(np.ptp(shown))
    if not span:
        return letters[0] * len(shown)
    steps = np.minimum((shown - shown.min()) / span * len(letters), len(letters) - 1)
    return "".join(letters[int(step)] for step in steps)
