# SPDX-License-Identifier: GPL-2.0-only
"""Boot a guest, run commands in it, and say in which way it was lost."""

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
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
from bench.process import Child, find_tool, spawn
from bench.protocol.messages import Exit, LineReader, Ready, parse

_CONSOLE_LINES = 6


class Guest:
    """A running guest: it takes shell commands and answers with lines of JSON.

    Every wait has a deadline. GuestHung when it passes, GuestPanic, GuestOutOfMemory or GuestLost
    when QEMU ended; each says what the console ends with.
    """

    def __init__(
        self,
        child: Child,
        commands: socket.socket,
        results: socket.socket,
        console: Path,
        console_start: int,
    ) -> None:
        self._child = child
        self._commands = commands
        self._results = LineReader(results.fileno())
        self._console = console
        self._console_start = console_start

    def wait_ready(self, deadline: float) -> Ready:
        """Wait until init takes commands; ``deadline`` is in seconds."""
        message = parse(self._line(deadline))
        if not isinstance(message, Ready):
            raise ProtocolError(f"the guest began with {message}")
        return message

    def lines(self, command: str, deadline: float) -> Iterator[str]:
        """Run a shell command and yield its result lines, the last one is its exit.

        ``deadline`` is in seconds of this machine, for each line.
        """
        try:
            self._commands.sendall(command.encode() + b"\n")
        except OSError:
            raise self._loss() from None
        while True:
            line = self._line(deadline)
            yield line
            if line.startswith('{"t":"exit"'):
                return

    def run(self, command: str, deadline: float = 60) -> None:
        """Run a shell command whose output does not matter; CellFailed when it fails."""
        message = parse([*self.lines(command, deadline)][-1])
        if not isinstance(message, Exit) or message.code:
            raise CellFailed(f"in the guest, '{command}' failed ({message})", self.last_words())

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
        return GuestLost(f"QEMU ended (exit {code})", self.last_words())


@contextmanager
def boot(config: GuestConfig, deadline: float) -> Iterator[tuple[Guest, Ready]]:
    """Boot a guest and yield it once it takes commands; leaving the block ends QEMU.

    ``deadline`` is in seconds. QEMU's own messages go to ``config.console``, behind those of the
    guest.
    """
    qemu = find_tool("qemu-system-x86_64", "qemu-system-x86")
    with ExitStack() as stack:
        commands, guest_commands = map(stack.enter_context, socket.socketpair())
        results, guest_results = map(stack.enter_context, socket.socketpair())
        loop = stack.enter_context(_loop())
        fds = (guest_commands.fileno(), guest_results.fileno(), loop.fileno())
        config = replace(config, commands_fd=fds[0], results_fd=fds[1], loop_fd=fds[2])
        config.console.touch()
        start = config.console.stat().st_size  # earlier text is of earlier boots
        child = stack.enter_context(spawn(argv(qemu, config), log=config.console, pass_fds=fds))
        guest_commands.close()  # else the stream would not end when QEMU does
        guest_results.close()
        guest = Guest(child, commands, results, config.console, start)
        yield guest, guest.wait_ready(deadline)


def _loop() -> socket.socket:
    """Return a socket that receives what it sends, as the other end of the guest's network."""
    loop = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    loop.bind("")  # Linux chooses a name that is in no file system: unix(7), autobind
    loop.connect(loop.getsockname())
    return loop
