# SPDX-License-Identifier: GPL-2.0-only
"""The report as plain text, no colour: for pipes and files."""

from bench.report.contents import contents
from bench.report.section import plain
from bench.store import Run


def render(run: Run) -> str:
    """Without the end of its last line."""
    return "\n\n".join(map(plain, contents(run)))
