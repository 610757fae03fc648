# SPDX-License-Identifier: GPL-2.0-only
"""Sum a profile by function: what reports, comparisons and baselines say of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from heapq import nlargest

import numpy as np

from bench.profile.profile import Profile

# Of a pause, that the smallest phase is which a report breaks down, and how many those are.
LEAST_PHASE, MOST_PHASES = 0.05, 3
_KEPT = 2e-4  # of a pause: what spends less is not kept by its name
_SMALL_PHASE = 1e-3  # of a pause
_LONGEST = 60  # letters of a name in a sentence or a table


@dataclass(frozen=True)
class PhaseFunctions:
    """What the functions of one phase executed themselves, by their labels.

    ``ticks`` is the phase by the guest's clock, ``others`` what functions executed that are
    not named: of a baseline, which keeps the largest ones.
    """

    ticks: int
    own: Mapping[str, int]
    others: int = 0

    @property
    def counted(self) -> int:
        return sum(self.own.values()) + self.others

    @property
    def apart(self) -> int:
        """Return by how many instructions the functions miss the clock's phase."""
        return abs(self.counted - self.ticks)

    def top(self, count: int) -> list[tuple[str, int]]:
        """List the largest functions, those of one size by name."""
        return nlargest(count, self.own.items(), key=lambda each: (each[1], each[0]))

    def largest(self, least: float) -> "PhaseFunctions":
        """Keep the functions that executed so much, by name; the rest becomes ``others``."""
        kept = {label: own for label, own in sorted(self.own.items()) if own >= least}
        return PhaseFunctions(self.ticks, kept, self.counted - sum(kept.values()))


@dataclass(frozen=True)
class CellFunctions:
    """The phases of a cell's pause in their order, each by function."""

    phases: Mapping[str, PhaseFunctions]

    @property
    def pause(self) -> int:
        """Return all instructions that were counted in the pause."""
        return sum(phase.counted for phase in self.phases.values())

    @property
    def whole(self) -> PhaseFunctions:
        """Sum the functions over all phases."""
        total: dict[str, int] = {}
        for phase in self.phases.values():
            for label, own in phase.own.items():
                total[label] = total.get(label, 0) + own
        parts = self.phases.values()
        return PhaseFunctions(sum(p.ticks for p in parts), total, sum(p.others for p in parts))

    def that_matter(self) -> dict[str, PhaseFunctions]:
        """Return the phases that make most of the pause, in the order in which they happen."""
        least = max(1, LEAST_PHASE * self.pause)
        large = [name for name, phase in self.phases.items() if phase.counted >= least]
        most = nlargest(MOST_PHASES, large, key=lambda name: self.phases[name].counted)
        return {name: self.phases[name] for name in large if name in most}

    def compact(self) -> "CellFunctions":
        """Keep the names that matter to a comparison: 0.02 % of the pause or more."""
        least = max(1, _KEPT * self.pause)
        return CellFunctions({name: phase.largest(least) for name, phase in self.phases.items()})


def functions_of(profile: Profile) -> CellFunctions:
    """Sum the pause of a profile by function; functions of one label are one."""
    return CellFunctions({name: _phase(profile, name) for name in profile.phases})


def _phase(profile: Profile, name: str) -> PhaseFunctions:
    total = profile.by_function(profile.own([name]))
    own: dict[str, int] = {}
    for place in np.flatnonzero(total).tolist():
        label = profile.functions[place].label
        own[label] = own.get(label, 0) + int(total[place])
    return PhaseFunctions(profile.spans[name].ticks, own)


@dataclass(frozen=True)
class Apart:
    """How far functions are from the clock: the phase in which they miss it by the largest share.

    Of phases that are next to nothing of their pause a share says little: ``small`` is the
    largest number of instructions that is missed there.
    """

    share: float = 0.0
    instructions: int = 0
    phase: str = ""
    method: str = ""
    small: int = 0


def farthest_apart(profiles: Iterable[Profile]) -> Apart:
    """Hold every phase of some profiles against the clock; a share of 0 where all agree."""
    found = Apart()
    for profile in profiles:
        pause = sum(profile.spans[name].ticks for name in profile.phases)
        for name in profile.phases:
            spent = profile.spans[name]
            missed = abs(spent.counted - spent.ticks)
            if spent.ticks < _SMALL_PHASE * pause:
                found = replace(found, small=max(found.small, missed))
            elif (share := missed / max(spent.ticks, 1)) > found.share:
                found = Apart(share, missed, name, profile.cell.method.value, found.small)
    return found


def short(label: str) -> str:
    """Cut a name that is too long for a table."""
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 3]}..."


def spelled(label: str) -> str:
    """Spell a function as prose does: ``vhost_vdpa_pa_unmap() [vhost_vdpa]``."""
    name, bracket, place = short(label).partition(" [")
    return f"{name}(){bracket}{place}"
