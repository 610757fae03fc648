# SPDX-License-Identifier: GPL-2.0-only
"""What runs are called beside one another."""

from collections.abc import Sequence
from pathlib import Path

from bench.errors import UsageError
from bench.results.writer import Run

_MOST, _LONGEST = 4, 12  # runs, and characters of a name, that fit over a table


def labels(runs: Sequence[Run]) -> list[str]:
    """Name runs by their directories, with those above them where two have one name.

    One whose figures are no result has that in its name, wherever it stands.
    UsageError for a run that is named twice: its samples would count twice.
    """
    paths = [run.path.absolute() for run in runs]
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice:
        raise UsageError(f"{twice} is named twice", "name each run once")
    unique = [_tail(path, paths) for path in paths]
    marks = (" (NO RESULT)" if run.facts.executor.no_result else "" for run in runs)
    return [f"{name}{mark}" for name, mark in zip(unique, marks, strict=True)]


def _tail(path: Path, paths: Sequence[Path]) -> str:
    """Return as much of the end of a path as no other one has."""
    for depth in range(1, len(path.parts)):
        tail = path.parts[-depth:]
        if sum(other.parts[-depth:] == tail for other in paths) == 1:
            return "/".join(tail)
    return str(path)


def heads(runs: Sequence[Run]) -> list[str]:
    """Name runs over columns: by their labels if those are short, else A, B, C."""
    names = labels(runs)
    if len(names) <= _MOST and all(len(name) <= _LONGEST for name in names):
        return names
    return [letters(number) for number in range(len(names))]


def letters(number: int) -> str:
    """Count in letters: 0 is A, 25 is Z, 26 is AA."""
    more, last = divmod(number, 26)
    return (letters(more - 1) if more else "") + chr(ord("A") + last)
