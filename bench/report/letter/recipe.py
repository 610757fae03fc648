# SPDX-License-Identifier: GPL-2.0-only
"""How to measure a letter's figures again, from nothing: clone, revision, commands."""

import re
import shlex
from collections.abc import Sequence
from importlib import metadata

from bench.report.letter.ascii import command, wrapped
from bench.results.writer import Run

_URL = "*** URL HERE: of the repository of bench ***"
_DIRTY = "-dirty"
_PLACES = ("--out", "--format", "--export")  # where a command wrote to, and what it printed
_BOOT = re.compile(r"[0-9]{2,}")  # the directory of a boot, below that of its kernel


def recipe(runs: Sequence[Run], base: Sequence[Run] = (), style: str = "") -> list[str]:
    """Write the commands that measure all of it and write the letter, in order.

    A revision is checked out where it is known. Each command that measured writes into a
    directory of its own: that of the run may not be there on another machine.
    """
    both = [*base, *runs]
    asked = list(dict.fromkeys((_revision(run), run.facts.command) for run in both))
    known = [each for each in asked if each[1]]
    if not known:
        return ["To reproduce: no command was recorded."]
    lines = [f"  $ git clone {_where()} bench", "  $ cd bench"]
    places: dict[tuple[str, str], str] = {}
    ready = None
    for number, each in enumerate(known, 1):
        revision, text = each
        places[each] = f"run-{number}"
        if revision != ready:
            ready, bare = revision, revision.removesuffix(_DIRTY)
            lines += command(f"git checkout {shlex.quote(bare)}") if bare else []
            lines += ["  $ make setup && PATH=$PWD/.venv/bin:$PATH"]
        lines += command(_into(text, places[each]))
    lines += command(_report(runs, base, places, style))
    return ["To reproduce, on Debian 12 or 13 as root:", "", *lines, *_changed(known)]


def _revision(run: Run) -> str:
    return run.facts.sessions[-1].revision if run.facts.sessions else ""


def _where() -> str:
    """Return the address that the installed package names, or a place to write one."""
    try:
        urls = metadata.metadata("bench").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        urls = []
    named = dict(text.split(", ", 1) for text in urls if ", " in text)
    address = next((named[key] for key in ("Repository", "Source") if key in named), "")
    return shlex.quote(address) if address else _URL


def _into(text: str, place: str) -> str:
    """Let a command line write into a directory; one that no shell can split stays."""
    try:
        words = shlex.split(text)
    except ValueError:
        return text
    kept: list[str] = []
    skip = False
    for word in words:
        name, equals, _ = word.partition("=")
        if not skip and name not in _PLACES:
            kept.append(word)
        skip = not skip and name in _PLACES and not equals
    return shlex.join([*kept, "--out", place])


def _report(
    runs: Sequence[Run], base: Sequence[Run], places: dict[tuple[str, str], str], style: str
) -> str:
    words = ["bench", "report", *_targets(runs, places), "--format", "cover-letter"]
    words += ["--style", style] if style else []
    words += ["--base", _targets(base, places)[0]] if _targets(base, places) else []
    return shlex.join(words)


def _targets(runs: Sequence[Run], places: dict[tuple[str, str], str]) -> list[str]:
    """List the directories of runs where the commands write them: a kernel's, of its boots."""
    found = []
    for run in runs:
        place = places.get((_revision(run), run.facts.command))
        kernel = f"/{run.path.parent.name}" if _BOOT.fullmatch(run.path.name) else ""
        found += [f"{place}{kernel}"] if place else []
    return [*dict.fromkeys(found)]


def _changed(known: Sequence[tuple[str, str]]) -> list[str]:
    """Say that a revision is not all that a run was measured by."""
    if any(revision.endswith(_DIRTY) for revision, _ in known):
        said = "The checkout had changes that are in no revision: counts may differ by them."
        return ["", *wrapped(said)]
    if not all(revision for revision, _ in known):
        return ["", *wrapped("Which revision of bench has measured this was not recorded.")]
    return []
