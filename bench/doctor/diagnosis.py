# SPDX-License-Identifier: GPL-2.0-only
"""The words of a diagnosis: findings, and the ways of measuring that they leave open."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

USABLE, NOT_HERE = 0, 125


class Severity(StrEnum):
    PROBLEM = "problem"  # it closes a way of measuring; `fix` opens it, or leads round it
    WARNING = "warning"  # figures are worse for it, or some cells are left out
    INFO = "info"  # good to know, nothing is lost
    OK = "ok"


@dataclass(frozen=True)
class Finding:
    """One line about one topic. ``fix`` is a shell command; what to watch for follows a #."""

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
    findings: tuple[Finding, ...]
    ways: tuple[Way, ...]
    facts: Mapping[str, Any]  # those of bench.machine.facts

    @property
    def exit_code(self) -> int:
        """0 when there is a way to measure something, else 125."""
        return USABLE if any(way.usable for way in self.ways) else NOT_HERE


def first_problem(findings: tuple[Finding, ...]) -> str:
    """The text of the first problem, empty when there is none."""
    return next((f.text for f in findings if f.state is Severity.PROBLEM), "")
