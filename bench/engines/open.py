# SPDX-License-Identifier: GPL-2.0-only
"""Open the engine that --on names."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib.metadata import entry_points

from bench.engines.base import Engine
from bench.engines.local import local
from bench.errors import MissingTool, UsageError
from bench.model.near import near

GROUP = "bench.engines"  # entry points: NAME = a callable of one text that returns an Executor


def open_engine(text: str) -> Engine:
    """Open ``NAME:ARGUMENT``; UsageError for an unknown name, or an argument that is none."""
    name, _, argument = text.partition(":")
    own: dict[str, Callable[[str], Engine]] = {
        "local": local,
        "dask": _dask,
        "dask-slurm": _dask_slurm,
    }
    if name in own:
        return own[name](argument)
    others = {each.name: each for each in entry_points(group=GROUP)}
    if name not in others:
        raise UsageError(f"--on: '{name}' is unknown: {near(name, [*own, *others])}")
    executor = others[name].load()(argument)
    if not isinstance(executor, Executor):
        raise UsageError(f"--on: {name} of {others[name].value} gives no Executor")
    return Engine(text, executor)


def _dask(argument: str) -> Engine:
    with _installed():
        from bench.engines.dask import dask
    return dask(argument)


def _dask_slurm(argument: str) -> Engine:
    with _installed():
        from bench.engines.slurm import dask_slurm
    return dask_slurm(argument)


@contextmanager
def _installed() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        # By their own names: bench at PyPI is another program.
        words = f"{sys.executable} -m pip install distributed dask-jobqueue"
        raise MissingTool(f"--on: {error.name}, a part of Dask, is not installed", words) from None
