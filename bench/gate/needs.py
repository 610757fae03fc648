# SPDX-License-Identifier: GPL-2.0-only
"""Say before a run what its figures will be too few for."""

from bench.model.cell import Clock
from bench.model.reps import Reps
from bench.model.units import number_of
from bench.stats.counts import LEAST_REPS
from bench.stats.decision import Rule
from bench.stats.least import LEAST_OF_MEDIAN
from bench.stats.wall import least_boots


def shortage(reps: Reps, boots: int, clock: Clock, here: bool = False) -> str:
    """Name what needs more reps, or boots of a kernel, and the option that gives them; or "".

    What may be measured beyond the least reps does not count. ``here``: the boots are those of
    this machine, for which there is no option. Where there are several boots, they are the
    sample; a gate on counts takes one, if that has enough reps.
    """
    found = [
        f"{who} needs {what}"
        for who, what in (
            ("a gate", _for_gate(reps, boots, clock, here)),
            ("an interval of a median", _for_interval(reps, boots)),
        )
        if what
    ]
    planned = f"{'' if reps.exact else 'at least '}{number_of(reps.least, 'rep')} of each cell"
    each = f" in each of {boots} boots" if boots > 1 else ""
    return f"{planned}{each}: {', '.join(found)}" if found else ""


def _for_gate(reps: Reps, boots: int, clock: Clock, here: bool) -> str:
    if clock is Clock.ICOUNT:
        return _option(reps, LEAST_REPS) if boots == 1 and reps.least < LEAST_REPS else ""
    least = least_boots(Rule(clock=clock))
    if here:
        return f"runs of {least} boots of this machine"
    return "" if boots >= least else f"--boots {least}"


def _for_interval(reps: Reps, boots: int) -> str:
    if boots > 1:
        return "" if boots >= LEAST_OF_MEDIAN else f"--boots {LEAST_OF_MEDIAN}"
    return "" if reps.least >= LEAST_OF_MEDIAN else _option(reps, LEAST_OF_MEDIAN)


def _option(reps: Reps, least: int) -> str:
    return f"--reps {least}{'' if reps.exact else '+'}"
