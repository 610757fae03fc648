# SPDX-License-Identifier: GPL-2.0-only
"""Real terminals: of a size, with an environment, and what a program wrote to one."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

ESCAPE = re.compile(r"\x1b\[[\d;]*m")
USUAL = {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
_MAIN = "from bench.cli import main; main()"


@contextmanager
def terminal(columns: int, encoding: str = "utf-8") -> Iterator[TextIO]:
    """The end of it that a program writes to."""
    master, slave = _sized(columns)
    try:
        with open(slave, "w", encoding=encoding) as stream:  # noqa: PTH123 - a descriptor
            yield stream
    finally:
        os.close(master)


def _sized(columns: int) -> tuple[int, int]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
    return master, slave


def seen(columns: int, environ: Mapping[str, str], *words: str | Path) -> tuple[int, str]:
    """What `bench` answers on a terminal, stderr too, and its exit code."""
    master, slave = _sized(columns)
    command = [sys.executable, "-c", _MAIN, *map(str, words)]
    env = {"PATH": os.environ["PATH"], **environ}
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=env) as process:
        os.close(slave)
        text = b"".join(_read(master))
    os.close(master)
    return process.returncode, text.decode().replace("\r\n", "\n")


def _read(master: int) -> Iterator[bytes]:
    """Until nobody has the other end open any more, which Linux calls an error."""
    while True:
        try:
            data = os.read(master, 65536)
        except OSError:
            return
        if not data:
            return
        yield data
