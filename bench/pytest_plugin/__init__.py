# SPDX-License-Identifier: GPL-2.0-only
"""Show cells as tests of pytest-benchmark, whose times are those that the helper measured.

    pytest -p bench.pytest_plugin --bench-run=reports/DIR --benchmark-save=base
    pytest -p bench.pytest_plugin --bench-run=reports/OTHER --benchmark-compare \\
        --benchmark-compare-fail=median:2%

Loaded by who asks for it: with ``-p``, or by ``pytest_plugins = ["bench.pytest_plugin"]`` in
the topmost conftest.py. It needs pytest-benchmark, which the extra ``bench[pytest]`` brings.
"""

from importlib.util import find_spec

import pytest

VALUED = ("--bench-run", "--bench-out", "--bench-scenario")  # options that have a value


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the options of bench. UsageError without pytest-benchmark, which has all others."""
    if find_spec("pytest_benchmark") is None:
        raise pytest.UsageError(
            "bench: pytest-benchmark is not installed: pip install 'bench[pytest]'"
        )
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
    config = pluginmanager.get_plugin("pytestconfig")
    if isinstance(config, pytest.Config) and {*VALUED} & {*config.invocation_params.args}:
        from bench.pytest_plugin.rootdir import keep_rootdir

        keep_rootdir(config, parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Import what does the work, if cells were asked for; UsageError for bad options."""
    if config.option.bench_run or config.option.bench_scenario:
        from bench.pytest_plugin.cells import Cells

        config.pluginmanager.register(Cells(config), "bench-cells")
