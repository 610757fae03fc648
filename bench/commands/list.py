# SPDX-License-Identifier: GPL-2.0-only
"""Carry out `bench list`: what there is to measure, and whether it can be measured here."""

from collections.abc import Iterable

from bench.executors.guest_setup import why_not_here
from bench.model.device import DEVICES
from bench.paths import SCENARIOS
from bench.plan.scenario import load_scenario
from bench.report.table.section import Column, Entry, make_table
from bench.report.text.text import table_text


def listing() -> str:
    """List scenarios with their questions, and devices with whether they can run here."""
    names = sorted(path.stem for path in SCENARIOS.glob("*.toml"))
    scenarios = [(name, load_scenario(name, {}).question) for name in names]
    devices = [(d.name, why_not_here(d) or "yes", d.stands_for) for d in DEVICES.values()]
    shown = _table(("device", "runs here", "stands for"), devices)
    return f"{_table(('scenario', 'its question'), scenarios)}\n\n{shown}"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    columns = (Column(head, right=False) for head in heads)
    return table_text(make_table(columns, (map(Entry, row) for row in rows)))
