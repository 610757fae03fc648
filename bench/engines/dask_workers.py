# SPDX-License-Identifier: GPL-2.0-only
"""Ask workers of Dask what they are, and which of them can run guests."""

import asyncio
import json
import pickle
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from functools import partial
from importlib.metadata import version
from threading import Thread
from typing import Any

import cloudpickle
import distributed
from distributed import Client
from distributed.cfexecutor import ClientExecutor

import bench
from bench.model.visible import visible
from bench.worker.block import describe_worker

LOST = (OSError, TimeoutError, RuntimeError, CancelledError)  # a scheduler, as Dask says it
LONG = 300  # characters of what a worker says that are shown
# Of a client: what workers return is text, and is read as data. Dask would unpickle it, which can
# do anything here; it still does so with what a worker raises.
AS_DATA: Mapping[str, Any] = {
    "serializers": ["dask", "msgpack", "pickle"],
    "deserializers": ["dask", "msgpack", "error"],
}
_ANSWER = 15  # seconds to wait for workers, who may have to start QEMU from a slow disk

# Functions that workers have, whatever else they can read of what is sent, which is code.
VERSIONS: Mapping[str, Callable[[], str]] = {
    "Python": platform.python_version,
    "distributed": partial(version, "distributed"),
}


class Sent:
    """A function of bench as workers get it, who have no bench: what it does, not its name.

    Dask's own pickles have the name, whatever cloudpickle is told of a package.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        cloudpickle.register_pickle_by_value(bench)
        self._code: bytes = cloudpickle.dumps(function)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[bytes]]:
        return pickle.loads, (self._code,)


class ClientOfText(ClientExecutor):
    """Dask's Executor, where it is an error and no wait without end if a result cannot be read."""

    def _wrap_future(self, future: Any) -> "Future[Any]":
        async def result() -> Any:
            return await future

        return asyncio.run_coroutine_threadsafe(result(), self._client.loop.asyncio_loop)


def problems_of(client: Client, qemu: str, memory: int) -> Mapping[str, str]:
    """Return why each worker that is there cannot run guests of so many bytes, "" where it can."""
    problems = dict.fromkeys(client.nthreads(), "")
    for program, ask in VERSIONS.items():
        here = ask()
        for at, there in answers(client, ask, workers=_able(problems)).items():
            problems[at] = other_version(program, there, here)
    said = answers(client, Sent(describe_worker), qemu, memory, workers=_able(problems))
    return problems | {at: _problem(text) for at, text in said.items()}


def answers(
    client: Client,
    function: "Callable[..., Any] | Sent",
    *words: object,
    workers: Sequence[str] | None = None,
) -> Mapping[str, Any]:
    """Call a function on workers, all unless some are named; return what each says.

    Of one that fails, or does not answer, that is an exception: all are asked at once, and each
    by itself if that does not end, since Dask waits minutes for a worker that is frozen.
    """
    asked = [*client.nthreads()] if workers is None else [*workers]
    said: dict[str, Any] = {}
    lost: list[BaseException] = []

    def ask(some: Sequence[str]) -> None:
        try:
            said.update(client.run(function, *words, workers=[*some], on_error="return"))
        except LOST as error:
            lost.append(error)
        except Exception as error:  # an answer that cannot be read: of which worker, is asked next
            said.update(dict.fromkeys(some, error) if len(some) == 1 else {})

    at_most(_ANSWER, [partial(ask, asked)] * bool(asked))
    if lost:
        raise lost[0]
    at_most(_ANSWER, [partial(ask, [at]) for at in asked if at not in said])
    return {at: said.get(at, TimeoutError("it does not answer")) for at in asked}


def at_most(seconds: float, calls: Sequence[Callable[[], object]]) -> None:
    """Make calls at once that may never end, and wait for them for so many seconds."""
    threads = [Thread(target=call, daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    ends = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, ends - time.monotonic()))


def forget(client: Client, keys: Sequence[str]) -> None:
    """Have a scheduler forget what it was sent, which also ends its copying of that."""
    client.cancel([distributed.Future(key, client) for key in keys])


def other_version(program: str, there: object, here: str) -> str:
    """Return why a version of a program cannot be used, "" where it can: two parts tell."""
    if isinstance(there, Exception):
        return _problem(there)
    parts, ours = (str(text).split(".")[:2] for text in (there, here))
    its = visible(str(there)[:LONG])
    return "" if parts == ours else f"its {program} is {its}, here it is {here}"


def _able(problems: Mapping[str, str]) -> list[str]:
    """List the workers that no problem is known of."""
    return [at for at, problem in problems.items() if not problem]


def _problem(text: object) -> str:
    """Return why a worker cannot be used, "" when it can; its answer may be an exception."""
    try:
        answer = json.loads(text if isinstance(text, str) else "")
        return visible(str(answer.get("refused", ""))[:LONG])
    except (ValueError, AttributeError, RecursionError):
        return visible(str(text).partition("\n")[0][:LONG]) or type(text).__name__
