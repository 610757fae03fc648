# SPDX-License-Identifier: GPL-2.0-only
"""The report as plain text, no colour: for pipes and files."""

from collections.abc import Iterable

from bench.report.table.contents import contents
from bench.report.table.section import Section, plain
from bench.results.writer import Run


def render(run: Run) -> str:
    """Without the end of its last line."""
    return text_of(contents(run))


def text_of(sections: Iterable[Section]) -> str:
    """A blank line between them."""
    return "\n\n".join(map(plain, sections))
