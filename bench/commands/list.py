# SPDX-License-Identifier: GPL-2.0-only
"""`bench list`: what there is to measure, and whether it can be measured here."""

from bench.executors.guest_setup import why_not_here
from bench.model.device import DEVICES
from bench.paths import SCENARIOS
from bench.plan.scenario import load_scenario
from bench.report.table.columns import columns


def listing() -> str:
    """Scenarios with their questions; devices with whether they can run here."""
    names = sorted(path.stem for path in SCENARIOS.glob("*.toml"))
    rows = [("scenario", "its question")]
    rows += [(name, load_scenario(name, {}).question) for name in names]
    devices = [(d.name, why_not_here(d) or "yes", d.stands_for) for d in DEVICES.values()]
    shown = columns([("device", "runs here", "stands for"), *devices])
    return f"{columns(rows)}\n\n{shown}"
