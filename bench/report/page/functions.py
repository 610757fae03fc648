# SPDX-License-Identifier: GPL-2.0-only
"""What a page says of profiles: flame graphs, the largest functions, what differs by function."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.report.page.figures import Plot
from bench.report.table.function_changes import kernels_changed, methods_changed
from bench.report.table.functions import functions_section
from bench.report.table.section import Section
from bench.results.writer import Run


@dataclass(frozen=True)
class ProfilePart:
    """The part of a chapter that is made of the profiles of its run."""

    notes: tuple[str, ...]
    flames: tuple[Plot, ...]
    sections: tuple[Section, ...]


def profile_part(run: Run) -> ProfilePart | None:
    """Make the part of a run; None without a profile."""
    largest = functions_section(run)
    if not largest:
        return None
    by_phase = replace(largest, title="The largest functions, phase by phase", notes=())
    sections = [each for each in (by_phase, methods_changed(run)) if each]
    return ProfilePart(largest.notes, (), tuple(sections))


def changed_by_function(runs: Sequence[Run], names: Sequence[str]) -> list[Section]:
    """Hold the profiles of each run against those of the first one."""
    found = (
        kernels_changed(runs[0], run, (names[0], name))
        for run, name in zip(runs[1:], names[1:], strict=True)
    )
    return [section for section in found if section]
