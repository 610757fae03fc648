# SPDX-License-Identifier: GPL-2.0-only
"""Hear what a guest said that ran on a worker, as if it ran here."""

import math
import signal
from collections import deque
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct, structs

from bench.errors import GuestLost, ProtocolError
from bench.guest.boot import Answering, hung, loss
from bench.model.facts import WorkerFacts
from bench.model.visible import visible
from bench.protocol.messages import Ready, parse
from bench.worker.block import CONSOLE

_LONG = 300  # characters of a text that is shown
_TEXTS = ("host", "boot_id", "cpu", "kernel")
_LONGEST = 1e7  # seconds that a block may have taken, as a line can show them
_MOST = 64 << 20  # bytes of an answer; 200 reps of 8 devices are 200 KiB


class Answer(Struct, frozen=True, forbid_unknown_fields=True):
    """What bench.worker.block says of a block."""

    worker: WorkerFacts
    refused: str = ""  # why this worker cannot run it
    lines: tuple[tuple[str, ...], ...] = ()  # of each command of the script
    ready: str = ""  # the first line of a guest that booted
    end: str = ""  # "hung" or "lost" where the guest ended before its script
    code: int | None = None  # QEMU's exit code, where it was lost
    console: str = ""  # its end
    seconds: float | None = None  # that the block took there

    @property
    def killed(self) -> bool:
        """Tell whether someone there has ended QEMU: its worker's user, or want of memory."""
        return self.end == "lost" and self.code in (-signal.SIGKILL, -signal.SIGTERM)


def read_answer(text: object) -> Answer:
    """Read what a worker has sent, which is text of JSON or nothing; ProtocolError."""
    if not isinstance(text, str) or len(text) > _MOST:
        raise ProtocolError("a worker sent something that is no answer")
    try:
        answer = msgspec.json.decode(text.encode(errors="surrogateescape"), type=Answer)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"a worker sent something that is no answer: {error}") from None
    return structs.replace(
        answer,
        worker=_presentable(answer.worker),
        refused=visible(answer.refused[:_LONG]),
        console=answer.console[-CONSOLE:],
        seconds=answer.seconds if 0 <= (answer.seconds or 0) <= _LONGEST else None,
    )


def _presentable(worker: WorkerFacts) -> WorkerFacts:
    """Return what a worker says of itself as a line can show it, and run.json can have it."""
    texts = {name: visible(getattr(worker, name)[:_LONG]) for name in _TEXTS}
    sane = worker.load is None or all(map(math.isfinite, worker.load))
    return structs.replace(worker, **texts, load=worker.load if sane else None)


class Recorded(Answering):
    """A guest that has ended, with all that it said."""

    def __init__(self, answer: Answer, script: Sequence[str], booted: bool) -> None:
        self._answer = answer
        self._script = deque(zip(script, answer.lines, strict=False))
        if booted and not (answer.end and not answer.ready):
            message = parse(answer.ready)
            if not isinstance(message, Ready):
                raise ProtocolError(f"the guest began with {message}")

    def lines(self, command: str, deadline: float) -> Iterator[str]:
        """Yield what a command of the script said, and raise what came of the guest then."""
        due, lines = self._script.popleft() if self._script else ("", ())
        if command != due:
            raise ProtocolError(f"'{command}' was asked for, the worker ran '{due}'")
        yield from lines
        if not lines or not lines[-1].startswith(('{"t":"exit"', '{"t":"end"')):
            raise self._ended(deadline)

    def _ended(self, deadline: float) -> GuestLost | ProtocolError:
        if self._answer.end == "hung":
            return hung(deadline, self._answer.console)
        if self._answer.end == "lost":
            return loss("QEMU", self._answer.code, self._answer.console)
        return ProtocolError("the worker's answer stops short")

    def _console_text(self) -> str:
        return self._answer.console
