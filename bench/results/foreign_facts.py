# SPDX-License-Identifier: GPL-2.0-only
"""List the facts that matter of files of other programs: docs/likeness.md has the same table."""

from bench.model.facts import RunFacts
from bench.results.fact_table import Fact, Match


def _nowhere(_: RunFacts) -> None:
    """Return nothing: no run of ours has such a fact."""


# Of files of other programs: pyperf's metadata. They have some facts of the others' names too.
FOREIGN = (
    Fact(
        "cpu config",
        _nowhere,
        "pyperf's line for driver, governor, turbo, idle states and isolation of the CPUs.",
        Match.TIMED,
        late=True,
    ),
    Fact("host", _nowhere, "Machines of one model differ in cooling and in what else they do."),
    Fact("platform", _nowhere, "Kernel and C library of the machine."),
    Fact("python", _nowhere, "Version and build of the interpreter may be what is compared."),
    Fact("python implementation", _nowhere, "The same of CPython, PyPy and others."),
    Fact("aslr", _nowhere, "Addresses that change from run to run are noise between runs."),
    Fact("timer", _nowhere, "Its resolution is the least that can be told."),
    Fact("pyperf", _nowhere, "Another version may calibrate in another way."),
)
