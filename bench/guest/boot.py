# SPDX-License-Identifier: GPL-2.0-only
"""Boot a guest, run commands in it, and say in which way it was lost."""

import os
import re
import shlex
import socket
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.errors import (
    CellFailed,
    GuestHung,
    GuestLost,
    GuestOutOfMemory,
    GuestPanic,
    ProtocolError,
)
from bench.guest.control import Control
from bench.guest.qemu import GuestConfig, argv
from bench.machine.endings import ending
from bench.model.refusals import limit_in
from bench.process import Child, find_tool, spawn
from bench.protocol.messages import Exit, LineReader, Ready, parse

_CONSOLE_LINES = 6
_SAVE_DEADLINE = 120  # seconds; half a second each for a guest of 1 GiB of which little is used


class Guest:
    """A running guest: it takes a script, or shell commands, and answers with lines of JSON.

    Every wait has a deadline. GuestHung when it passes, GuestPanic, GuestOutOfMemory or GuestLost
    when QEMU ended; each says what the console ends with.
    """

    def __init__(
        self,
        child: Child,
        sockets: "Sockets",
        console: Path,
        script: Sequence[str],
        program: str = "QEMU",
    ) -> None:
        self._child = child
        self._program = program
        self._sockets = sockets
        self._results = LineReader(sockets.results.fileno())
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
        """Run a shell command; yield each result line, the exit line last.

        A command of the script has been sent already: those come first, in their order.
        ``deadline`` is in seconds of this machine and counts anew for every line.
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
            self._sockets.commands.sendall(command.encode() + b"\n")
        except OSError:
            raise self._loss() from None

    def run(self, command: str, deadline: float = 60) -> None:
        """Run a command that has to succeed and has nothing to say; CellFailed otherwise."""
        message = parse([*self.lines(command, deadline)][-1])
        if not isinstance(message, Exit) or message.code:
            raise CellFailed(f"in the guest, '{command}' failed ({message})", self.last_words())

    def save(self, path: Path) -> None:
        """Stop the guest and write its state to ``path``; CannotSave says why it cannot be.

        QEMU ends. The guest must be waiting for a script.
        """
        bad = {"failed", "cancelled"}
        with self._control() as control:
            control.execute("stop")
            control.execute("migrate", uri=f"exec:cat >{shlex.quote(str(path))}")
            control.wait_for("query-migrate", {"completed"}, bad, _SAVE_DEADLINE)
            control.execute("quit")
        self._child.wait(timeout=10)

    def go_on(self) -> None:
        """Let a guest that was restored run, once all of its state is there."""
        good = {"paused", "postmigrate"}
        with self._control() as control:
            control.wait_for("query-status", good, {"internal-error"}, _SAVE_DEADLINE)
            control.execute("cont")

    @contextmanager
    def _control(self) -> Iterator[Control]:
        """Control QEMU; where it ends meanwhile, say how."""
        try:
            yield Control(self._sockets.control)
        except (GuestHung, GuestOutOfMemory, GuestPanic):
            raise
        except GuestLost:
            raise self._loss() from None

    def last_words(self) -> str:
        """Return the end of the console, and the first line of a panic above it."""
        lines = [line.rstrip() for line in self._console_text().splitlines() if line.strip()]
        panic = [line for line in lines[:-_CONSOLE_LINES] if "Kernel panic" in line]
        words = "\n    ".join([*panic, *lines[-_CONSOLE_LINES:]])
        return f"the console ends with:\n    {words}" if words else "the console is empty"

    def _console_text(self) -> str:
        with self._console.open("rb") as handle:
            handle.seek(self._console_start)
            return handle.read().decode(errors="replace")

    def _line(self, deadline: float) -> str:
        try:
            line = self._results.line(deadline)
        except TimeoutError:
            raise GuestHung(
                f"no word from the guest for {deadline:.0f} s", self.last_words()
            ) from None
        if line is None:
            raise self._loss()
        return line

    def _loss(self) -> GuestLost:
        code = self._child.wait(timeout=10)
        text = self._console_text()
        if re.search(r"out of memory", text, re.IGNORECASE):
            return GuestOutOfMemory("the guest ran out of memory", self.last_words())
        if "Kernel panic" in text:
            return GuestPanic("the guest's kernel panicked", self.last_words())
        how, fix = f" (exit {code})", limit_in(text)[1] if code else ""
        if code is not None and code < 0:
            cause, fix = ending(code)
            how = f": {cause}"
        said = "\n".join(filter(None, (fix, self.last_words())))
        return GuestLost(f"{self._program} ended{how}", said)


@dataclass(frozen=True)
class Sockets:
    """Our ends of a guest's channels, and the loop of its network."""

    commands: socket.socket
    results: socket.socket
    control: socket.socket


@contextmanager
def start(config: GuestConfig, script: Sequence[str]) -> Iterator[Guest]:
    """Start QEMU; the guest is ended when the block is left.

    It boots, or is about to go on from ``config.state``; ``script`` is what it runs first,
    or nothing: then it waits, to be saved. What QEMU says goes to ``config.console``, as the
    guest's console does.
    """
    qemu = find_tool("qemu-system-x86_64", "qemu-system-x86")
    config.console.touch()
    with ExitStack() as stack:
        pairs = [[*map(stack.enter_context, socket.socketpair())] for _ in range(3)]
        theirs = [pair[1] for pair in pairs]
        loop = stack.enter_context(_loop())
        text = stack.enter_context(_script_file(script))
        fds = [each.fileno() for each in (*theirs, loop)]
        config = replace(
            config,
            script=Path(f"/proc/self/fd/{text}"),
            commands_fd=fds[0],
            results_fd=fds[1],
            control_fd=fds[2],
            loop_fd=fds[3],
        )
        ours = Sockets(*(pair[0] for pair in pairs))
        words = argv(qemu, config)
        child = stack.enter_context(spawn(words, log=config.console, pass_fds=(*fds, text)))
        for each in theirs:  # so that the end of QEMU ends the stream
            each.close()
        yield Guest(child, ours, config.console, script)


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


@contextmanager
def _script_file(script: Sequence[str]) -> Iterator[int]:
    """Write the script, a command a line, to a file in memory; returns its descriptor."""
    fd = os.memfd_create("bench-script")
    try:
        os.pwrite(fd, "".join(f"{command}\n" for command in script).encode() or b"\n", 0)
        yield fd
    finally:
        os.close(fd)


def _loop() -> socket.socket:
    """Return a socket that receives what it sends, as the other end of the guest's network."""
    loop = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    loop.bind("")  # Linux chooses a name that is in no file system: unix(7), autobind
    loop.connect(loop.getsockname())
    return loop
