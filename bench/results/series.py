# SPDX-License-Identifier: GPL-2.0-only
"""Find the run directories that a path stands for: itself, or boots that took turns."""

from pathlib import Path

SERIES = "series.json"  # in a directory whose runs took turns


def runs_below(path: Path) -> list[Path]:
    """Return the run directories that a path stands for: itself, or those below it.

    In the order in which they ran: 100 comes after 99, and not after 10.
    """
    try:
        if not (path / "run.json").exists():
            below = [each.parent for each in path.glob("*/run.json")]
            return sorted(below, key=lambda run: (len(run.name), run.name)) or [path]
    except OSError:  # whoever reads the path says what is wrong with it
        pass
    return [path]


def took_turns(base: Path, new: Path) -> bool:
    """True if both are directories of one series of runs that took turns, a kernel each."""
    try:
        sides = [path.resolve() for path in (base, new)]
        parent = sides[0].parent
        return (
            all(side.parent == parent and side.is_dir() for side in sides)
            and (parent / SERIES).exists()
        )
    except OSError:
        return False
