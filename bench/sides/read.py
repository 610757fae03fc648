# SPDX-License-Identifier: GPL-2.0-only
"""From what a user names to a side: run directories, a pyperf file, or a baseline file."""

import gzip
import json
import stat
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.errors import CannotJudge, UsageError
from bench.results.foreign import as_text, foreign_bytes, foreign_json
from bench.sides.baseline import MARK, side_of_baseline
from bench.sides.copies import without_copies
from bench.sides.runs import read_runs
from bench.sides.side import Side

_GZIP = b"\x1f\x8b"  # pyperf writes .json.gz too
_KNOWN = "name a run directory, a pyperf JSON file, or a baseline that bench wrote"


def read_side(paths: Path | Sequence[Path], force: bool = False) -> Side:
    """Read what a comparison has on one side, told apart by what the files hold.

    UsageError for what cannot be read or is none of these; CannotJudge for damaged runs,
    for runs that are not alike (both unless ``force``) and where nothing was measured.
    """
    named = [paths] if isinstance(paths, Path) else [*paths]
    if not named:
        raise UsageError("a side is missing", _KNOWN)
    files = [path for path in named if not _is_directory(path)]
    if not files:
        return read_runs(named, force)
    if len(named) > 1:
        raise UsageError(f"{files[0]}: a file is a side of its own", "or name run directories")
    side = _side_of_file(files[0])
    if side.damage and not force:
        raise CannotJudge(f"{side.name}: {side.damage[0]}", "write it anew, or --force")
    return without_copies(side, force)


def _is_directory(path: Path) -> bool:
    """Tell whether it is one; not of what cannot be looked at: reading it says why."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _side_of_file(path: Path) -> Side:
    text = _read(path)
    whole = _parsed(text, str(path))
    if MARK not in whole and (other := foreign_json(whole)):
        raise other.refusal(path)
    if MARK in whole:
        side = side_of_baseline(whole, str(path), text)
    elif "benchmarks" in whole and "version" in whole:
        from bench.sides.pyperf_file import side_of_pyperf  # pyperf takes a while to import

        side = side_of_pyperf(text, str(path))
    else:
        raise UsageError(f"{path}: neither a pyperf file nor a baseline", _KNOWN)
    if not side.cells:
        raise CannotJudge(f"{path}: no cell in it was measured")
    return side


def _read(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):  # would be waited for, or has no end
            raise UsageError(f"{path}: not a file", _KNOWN)
        data = path.read_bytes()
        data = gzip.decompress(data) if data.startswith(_GZIP) else data
        if other := foreign_bytes(data):
            raise other.refusal(path)
        return as_text(data)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or 'not gzip'}", _KNOWN) from None
    except (EOFError, zlib.error):
        raise UsageError(f"{path}: not gzip: it is damaged", _KNOWN) from None
    except ValueError as error:  # also UnicodeDecodeError
        why = "no text" if isinstance(error, UnicodeDecodeError) else str(error)
        raise UsageError(f"{path}: {why}", _KNOWN) from None


def _parsed(text: str, name: str) -> dict[str, Any]:
    if not text.strip():
        raise UsageError(f"{name}: it is empty", _KNOWN)
    try:
        whole = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name}: not JSON: {error}", _KNOWN) from None
    if isinstance(whole, list) and (other := foreign_json(whole)):
        raise other.refusal(Path(name))
    if not isinstance(whole, dict):
        raise UsageError(f"{name}: not JSON of a table", _KNOWN)
    return whole


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a table; ValueError for a key that stands twice, as after a bad merge."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {twice[:40]!r} stands twice in one table")
    return found
