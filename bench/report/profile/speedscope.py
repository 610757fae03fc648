# SPDX-License-Identifier: GPL-2.0-only
"""Write a profile for speedscope: each span is a profile of stacks with weights."""

from typing import Any

import msgspec
import numpy as np

from bench.profile.profile import Function, Profile
from bench.report.profile.portion import Portion, portion

SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def speedscope(taken: Portion) -> str:
    """Write JSON of speedscope's file format; spans without counts are left out."""
    profile = taken.profile
    stacks = _stacks(profile, taken.own)
    parts = [portion(profile, [name], taken.kind) for name in taken.spans]
    whole = {
        "$schema": SCHEMA,
        "name": f"{profile.cell.label}: {taken.kind}",
        "exporter": "bench",
        "activeProfileIndex": 0,
        "shared": {"frames": [_frame(each) for each in profile.functions]},
        "profiles": [_sampled(part, stacks) for part in parts if part.total],
    }
    return msgspec.json.encode(whole).decode()


def _frame(function: Function) -> dict[str, str]:
    frame = {"name": function.label}
    return frame | {"file": Function(function.place).label} if function.place else frame


def _sampled(part: Portion, stacks: dict[int, list[int]]) -> dict[str, Any]:
    """Make the profile of one span; a weight is a count, which has no unit there."""
    nodes = np.flatnonzero(part.own).tolist()
    return {
        "type": "sampled",
        "name": part.place,
        "unit": "none",
        "startValue": 0,
        "endValue": part.total,
        "samples": [stacks[node] for node in nodes],
        "weights": part.own[nodes].tolist(),
    }


def _stacks(profile: Profile, own: np.ndarray[Any, np.dtype[np.int64]]) -> dict[int, list[int]]:
    """Return the functions on the path of each node that spent anything, the outermost first."""
    parents, functions = profile.parent_of.tolist(), profile.function_of.tolist()
    found = {}
    for node in np.flatnonzero(own).tolist():
        path, at = [], node
        while at >= 0:
            path.append(functions[at])
            at = parents[at]
        found[node] = path[::-1]
    return found
