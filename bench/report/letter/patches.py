# SPDX-License-Identifier: GPL-2.0-only
"""The statistics of a patch series, as they end a cover letter."""

from collections.abc import Sequence

from bench.model.patch_series import ChangedFile, PatchSeries
from bench.report.letter.ascii import MAIL_WIDTH, ascii_line

_MOST = 40  # files: of more, the sum says enough
_GRAPH = 20  # columns of + and -


def statistics(series: PatchSeries) -> list[str]:
    """Write how many patches there are, their diffstat, and the commit that they apply to."""
    files, count = len(series.files), series.commits
    sums = f"{series.insertions} insertions(+), {series.deletions} deletions(-)"
    lines = [f"{_counted(count, 'patch', 'patches')}, {_counted(files, 'file', 'files')} changed:"]
    lines += [f"  {sums}", "", *_diffstat(series.files[:_MOST])]
    lines += [f"  and {files - _MOST} more"] if files > _MOST else []
    return [*lines, *([""] if files else []), f"base-commit: {series.base}"]


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _diffstat(files: Sequence[ChangedFile]) -> list[str]:
    counts = [_count(file) for file in files]
    digits = max(map(len, counts), default=0)
    room = MAIL_WIDTH - _GRAPH - digits - len("   |  ")
    names = [_shortened(ascii_line(file.path), room) for file in files]
    width = max(map(len, names), default=0)
    most = max(((f.insertions or 0) + (f.deletions or 0) for f in files), default=0)
    rows = zip(names, counts, files, strict=True)
    return [f"  {n:<{width}} | {c:>{digits}} {_graph(f, most)}".rstrip() for n, c, f in rows]


def _count(file: ChangedFile) -> str:
    if file.insertions is None or file.deletions is None:
        return "Bin"
    return str(file.insertions + file.deletions)


def _graph(file: ChangedFile, most: int) -> str:
    """Draw + and -, to scale where the largest does not fit, at least one for any change."""
    more, less = file.insertions or 0, file.deletions or 0
    if most > _GRAPH:
        more, less = (-(-each * (_GRAPH - 1) // most) for each in (more, less))
    return "+" * more + "-" * less


def _shortened(path: str, room: int) -> str:
    """Shorten a path at its begin, whose end says more."""
    if len(path) <= room:
        return path
    tail = path[-(room - 4) :]
    return f".../{tail.partition('/')[2] or tail}"
