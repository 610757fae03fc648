# SPDX-License-Identifier: GPL-2.0-only
"""Count what a series of patches changes, for the cover letter."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ChangedFile:
    """Lines are None for a file that is not text."""

    path: str
    insertions: int | None
    deletions: int | None


@dataclass(frozen=True)
class PatchSeries:
    """``base`` is the commit (40 or 64 digits) that the first patch applies to."""

    base: str
    commits: int
    files: tuple[ChangedFile, ...]

    @property
    def insertions(self) -> int:
        return sum(file.insertions or 0 for file in self.files)

    @property
    def deletions(self) -> int:
        return sum(file.deletions or 0 for file in self.files)
