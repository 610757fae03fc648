# SPDX-License-Identifier: GPL-2.0-only
"""How a guest is lost whose QEMU ends: by which signal or limit, whoever was waiting for it."""

import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from bench.errors import GuestLost
from bench.guest.boot import Guest, Sockets
from bench.process import Child


class Ended:
    """A process that has ended."""

    def __init__(self, code: int) -> None:
        self.code = code

    def wait(self, timeout: float) -> int:
        return self.code


def guest(code: int, said: str, console: Path) -> Guest:
    """A guest whose QEMU has ended with that code, and has said that."""
    console.touch()
    ours = []
    for _ in range(3):
        mine, theirs = socket.socketpair()
        theirs.close()
        ours.append(mine)
    found = Guest(cast(Child, Ended(code)), Sockets(*ours), console, [])
    console.write_text(said)
    return found


WAITS: dict[str, Callable[[Guest], object]] = {
    "boots": lambda it: it.wait_ready(1),
    "goes on": lambda it: it.go_on(),
    "is saved": lambda it: it.save(Path("state")),
    "works": lambda it: it.run("true", 1),
}


@pytest.mark.parametrize("when", WAITS)
@pytest.mark.parametrize(
    ("code", "said", "how", "fix"),
    [
        (-signal.SIGSYS, "", "killed by SIGSYS: a seccomp filter", "seccomp=unconfined"),
        (-signal.SIGKILL, "", "killed by SIGKILL: somebody killed it", "dmesg"),
        (1, "cannot set up guest memory: Cannot allocate memory", "(exit 1)", "ulimit -v"),
        (1, "no such machine", "(exit 1)", "no such machine"),
    ],
)
def test_what_has_ended_qemu_is_said(
    when: str, code: int, said: str, how: str, fix: str, tmp_path: Path
) -> None:
    with pytest.raises(GuestLost, match="QEMU ended") as caught:
        WAITS[when](guest(code, said, tmp_path / "console"))
    assert how in caught.value.message
    assert fix in caught.value.hint and said in caught.value.hint
