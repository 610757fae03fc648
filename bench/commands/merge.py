# SPDX-License-Identifier: GPL-2.0-only
"""Carry out `bench merge`: find what the parts of a plan have of each of its boots."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from msgspec import structs

from bench.commands.boots_report import boots_report
from bench.commands.outcome import Outcome, Say
from bench.commands.stored import EXIT_CANNOT_JUDGE, EXIT_GOOD, outcome_of
from bench.errors import UsageError
from bench.measure.merge import Merged, merge, require_one_means
from bench.report.table.section import Section
from bench.results.series import BOOTS, Series, read_series
from bench.results.writer import create_boots

_MOST_NAMED = 3  # of what is missing


def merge_command(
    paths: Sequence[Path], out: Path | None, arguments: Sequence[str], say: Say
) -> Outcome:
    """Put the parts of a plan together: runs, or directories of boots.

    125 where a part of the plan is missing; what is there is put together all the same.
    """
    if out is None:
        raise UsageError("--out is missing", "bench merge PART... --out DIR")
    several = [(path / BOOTS).exists() for path in paths]
    if all(several):
        return _merge_boots(paths, out, arguments, say)
    if any(several):
        boots, run = paths[several.index(True)], paths[several.index(False)]
        raise UsageError(f"{boots} has boots, {run} is one run", "merge parts of one plan")
    merged = merge(paths, out, arguments)
    _say(merged, say)
    whole = outcome_of(merged.store)
    hint = f"measure the rest: bench run --resume {out}"
    missing = [block.label for block in merged.missing]
    return replace(_judged(whole.code, whole.sections, missing, hint), runs=whole.runs)


def _merge_boots(paths: Sequence[Path], out: Path, arguments: Sequence[str], say: Say) -> Outcome:
    series = _whole(paths)
    parts = {
        place: [part for path in paths if ((part := path / place) / "run.json").exists()]
        for place in series.boots
    }
    require_one_means([*chain.from_iterable(parts.values())])
    create_boots(out, series)
    try:
        return _merge_each(parts, out, arguments, say)
    except UsageError:  # of a part of any boot: nothing is put together, as of single runs
        shutil.rmtree(out)
        raise


def _merge_each(
    parts_of: Mapping[str, Sequence[Path]], out: Path, arguments: Sequence[str], say: Say
) -> Outcome:
    """Merge the parts of each boot, which are those of a place below ``out``."""
    missing: list[str] = []
    outcomes: list[Outcome] = []
    for place, parts in parts_of.items():
        if not parts:
            missing.append(f"all of {place}")
            continue
        merged = merge(parts, out / place, arguments)
        _say(merged, say)
        missing += [f"{place}: {block.label}" for block in merged.missing]
        outcomes.append(outcome_of(merged.store))
    runs = [path for outcome in outcomes for path in outcome.runs]
    code = next((outcome.code for outcome in reversed(outcomes) if outcome.code), EXIT_GOOD)
    sections = boots_report(out, runs, outcomes[0].sections) if outcomes else ()
    hint = f"measure the rest: bench run --resume {out}"
    return replace(_judged(code, sections, missing, hint), runs=(*runs,))


def _whole(paths: Sequence[Path]) -> Series:
    """Return of what the parts are; UsageError if they do not agree."""
    first, *others = paths
    whole = _parts_apart(first)
    for path in others:
        if _parts_apart(path) != whole:
            why = f"{path}: its boots are not those of {first}"
            raise UsageError(why, "merge parts of one plan")
    return whole


def _parts_apart(path: Path) -> Series:
    """Return what the parts of one plan have in common."""
    return structs.replace(read_series(path), shard="")


def _say(merged: Merged, say: Say) -> None:
    for line in merged.notes:
        say(line)


def _judged(code: int, sections: Sequence[Section], missing: Sequence[str], hint: str) -> Outcome:
    """Return what a merge came to: as if all had been measured at once, or what is missing."""
    if not missing:
        return Outcome(code, sections=(*sections,))
    named = "; ".join(missing[:_MOST_NAMED])
    more = f", and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
    complaint = f"missing: {named}{more}"
    return Outcome(code or EXIT_CANNOT_JUDGE, "", complaint, hint, (*sections,))
