# SPDX-License-Identifier: GPL-2.0-only
"""Define a diagnosis, its findings and the ways of measuring they leave open; print it. Pure."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from bench.model.facts import MachineFacts
from bench.model.typed import plain

USABLE, NOT_HERE = 0, 125


class Severity(StrEnum):
    """What a finding means, the worst first."""

    PROBLEM = "problem"  # a way of measuring is closed; `fix` opens it, or names another way
    WARNING = "warning"  # figures are less certain, or some cells are left out
    INFO = "info"  # good to know, nothing is lost
    OK = "ok"


@dataclass(frozen=True)
class Finding:
    """One line about one topic. ``fix`` is a shell command, with a remark behind a #."""

    topic: str
    state: Severity
    text: str
    fix: str = ""


@dataclass(frozen=True)
class Way:
    """An executor with its clock or its device, whether it can measure here, and why."""

    name: str
    usable: bool
    why: str


@dataclass(frozen=True)
class Diagnosis:
    """What was found on this machine."""

    findings: tuple[Finding, ...]
    ways: tuple[Way, ...]
    facts: MachineFacts

    @property
    def exit_code(self) -> int:
        """Return 0 when something can be measured, else 125."""
        return USABLE if any(way.usable for way in self.ways) else NOT_HERE


def first_problem(findings: tuple[Finding, ...]) -> str:
    """Return the text of the first problem, "" when there is none."""
    return next((f.text for f in findings if f.state is Severity.PROBLEM), "")


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
