# SPDX-License-Identifier: GPL-2.0-only
"""What a page says of profiles: flame graphs, the largest functions, what differs by function."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.profile.functions import functions_of, short
from bench.profile.profile import Profile
from bench.report.page.figures import Plot, picture
from bench.report.profile.flame import flame, flame_svg
from bench.report.profile.portion import portion
from bench.report.table.columns import factors
from bench.report.table.function_changes import kernels_changed, methods_changed
from bench.report.table.functions import functions_section, one_a_method, percent
from bench.report.table.section import Section
from bench.results.writer import Run

_SAID = 3  # functions
_READING = (
    "A frame is as wide as what its function executed with all that it called, which is below "
    "it; what is too narrow is merged."
)


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
    flames = (_flame(run.profiles[cell]) for cell in one_a_method(run))
    return ProfilePart(largest.notes, tuple(flames), tuple(sections))


def _flame(profile: Profile) -> Plot:
    """Draw the pause of a cell, with the functions for its caption that spent most themselves."""
    whole = functions_of(profile).whole
    said = [f"{percent(own / whole.counted)} {short(name)}" for name, own in whole.top(_SAID)]
    title = f"{profile.cell.method.value}, {' '.join(factors(profile.cell)[:4])}"
    finding = f"Own instructions, of the pause: {', '.join(said)}."
    svg = flame_svg(flame(portion(profile)))
    return Plot(title, finding, _READING, [picture(svg, f"{title}: {finding}")])


def changed_by_function(runs: Sequence[Run], names: Sequence[str]) -> list[Section]:
    """Hold the profiles of each run against those of the first one."""
    found = (
        kernels_changed(runs[0], run, (names[0], name))
        for run, name in zip(runs[1:], names[1:], strict=True)
    )
    return [section for section in found if section]
