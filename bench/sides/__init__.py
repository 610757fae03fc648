# SPDX-License-Identifier: GPL-2.0-only
"""The two sides of a comparison: what each measured, and where, whatever file it comes from."""

from bench.sides.baseline import write_baseline
from bench.sides.copies import same_run
from bench.sides.functions import Explanation, FunctionChange, explain, function_changes
from bench.sides.names import cell_name, key_name
from bench.sides.noise import LEAST_SESSIONS, session_medians, session_noise
from bench.sides.phases import Breakdown, PhaseChange, breakdown
from bench.sides.preparation import alike_boots
from bench.sides.read import read_side
from bench.sides.runs import side_of
from bench.sides.side import CellValues, Key, SessionNoise, Side, changes, differences, keys_of

__all__ = [
    "LEAST_SESSIONS",
    "Breakdown",
    "CellValues",
    "Explanation",
    "FunctionChange",
    "Key",
    "PhaseChange",
    "SessionNoise",
    "Side",
    "alike_boots",
    "breakdown",
    "cell_name",
    "changes",
    "differences",
    "explain",
    "function_changes",
    "key_name",
    "keys_of",
    "read_side",
    "same_run",
    "session_medians",
    "session_noise",
    "side_of",
    "write_baseline",
]
