# SPDX-License-Identifier: GPL-2.0-only
"""Journals of processes that have ended."""

import json
from collections.abc import Mapping
from pathlib import Path

from bench.machine.facts import boot_id
from bench.machine.procfs import pid_namespace
from tests.unit.machines import POOL

POOL_SIZE = f"{POOL}/nr_hugepages"


def files(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.json"))


def left(directory: Path, *entries: Mapping[str, object], **owner: object) -> Path:
    """A journal of a process that has ended: pid 1 began at another time."""
    facts = {"boot": boot_id(), "space": pid_namespace(), "pid": 1, "start": 987654321, **owner}
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "{boot}_{space}_{pid}_{start}_0000000000000000.json".format(**facts)
    path.write_text(json.dumps({"format": 1, "entries": entries}))
    return path


def setting(path: Path, before: str, after: str, settled: bool = True) -> dict[str, object]:
    fields = {"path": str(path), "before": before, "after": after, "settled": settled}
    return {"kind": "setting", **fields}
