# SPDX-License-Identifier: GPL-2.0-only
"""How a guest is lost whose QEMU ends: by which signal or limit, whoever was waiting for it."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pytest

from bench.errors import GuestLost
from bench.guest.boot import Guest
from bench.process import Child
from bench.worker.channels import Channels


class Ended:
    """A process that has ended."""

    def __init__(self, code: int) -> None:
        self.code = code

    def wait(self, timeout: float) -> int:
        return self.code


@pytest.fixture
def sockets() -> Iterator[Channels]:
    """Channels whose other ends are closed."""
    with ExitStack() as stack:
        pairs = [[*map(stack.enter_context, socket.socketpair())] for _ in range(3)]
        for _, theirs in pairs:
            theirs.close()
        commands, results, control = (ours for ours, _ in pairs)
        yield Channels(commands, results, control)


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
    when: str, code: int, said: str, how: str, fix: str, sockets: Channels, tmp_path: Path
) -> None:
    console = tmp_path / "console"
    console.touch()
    guest = Guest(cast(Child, Ended(code)), sockets, console, [])
    console.write_text(said)
    with pytest.raises(GuestLost, match="QEMU ended") as caught:
        WAITS[when](guest)
    assert how in caught.value.message
    assert fix in caught.value.hint and said in caught.value.hint
