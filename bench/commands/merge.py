# SPDX-License-Identifier: GPL-2.0-only
"""Carry out `bench merge`: find what the parts of a plan have of each of its boots."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.commands.outcome import Outcome, Say
from bench.commands.run import boots_report
from bench.commands.stored import EXIT_CANNOT_JUDGE, EXIT_GOOD, outcome_of
from bench.errors import UsageError
from bench.measure.merge import Merged, merge
from bench.report.table.section import Section
from bench.results.series import BOOTS
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
    places = _places(paths)
    create_boots(out, _series(paths[0])["scenario"], places)
    missing: list[str] = []
    outcomes: list[Outcome] = []
    for place in places:
        parts = [path / place for path in paths if (path / place / "run.json").exists()]
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
    hint = "measure the part that is missing, and merge all of them again"
    return replace(_judged(code, sections, missing, hint), runs=(*runs,))


def _series(path: Path) -> dict[str, Any]:
    """Read what a directory of boots says of itself; UsageError if it is none of a shard."""
    file = path / BOOTS
    try:
        table = json.loads(file.read_text())
        if isinstance(table, dict) and isinstance(table.get("scenario"), str):
            boots = table.get("boots")
            if isinstance(boots, list) and boots and all(map(_is_place, boots)):
                return table
    except (OSError, ValueError):
        pass
    raise UsageError(f"{file}: does not say which boots there are", "measure it with --shard")


def _is_place(text: object) -> bool:
    """Tell whether this is where a boot goes: KERNEL/NUMBER, and nowhere else."""
    if not isinstance(text, str):
        return False
    label, _, number = text.partition("/")
    return number.isdecimal() and label not in ("", ".", "..")


def _places(paths: Sequence[Path]) -> list[str]:
    """Return where the boots of a plan go; UsageError if the parts do not agree."""
    first, *others = paths
    places: list[str] = _series(first)["boots"]
    for path in others:
        if _series(path)["boots"] != places:
            why = f"{path}: its boots are not those of {first}"
            raise UsageError(why, "merge parts of one plan")
    return places


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
