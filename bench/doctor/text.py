# SPDX-License-Identifier: GPL-2.0-only
"""Write a diagnosis as text for people and as data for programs. Pure."""

from dataclasses import asdict
from typing import Any

from bench.doctor.diagnosis import Diagnosis, Finding, Way
from bench.model.typed import plain


def render(diagnosis: Diagnosis) -> str:
    """Return the ways of measuring, then the findings, the worst first, each with its fix."""
    ways = [_way(way, max(len(way.name) for way in diagnosis.ways)) for way in diagnosis.ways]
    width = max((len(finding.topic) for finding in diagnosis.findings), default=0)
    findings = [line for finding in diagnosis.findings for line in _finding(finding, width)]
    return "\n".join(["What can be measured here", *ways, "", "Findings", *findings])


def _way(way: Way, width: int) -> str:
    return f"  {way.name:<{width}}  {'yes' if way.usable else 'no':<3}  {way.why}"


def _finding(finding: Finding, width: int) -> list[str]:
    head = f"  {finding.state:<7}  {finding.topic:<{width}}  "
    lines = [f"{head}{finding.text}"]
    if finding.fix:
        lines.append(f"{' ' * len(head)}$ {finding.fix}")
    return lines


def as_dict(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return a diagnosis as JSON's own types; ``facts`` is what run.json calls ``machine``."""
    return {
        "exit_code": diagnosis.exit_code,
        "ways": [asdict(way) for way in diagnosis.ways],
        "findings": [
            {**asdict(finding), "state": finding.state.value} for finding in diagnosis.findings
        ],
        "facts": plain(diagnosis.facts),
    }
