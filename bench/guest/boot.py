# SPDX-License-Identifier: GPL-2.0-only
"""Boot a guest, run commands in it, and say in which way it was lost."""

import re
import shlex
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench.errors import (
    CellFailed,
    GuestHung,
    GuestLost,
    GuestOutOfMemory,
    GuestPanic,
    ProtocolError,
)
from bench.guest.qemu import GuestConfig, argv
from bench.machine.endings import ending
from bench.model.refusals import limit_in
from bench.process import Child, find_tool, spawn
from bench.protocol.messages import Exit, Ready, parse
from bench.worker.channels import Channels, open_channels
from bench.worker.control import STATE_DEADLINE, Control
from bench.worker.lines import LineReader

_CONSOLE_LINES = 6


class Answering(ABC):
    """A guest that takes a script, or shell commands, and answers with lines of JSON."""

    @abstractmethod
    def lines(self, command: str, deadline: float) -> Iterator[str]:
        """Run a shell command; yield each result line, the exit line last.

        ``deadline`` is in seconds of this machine and counts anew for every line.
        """

    def run(self, command: str, deadline: float = 60) -> None:
        """Run a command that has to succeed and has nothing to say; CellFailed otherwise."""
        message = parse([*self.lines(command, deadline)][-1])
        if not isinstance(message, Exit) or message.code:
            raise CellFailed(f"in the guest, '{command}' failed ({message})", self.last_words())

    def last_words(self) -> str:
        """Return the end of the console, and the first line of a panic above it."""
        return last_words(self._console_text())

    @abstractmethod
    def _console_text(self) -> str:
        """Return all that the guest's console says."""


class Guest(Answering):
    """A guest that runs here.

    Every wait has a deadline. GuestHung when it passes, GuestPanic, GuestOutOfMemory or GuestLost
    when QEMU ended; each says what the console ends with.
    """

    def __init__(
        self,
        child: Child,
        channels: Channels,
        console: Path,
        script: Sequence[str],
        program: str = "QEMU",
    ) -> None:
        self._child = child
        self._program = program
        self._channels = channels
        self._results = LineReader(channels.results.fileno())
        self._console = console
        self._console_start = console.stat().st_size  # what follows is of this guest
        self._script = deque(script)  # what it is at already, or comes to

    def wait_ready(self, deadline: float) -> Ready:
        """Wait until a guest that boots takes commands; ProtocolError for any other word."""
        message = parse(self._line(deadline))
        if not isinstance(message, Ready):
            raise ProtocolError(f"the guest began with {message}")
        return message

    def lines(self, command: str, deadline: float) -> Iterator[str]:
        """Do what `Answering.lines` does.

        A command of the script has been sent already: those come first, in their order.
        """
        if self._script:
            due = self._script.popleft()
            if command != due:
                raise ProtocolError(f"'{command}' was asked for, but the script goes on: '{due}'")
        else:
            self._send(command)
        while True:
            line = self._line(deadline)
            yield line
            if line.startswith('{"t":"exit"'):
                return

    def _send(self, command: str) -> None:
        try:
            self._channels.commands.sendall(command.encode() + b"\n")
        except OSError:
            raise self._loss() from None

    def save(self, path: Path) -> None:
        """Stop the guest and write its state to ``path``; CannotSave says why it cannot be.

        QEMU ends. The guest must be waiting for a script.
        """
        bad = {"failed", "cancelled"}
        with self._control() as control:
            control.execute("stop")
            control.execute("migrate", uri=f"exec:cat >{shlex.quote(str(path))}")
            control.wait_for("query-migrate", {"completed"}, bad, STATE_DEADLINE)
            control.execute("quit")
        self._child.wait(timeout=10)

    def go_on(self) -> None:
        """Let a guest that was restored run, once all of its state is there."""
        with self._control() as control:
            control.go_on()

    @contextmanager
    def _control(self) -> Iterator[Control]:
        """Control QEMU; where it ends meanwhile, say how."""
        try:
            yield Control(self._channels.control)
        except (GuestHung, GuestOutOfMemory, GuestPanic):
            raise
        except GuestLost:
            raise self._loss() from None

    def _console_text(self) -> str:
        with self._console.open("rb") as handle:
            handle.seek(self._console_start)
            return handle.read().decode(errors="replace")

    def _line(self, deadline: float) -> str:
        try:
            line = self._results.line(deadline)
        except TimeoutError:
            raise hung(deadline, self._console_text()) from None
        if line is None:
            raise self._loss()
        return line

    def _loss(self) -> GuestLost:
        return loss(self._program, self._child.wait(timeout=10), self._console_text())


def hung(seconds: float, console: str) -> GuestHung:
    """Return the error of a guest that has said nothing for so many seconds."""
    return GuestHung(f"no word from the guest for {seconds:.0f} s", last_words(console))


def loss(program: str, code: int | None, console: str) -> GuestLost:
    """Return the error of a guest whose program has ended, by what its console says."""
    if re.search(r"out of memory", console, re.IGNORECASE):
        return GuestOutOfMemory("the guest ran out of memory", last_words(console))
    if "Kernel panic" in console:
        return GuestPanic("the guest's kernel panicked", last_words(console))
    how, fix = f" (exit {code})", limit_in(console)[1] if code else ""
    if code is not None and code < 0:
        cause, fix = ending(code)
        how = f": {cause}"
    said = "\n".join(filter(None, (fix, last_words(console))))
    return GuestLost(f"{program} ended{how}", said)


def last_words(console: str) -> str:
    """Return the end of a console, and the first line of a panic above it."""
    lines = [line.rstrip() for line in console.splitlines() if line.strip()]
    panic = [line for line in lines[:-_CONSOLE_LINES] if "Kernel panic" in line]
    words = "\n    ".join([*panic, *lines[-_CONSOLE_LINES:]])
    return f"the console ends with:\n    {words}" if words else "the console is empty"


@contextmanager
def start(config: GuestConfig, script: Sequence[str]) -> Iterator[Guest]:
    """Start QEMU; the guest is ended when the block is left.

    It boots, or is about to go on from ``config.state``; ``script`` is what it runs first,
    or nothing: then it waits, to be saved. What QEMU says goes to ``config.console``, as the
    guest's console does.
    """
    qemu = find_tool("qemu-system-x86_64", "qemu-system-x86")
    config.console.touch()
    with open_channels(script) as channels:
        fds = channels.inherited
        config = replace(
            config,
            script=Path(f"/proc/self/fd/{fds['script']}"),
            commands_fd=str(fds["commands"]),
            results_fd=str(fds["results"]),
            control_fd=str(fds["control"]),
            loop_fd=str(fds["loop"]),
        )
        words = argv(qemu, config)
        with spawn(words, log=config.console, pass_fds=(*fds.values(),)) as child:
            channels.close_others()
            yield Guest(child, channels, config.console, script)


@contextmanager
def boot(
    config: GuestConfig, deadline: float, script: Sequence[str] = (":",)
) -> Iterator[tuple[Guest, Ready]]:
    """Boot a guest that takes commands, until the block is left.

    Its script is one command that does nothing: behind a script come the commands of `lines`.
    """
    with start(config, script) as guest:
        ready = guest.wait_ready(deadline)
        if tuple(script) == (":",):
            guest.run(":")
        yield guest, ready


@contextmanager
def restore(config: GuestConfig, state: Path, script: Sequence[str]) -> Iterator[Guest]:
    """Go on with a guest that was saved, with a script, until the block is left."""
    with start(replace(config, state=state), script) as guest:
        guest.go_on()
        yield guest
