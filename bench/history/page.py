# SPDX-License-Identifier: GPL-2.0-only
"""A history as one HTML page."""

from collections.abc import Sequence

from bench.history.analyse import HistoryRule
from bench.history.order import Ordered
from bench.history.track import Lane


def history_page(
    history: Ordered, lanes: Sequence[Lane], notes: Sequence[str], rule: HistoryRule
) -> str:
    """Write the page."""
    return ""
