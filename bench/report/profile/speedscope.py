# SPDX-License-Identifier: GPL-2.0-only
"""Write a profile for speedscope: each span is a profile of stacks with weights."""

from typing import Any

import msgspec
import numpy as np

from bench.profile.profile import Function
from bench.report.profile.portion import Portion, path_to, portion

SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def speedscope(taken: Portion) -> str:
    """Write JSON of speedscope's file format; spans without counts are left out."""
    profile = taken.profile
    stacks = {node: path_to(profile, node) for node in np.flatnonzero(taken.own).tolist()}
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
