# SPDX-License-Identifier: GPL-2.0-only
"""Open the engine that --on names."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points

from bench.engines.base import Engine
from bench.engines.local import local
from bench.errors import MissingTool, UsageError
from bench.model.near import near

GROUP = "bench.engines"  # entry points: NAME = a callable of one text that returns an Executor


def open_engine(text: str) -> Engine:
    """Open ``NAME:ARGUMENT``; UsageError for an unknown name, or an argument that is none."""
    name, _, argument = text.partition(":")
    if name in _OWN:
        return _OWN[name](argument)
    point = _entry_point(name)
    try:
        executor = point.load()(argument)
    except (Exception, SystemExit) as error:  # its author's: it may be any
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise UsageError(f"--on: {name}: {why}", f"ask the author of {point.value}") from None
    if not isinstance(executor, Executor):
        raise UsageError(f"--on: {name} of {point.value} gives no Executor")
    return Engine(text, executor)


def require_engine(text: str) -> None:
    """Raise UsageError where ``NAME:ARGUMENT`` has the name of no engine."""
    name = text.partition(":")[0]
    if name not in _OWN:
        _entry_point(name)


def _entry_point(name: str) -> EntryPoint:
    others = {each.name: each for each in entry_points(group=GROUP)}
    if name not in others:
        raise UsageError(f"--on: '{name}' is unknown: {near(name, [*_OWN, *others])}")
    return others[name]


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


_OWN: dict[str, Callable[[str], Engine]] = {
    "local": local,
    "dask": _dask,
    "dask-slurm": _dask_slurm,
}
