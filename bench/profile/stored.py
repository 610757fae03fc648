# SPDX-License-Identifier: GPL-2.0-only
"""Keep profiles in a run directory: one compressed JSON file for each cell."""

import gzip
import hashlib
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from bench.errors import UsageError
from bench.model.cell import Cell
from bench.model.typed import complaint
from bench.profile import DIRECTORY
from bench.profile.profile import (
    AFTER_PAUSE,
    INSTRUCTIONS,
    SETTLE,
    Function,
    Profile,
    Spent,
)

FORMAT = 1
_MOST = 1 << 30  # bytes of one file, uncompressed: more is none of ours

_INT64 = (1 << 63) - 1

_Count = Annotated[int, Meta(ge=0, le=_INT64)]


class _Span(msgspec.Struct, forbid_unknown_fields=True):
    ticks: _Count
    nodes: list[_Count]
    counts: list[list[_Count]]  # one list for each kind, each as long as nodes


class _File(msgspec.Struct, forbid_unknown_fields=True):
    format: int
    cell: Cell
    rep: _Count
    kinds: list[str]
    functions: list[tuple[str, str]]
    function_of: list[_Count]
    parent_of: list[int]
    spans: dict[str, _Span]
    notes: list[str]
    lines: dict[str, dict[str, _Count]]


def file_of(cell: Cell) -> str:
    """Name the file of a cell: words for people, and a digest that tells it from all others."""
    digest = hashlib.sha256(cell.label.encode()).hexdigest()[:8]
    return f"{cell.method}-{digest}.json.gz"


def has_profile(run: Path, cell: Cell) -> bool:
    """Tell whether a run directory has the profile of a cell, and it can be read."""
    try:
        return read_profile(run / DIRECTORY / file_of(cell)).cell == cell
    except UsageError:  # a damaged one is made again
        return False


def encoded(profile: Profile) -> bytes:
    """Return the file of a profile; the same profile gives the same bytes."""
    spans = {
        name: _Span(spent.ticks, spent.nodes.tolist(), spent.counts.T.tolist())
        for name, spent in profile.spans.items()
    }
    whole = _File(
        format=FORMAT,
        cell=profile.cell,
        rep=profile.rep,
        kinds=list(profile.kinds),
        functions=[(each.name, each.place) for each in profile.functions],
        function_of=profile.function_of.tolist(),
        parent_of=profile.parent_of.tolist(),
        spans=spans,
        notes=list(profile.notes),
        lines={name: dict(lines) for name, lines in profile.lines.items()},
    )
    return gzip.compress(msgspec.json.encode(whole), mtime=0)


def load_profiles(run: Path) -> dict[Cell, Profile]:
    """Read the profiles of a run directory; none where none was made.

    UsageError for a file that is damaged or of another format.
    """
    found = (read_profile(path) for path in sorted((run / DIRECTORY).glob("*.json.gz")))
    return {profile.cell: profile for profile in found}


def load_whole(run: Path) -> tuple[dict[Cell, Profile], tuple[str, ...]]:
    """Read the profiles of a run directory that are whole, and say what is wrong with others."""
    found: dict[Cell, Profile] = {}
    wrong: list[str] = []
    for path in sorted((run / DIRECTORY).glob("*.json.gz")):
        try:
            profile = read_profile(path)
            found[profile.cell] = profile
        except UsageError as error:
            wrong.append(error.message)
    return found, tuple(wrong)


def profile_of(run: Path, cell: Cell) -> Profile | None:
    """Read the profile of one cell, None where there is none; errors as of `read_profile`."""
    path = run / DIRECTORY / file_of(cell)
    return read_profile(path) if path.exists() else None


def read_profile(path: Path) -> Profile:
    """Read the file of a profile; UsageError says what is wrong with it."""
    try:
        return _decoded(_expanded(path.read_bytes()))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}", "name a run directory") from None
    except (ValueError, EOFError, zlib.error) as error:
        raise UsageError(f"{path}: not a profile: {error}", "measure it again") from None


def _expanded(data: bytes) -> bytes:
    """Decompress a file, whose own check sum is checked by that."""
    expander = zlib.decompressobj(wbits=31)  # gzip
    text = expander.decompress(data, _MOST)
    if expander.unconsumed_tail or not expander.eof:
        raise ValueError("it is too long, or its end is missing")
    return text


def _decoded(text: bytes) -> Profile:
    try:
        whole = msgspec.json.decode(text, type=_File)
    except msgspec.ValidationError as error:
        raise ValueError(complaint(error)) from None
    if whole.format != FORMAT:
        raise ValueError(f"format {whole.format}: this version of bench reads {FORMAT}")
    _check(whole)
    return Profile(
        cell=whole.cell,
        rep=whole.rep,
        kinds=tuple(whole.kinds),
        functions=tuple(Function(*each) for each in whole.functions),
        function_of=np.array(whole.function_of, dtype=np.int64),
        parent_of=np.array(whole.parent_of, dtype=np.int64),
        spans=_spans(whole.spans),
        notes=tuple(whole.notes),
        lines=whole.lines,
    )


def _spans(spans: Mapping[str, _Span]) -> dict[str, Spent]:
    return {
        name: Spent(
            span.ticks,
            np.array(span.nodes, dtype=np.int64),
            np.array(span.counts, dtype=np.int64).T.reshape(len(span.nodes), len(span.counts)),
        )
        for name, span in spans.items()
    }


def _check(whole: _File) -> None:
    """Raise ValueError where numbers point to what is not there."""
    nodes = len(whole.parent_of)
    if len(whole.function_of) != nodes:
        raise ValueError("its tree is not whole")
    if whole.kinds[:1] != [INSTRUCTIONS] or len({*whole.kinds}) < len(whole.kinds):
        raise ValueError(f"its kinds do not begin with {INSTRUCTIONS}, or one is there twice")
    if any(each >= len(whole.functions) for each in whole.function_of):
        raise ValueError("a node is of a function that it does not name")
    if any(not -1 <= parent < node for node, parent in enumerate(whole.parent_of)):
        raise ValueError("a node stands before its parent")
    for name, span in whole.spans.items():
        lengths = {len(span.nodes), *map(len, span.counts)}
        whole_span = len(span.counts) == len(whole.kinds) and len(lengths) == 1
        if not whole_span or any(node >= nodes for node in span.nodes):
            raise ValueError(f"its span {name} is not whole")
        if len({*span.nodes}) < len(span.nodes):
            raise ValueError(f"its span {name} names a node twice")
    _check_sums(whole.spans)


def _check_sums(spans: Mapping[str, _Span]) -> None:
    """Raise ValueError where nothing was counted, or more than sums have room for."""
    pause = [spent for name, spent in spans.items() if name not in (SETTLE, AFTER_PAUSE)]
    if not any(map(any, (span.counts[0] for span in pause))):
        raise ValueError("no instruction of its pause was counted")
    ticks = sum(span.ticks for span in spans.values())
    for kind in zip(*(span.counts for span in spans.values()), strict=True):
        if max(ticks, sum(map(sum, kind))) > _INT64:
            raise ValueError("its counts are too large to be added up")
