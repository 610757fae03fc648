# SPDX-License-Identifier: GPL-2.0-only
"""Take a portion of a profile: what some of its spans spent, by one kind of count."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from bench.errors import UsageError
from bench.model.units import KIB
from bench.profile.profile import INSTRUCTIONS, Ints, Profile


@dataclass(frozen=True, eq=False)
class Portion:
    """What spans of a profile spent, by one of its kinds; arrays are by nodes of its tree."""

    profile: Profile
    spans: tuple[str, ...]
    kind: str = INSTRUCTIONS
    whole: bool = False  # nothing was chosen: the spans are those of the pause

    @cached_property
    def own(self) -> Ints:
        """Return what each node spent itself."""
        return self.profile.own(self.spans, self.profile.kinds.index(self.kind))

    @cached_property
    def below(self) -> Ints:
        """Return what each node spent with all below it."""
        return self.profile.below(self.own)

    @cached_property
    def total(self) -> int:
        return int(self.own.sum())

    @property
    def pages(self) -> float:
        """Count the 4K pages of guest memory."""
        return self.profile.cell.mem / (4 * KIB)

    @property
    def place(self) -> str:
        """Name what the shares are of: ``release``, ``release and exec``, ``the pause``."""
        if self.whole:
            return "the pause"
        *most, last = self.spans
        return f"{', '.join(most)} and {last}" if most else last


def path_to(profile: Profile, node: int) -> list[int]:
    """Return the functions on the path to a node, by their numbers, the outermost first."""
    path = []
    while node >= 0:
        path.append(int(profile.function_of[node]))
        node = int(profile.parent_of[node])
    return path[::-1]


def portion(profile: Profile, spans: Sequence[str] = (), kind: str = INSTRUCTIONS) -> Portion:
    """Take spans of a profile, the pause without any; UsageError for a kind that it has not."""
    if kind not in profile.kinds:
        known = ", ".join(profile.kinds)
        raise UsageError(
            f"--kind: '{kind}' is not in the profile of {profile.cell.label}: known are {known}",
            "bench run ... --profile --count KIND counts it",
        )
    chosen = tuple(dict.fromkeys(spans)) or profile.phases
    return Portion(profile, chosen, kind, whole=not spans)


def require_counts(taken: Portion) -> None:
    """Raise UsageError for a portion that has no counts: a share of nothing is none."""
    if taken.total:
        return
    profile = taken.profile
    counted = [n for n in profile.spans if portion(profile, [n], taken.kind).total]
    hint = f"there are some in {', '.join(counted)}" if counted else "measure it again"
    raise UsageError(f"{profile.cell.label}: no {taken.kind} in {taken.place}", hint)
