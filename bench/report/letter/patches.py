# SPDX-License-Identifier: GPL-2.0-only
"""The statistics of a patch series, as they end a cover letter."""

from bench.model.patch_series import PatchSeries
from bench.model.units import number_of


def statistics(series: PatchSeries) -> list[str]:
    """Write how many patches there are, git's diffstat, and the commit that they apply to."""
    count = series.commits
    lines = [line.encode("ascii", "backslashreplace").decode() for line in series.stat]
    patches = f"{number_of(count, 'patch')}:"
    return [patches, *lines, "", f"base-commit: {series.base}"]
