# SPDX-License-Identifier: GPL-2.0-only
"""`bench report`: stored runs as text on a terminal, or in the formats of other programs."""

from collections.abc import Sequence
from pathlib import Path

from bench.errors import CannotJudge, UsageError
from bench.outcome import Outcome
from bench.report.text import render
from bench.store import Run, load

BASELINE = "baseline"


def written(paths: Sequence[Path], kind: str | None, out: Path | None) -> Outcome:
    """One format of all runs; a damaged one is reported, and said to be so."""
    if kind == BASELINE:
        return _baseline(paths, out)
    runs = [load(path) for path in paths]
    text = _text(runs) if kind is None else _export(kind, runs)
    damaged = next((run for run in runs if run.damage), None)
    complaint = f"{damaged.path} is damaged: the report says where" if damaged else ""
    if out:
        _write(out, text)
        text = ""
    return Outcome(1 if damaged else 0, text, complaint)


def _text(runs: Sequence[Run]) -> str:
    for run in runs:
        if not run.measured:
            raise CannotJudge(f"{run.path}: no cell was measured")
    return "\n\n".join(f"\n{render(run)}" for run in runs)


def _export(kind: str, runs: Sequence[Run]) -> str:
    from bench.report.exports import FORMATS, export

    if kind not in FORMATS:
        known = ", ".join([*FORMATS, BASELINE])
        raise UsageError(f"--format: '{kind}' is unknown: known are {known}")
    return export(kind, runs).rstrip("\n")


def _baseline(paths: Sequence[Path], out: Path | None) -> Outcome:
    """What `bench gate` takes for BASE, to be kept in a repository."""
    from bench.sides import read_side, write_baseline

    if out is None:
        raise UsageError("--format baseline: --out is missing", "name the file to keep in git")
    from bench.series import runs_below

    write_baseline(read_side([run for path in paths for run in runs_below(path)]), out)
    return Outcome(0, f"baseline: {out}")


def _write(path: Path, text: str) -> None:
    try:
        # A command line or a path may hold what is not UTF-8: as on standard output.
        path.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"--out: {path}: {error.strerror}", "name a writable place") from None


def listing() -> str:
    """Scenarios with their questions; devices with whether they can run here."""
    from bench.devices import DEVICES
    from bench.executors.guest_setup import why_not_here
    from bench.paths import SCENARIOS
    from bench.report.columns import columns
    from bench.scenario import load_scenario

    names = sorted(path.stem for path in SCENARIOS.glob("*.toml"))
    rows = [("scenario", "its question")]
    rows += [(name, load_scenario(name, {}).question) for name in names]
    devices = [(d.name, why_not_here(d) or "yes", d.stands_for) for d in DEVICES.values()]
    shown = columns([("device", "runs here", "stands for"), *devices])
    return f"{columns(rows)}\n\n{shown}"
