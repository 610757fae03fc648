# SPDX-License-Identifier: GPL-2.0-only
"""For pytest and pytest-benchmark: cells as benchmark tests whose times are the helper's.

    pytest --bench-run reports/DIR --benchmark-save=base
    pytest --bench-run reports/OTHER --benchmark-compare --benchmark-compare-fail=median:2%

Loaded by every pytest that runs where bench is installed: it does nothing, and imports
nothing, unless one of its options is given.
"""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of bench; the rest is those of pytest-benchmark."""
    group = parser.getgroup("bench", "pauses of live updates as benchmarks")
    group.addoption(
        "--bench-run",
        action="append",
        metavar="DIR",
        help="Replay a stored run: each cell is a test. Again for more boots of the same.",
    )
    group.addoption(
        "--bench-scenario",
        metavar="NAME",
        help="Measure a scenario (a name or a .toml), once, with the first test",
    )
    group.addoption(
        "--bench-out", metavar="DIR", help="Where --bench-scenario puts the run: a new directory"
    )
    group.addoption(
        "--bench-ticks",
        action="store_true",
        help="Values are instructions, as QEMU counts them without KVM: not a time",
    )
    group.addoption(
        "--bench-force",
        action="store_true",
        help="Take damaged runs for what is left of them, and compare unlike ones",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Only now, and only if it was asked for, what does the work is imported."""
    if config.option.bench_run or config.option.bench_scenario:
        from bench.pytest_plugin.cells import Cells

        config.pluginmanager.register(Cells(config), "bench-cells")
