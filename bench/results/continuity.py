# SPDX-License-Identifier: GPL-2.0-only
"""Say what keeps two parts of a run from standing side by side."""

from collections.abc import Mapping
from typing import Any

# Of these tables of run.json, what has to be the same in every session.
_SAME = {
    "executor": (
        *("name", "accelerator", "qemu", "memory", "cmdline", "devices"),
        *("kernel", "kernel_digest", "kernel_version"),
    ),
    "machine": ("cpu", "cpus", "kernel", "arch"),
}


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
