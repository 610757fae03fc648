# SPDX-License-Identifier: GPL-2.0-only
"""Find the run directories that a path stands for: itself, or boots of a kernel."""

from pathlib import Path
from typing import Any

import msgspec

from bench.errors import UsageError

BOOTS = "series.json"  # in a directory of boots that took turns; all versions call it so


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """What a directory of boots says of itself.

    ``plan`` is the scenario that all are boots of, as it dumps itself; empty in older ones.
    """

    format: int = 1
    scenario: str  # its name
    boots: tuple[str, ...]  # where each goes, below the directory: KERNEL/NUMBER
    plan: dict[str, Any] = {}
    clock: str = ""  # that was asked for: what may be shared out depends on it
    shard: str = ""  # the part of the plan that is measured there, as in 2/8; "": all


def read_series(path: Path) -> Series:
    """Read what a directory of boots says of itself; UsageError if it does not say enough."""
    file = path / BOOTS
    try:
        found = msgspec.json.decode(file.read_bytes(), type=Series)
    except (OSError, msgspec.DecodeError):
        found = None
    if found and found.boots and all(map(_is_place, found.boots)):
        return found
    raise UsageError(f"{file}: does not say which boots there are", "measure them anew")


def _is_place(text: str) -> bool:
    """Tell whether this is where a boot goes: KERNEL/NUMBER, and nowhere else."""
    label, _, number = text.partition("/")
    return number.isdecimal() and label not in ("", ".", "..")


def runs_below(path: Path) -> list[Path]:
    """List the run directories that a path stands for: itself, or the boots of one kernel.

    In the order in which they ran: 100 comes after 99, and not after 10.
    """
    try:
        if not (path / "run.json").exists():
            below = [each.parent for each in path.glob("*/run.json")]
            return sorted(below, key=lambda run: (len(run.name), run.name)) or [path]
    except OSError:  # whoever reads the path says what is wrong with it
        pass
    return [path]


def all_runs_below(path: Path) -> list[Path]:
    """List the boots of all kernels, kernel after kernel, or of one kernel, or a run itself."""
    try:
        if (path / BOOTS).exists():
            below = sorted({run.parent.parent for run in path.glob("*/*/run.json")})
            return [run for kernel in below for run in runs_below(kernel)] or [path]
    except OSError:  # whoever reads the path says what is wrong with it
        pass
    return runs_below(path)


def session_directory(run: Path) -> Path:
    """Return the directory of all boots that took turns with a run; its own where none did."""
    try:
        whole = run.resolve()
        parents = [*whole.parents]
        return parents[1] if len(parents) > 1 and (parents[1] / BOOTS).exists() else whole
    except OSError:
        return run


def took_turns(base: Path, new: Path) -> bool:
    """Tell whether the boots of two kernels took turns; a file beside them is neither."""
    try:
        sides = [path.resolve() for path in (base, new)]
        parent = sides[0].parent
        return (
            all(side.parent == parent and side.is_dir() for side in sides)
            and (parent / BOOTS).exists()
        )
    except OSError:
        return False
