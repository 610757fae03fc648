# SPDX-License-Identifier: GPL-2.0-only
"""Define a diagnosis: findings, and the ways of measuring that they leave open."""

from dataclasses import dataclass
from enum import StrEnum

from bench.model.facts import MachineFacts

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
