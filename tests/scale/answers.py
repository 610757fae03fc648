# SPDX-License-Identifier: GPL-2.0-only
"""What a worker does instead of running a guest: it gives what a real one said, fitted to the job.

`smoke.answer.json` was recorded from a guest of `bench run smoke --clock icount`.
"""

import json
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from distributed import get_worker

from bench.model.units import KIB
from bench.worker.block import _Enough as Enough
from tests.unit.streams import line

RECORDED = Path(__file__).with_name("smoke.answer.json")


@dataclass(frozen=True)
class Replay:
    """Takes the place of `measure_block`, which travels with it as it does with real jobs."""

    measure: Callable[..., str]
    seconds: float = 0.0  # that each block takes

    def __call__(self, job: str, *files: bytes | str) -> str:
        began = time.monotonic()
        text = replayed(json.loads(job), get_worker().name)
        time.sleep(max(0.0, self.seconds - (time.monotonic() - began)))
        return text


def describe(*_: object) -> str:
    """Take the place of `describe_worker`."""
    return json.dumps({"worker": recorded()["worker"]})


def replayed(job: Mapping[str, Any], host: object) -> str:
    """Return the recorded answer as a guest with the memory and the order of a job gives it."""
    answer = json.loads(RECORDED.read_text())
    answer["worker"]["host"] = str(host)
    answer["lines"] = [*recorded()["lines"][:-1], [*_lines(job)]]
    return json.dumps(answer)


@cache
def recorded() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(RECORDED.read_text())
    return found


@cache
def _messages() -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """What the guest's helper said: its hello, and its reps by their methods."""
    hello, *others = map(json.loads, recorded()["lines"][-1])
    reps: dict[str, list[dict[str, Any]]] = {}
    for each in others:
        if each["t"] == "rep":
            reps.setdefault(each["method"], []).append(each)
    return hello, reps


def _lines(job: Mapping[str, Any]) -> Iterator[str]:
    hello, reps = _messages()
    words = shlex.split(job["script"][-1])
    options = dict(pairwise(words))
    mem, file, order = int(options["--mem"]), int(options["--file"]), job["order"]
    fitted = {"mem": mem, "file": file, "pages": options["--pages"], "reps": len(order)}
    yield _line({**hello, "params": {**hello["params"], **fitted}})
    yield from _reps(job, reps, order, mem)


def _reps(
    job: Mapping[str, Any], reps: Mapping[str, Sequence[Any]], order: Sequence[str], mem: int
) -> Iterator[str]:
    enough = Enough(order, job["least"], job["ranks"])
    for number, method in enumerate(order):
        rep = reps[method][number // len(reps) % len(reps[method])]
        text = _line({**rep, "i": number, "vmpin_kb": mem // KIB})
        yield text
        if enough(text):
            return
    yield _line({"t": "end", "n": len(order)})


def _line(message: Mapping[str, Any]) -> str:
    return line({name: each for name, each in message.items() if name != "crc"})
