# SPDX-License-Identifier: GPL-2.0-only
"""What a series of patches changes, for the cover letter."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PatchSeries:
    """``base`` is the commit (40 or 64 digits) that the first patch applies to.

    ``stat`` has the lines of ``git diff --stat --summary``, in git's own words.
    """

    base: str
    commits: int
    stat: tuple[str, ...]
