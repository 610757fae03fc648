# SPDX-License-Identifier: GPL-2.0-only
"""Open what connects a QEMU with whoever started it."""

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Channels:
    """Our ends of a guest's channels, and the file descriptors that QEMU inherits, by name."""

    commands: socket.socket
    results: socket.socket
    control: socket.socket
    inherited: Mapping[str, int] = field(default_factory=dict)
    others: Sequence[socket.socket] = ()  # of these three

    def close_others(self) -> None:
        """Close the other ends once QEMU has them, so that its end ends the streams."""
        for each in self.others:
            each.close()


@contextmanager
def open_channels(script: Sequence[str]) -> Iterator[Channels]:
    """Open channels for a guest whose script this is; they are closed when the block is left."""
    with ExitStack() as stack:
        pairs = [[*map(stack.enter_context, socket.socketpair())] for _ in range(3)]
        theirs = [pair[1] for pair in pairs]
        loop = stack.enter_context(_loop())
        text = stack.enter_context(_script_file(script))
        names = ("commands", "results", "control")
        inherited = {name: each.fileno() for name, each in zip(names, theirs, strict=True)}
        inherited |= {"loop": loop.fileno(), "script": text}
        commands, results, control = (pair[0] for pair in pairs)
        yield Channels(commands, results, control, inherited, theirs)


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
