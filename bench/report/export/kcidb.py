# SPDX-License-Identifier: GPL-2.0-only
"""KCIDB's JSON, version 5.3, as KernelCI takes it: each cell a test that has a number."""

import hashlib
import json
import re
from typing import Any

from bench.model.cell_state import CellState
from bench.model.method import Experiment
from bench.model.visible import visible
from bench.paths import default_of
from bench.report.export.collected import Collected, collected
from bench.results.writer import Run

# A cell that is missing was never begun: nothing is known of it, as KCIDB has it of MISS.
_STATUS = {CellState.FAILED: "FAIL", CellState.MISSING: "MISS"}
_QUANTITY = {
    Experiment.LIVE_UPDATE: "pause of a live update",
    Experiment.PIN: "pinning and unpinning of memory",
    Experiment.VMM_START: "start of a VMM",
}


def kcidb(*runs: Run) -> str:
    """Write a checkout and a build for each kernel, and a test for each cell."""
    rows = [*collected(runs)]
    found: dict[str, Any] = {"version": {"major": 5, "minor": 3}}
    found["checkouts"] = _once(_checkout(row.run) for row in rows)
    found["builds"] = _once(_build(row.run) for row in rows)
    found["tests"] = [_test(row) for row in rows]
    return json.dumps(found, indent=1, allow_nan=False) + "\n"


def _once(objects: Any) -> list[dict[str, Any]]:
    return [*{each["id"]: each for each in objects}.values()]


def _origin() -> str:
    """Return the name that KernelCI knows the sender by."""
    return default_of("kcidb_origin").value


def _id(*parts: object) -> str:
    """Make an identifier that is the same for the same things."""
    text = "\0".join(map(str, parts))
    return f"{_origin()}:{hashlib.sha256(text.encode(errors='surrogateescape')).hexdigest()[:24]}"


def _checkout(run: Run) -> dict[str, Any]:
    kernel = run.facts.executor.kernel
    return {"id": _id(kernel), "origin": _origin(), "comment": visible(f"Linux {kernel}")}


def _build(run: Run) -> dict[str, Any]:
    executor = run.facts.executor
    return {
        "id": _id(executor.kernel, executor.kernel_digest),
        "origin": _origin(),
        "checkout_id": _id(executor.kernel),
        "architecture": run.facts.machine.arch,
        "status": "PASS",
    }


def _test(row: Collected) -> dict[str, Any]:
    executor, session = row.run.facts.executor, row.run.facts.sessions[:1]
    test: dict[str, Any] = {
        "id": _id(session, row.suite, row.name),
        "origin": _origin(),
        "build_id": _id(executor.kernel, executor.kernel_digest),
        "path": "bench." + re.sub(r"[^A-Za-z0-9_-]+", "_", row.name),
        "comment": f"{_QUANTITY[row.row.cell.method.experiment]}: {row.name}",
        "status": _STATUS.get(row.row.state, "SKIP"),
        "environment": {"comment": visible(row.run.facts.machine.cpu) or "unknown"},
        "misc": {"unit": row.unit, "run": row.suite},
    }
    if row.row.pause is None:
        return test | {"misc": {**test["misc"], "reason": row.reason}}
    value, unit = row.row.pause.median, row.unit
    number = {"value": value / 1e9, "unit": "s"} if unit == "ns" else {"value": value, "unit": unit}
    # DONE: the number is the result, and nobody has judged it.
    return test | {"status": "DONE", "number": {**number, "prefix": "metric"}}
