# SPDX-License-Identifier: GPL-2.0-only
"""Who measured, with what and when: a run that was resumed has more than one session."""

import hashlib
import platform
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from bench import __version__
from bench.errors import BenchError
from bench.machine import facts as machine
from bench.paths import ROOT
from bench.process import run

_HELPER = Path(__file__).resolve().parent.parent / "helper"

# Of these tables of run.json, what has to be the same in every session.
_SAME = {
    "executor": (
        *("name", "accelerator", "qemu", "memory", "cmdline", "devices"),
        *("kernel", "kernel_digest", "kernel_version"),
    ),
    "machine": ("cpu", "cpus", "kernel", "arch"),
}


def session(arguments: Sequence[str]) -> dict[str, Any]:
    """One that begins now: time in UTC, and which sources of ours measure."""
    return {
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "bench": __version__,
        "command": shlex.join(["bench", *arguments]),
        "host": platform.node(),
        "boot_id": machine.boot_id(),
        "revision": revision(),
        "helper": helper_digest(),
    }


@cache
def revision() -> str:
    """Of the checkout, ``-dirty`` when it was changed; empty where there is none."""
    if not (ROOT / ".git").exists():
        return ""
    git = ["git", "--no-optional-locks", "-C", str(ROOT)]
    try:
        return run([*git, "describe", "--always", "--dirty", "--exclude=*"], timeout=10).strip()
    except BenchError:
        return ""


@cache
def helper_digest() -> str:
    """Of the helper's sources: another helper can have other costs."""
    sources = sorted(path for path in _HELPER.iterdir() if path.is_file())
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:12]


def continuity_problems(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What keeps samples of ``now`` from standing beside those of ``then``; both run.json."""
    pairs = {"clock": (then.get("clock"), now.get("clock"))}
    for table, keys in _SAME.items():
        for key in keys:
            name = f"{table} {key}".removeprefix("executor name").strip() or "executor"
            pairs[name] = (then.get(table, {}).get(key), now.get(table, {}).get(key))
    pairs["helper"] = (_helper(then), _helper(now))
    pairs["--tune"] = (_tuned(then), _tuned(now))
    return [
        f"{name} was {_shown(before)}, is {_shown(after)}"
        for name, (before, after) in pairs.items()
        if before != after
    ]


def _helper(facts: Mapping[str, Any]) -> object:
    first: list[dict[str, Any]] = facts.get("sessions", [])[:1]
    return first[0].get("helper") if first else None


def _tuned(facts: Mapping[str, Any]) -> str:
    """A report names settings once, so that they hold for all of its samples or for none."""
    return "given" if facts.get("tune", facts.get("tuned")) else "not given"


def _shown(value: object) -> str:
    return "not known" if value is None else str(value)
