# SPDX-License-Identifier: GPL-2.0-only
"""The statistics of a patch series, as they end a cover letter."""

from bench.model.patch_series import PatchSeries


def statistics(series: PatchSeries) -> list[str]:
    """Write how many patches there are, git's diffstat, and the commit that they apply to."""
    count = series.commits
    lines = [line.encode("ascii", "backslashreplace").decode() for line in series.stat]
    patches = f"{count} {'patch' if count == 1 else 'patches'}:"
    return [patches, *lines, "", f"base-commit: {series.base}"]
