# SPDX-License-Identifier: GPL-2.0-only
"""Make one pandas frame of several runs, named as in a report."""

import pandas as pd

from bench.report.table.labels import labels
from bench.results.frame import frame_of
from bench.results.writer import Run


def frame(*runs: Run) -> pd.DataFrame:
    """The frame of bench.results.frame.frame_of, whose column ``run`` has their labels."""
    return frame_of(runs, labels(runs))
