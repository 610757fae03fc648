# SPDX-License-Identifier: GPL-2.0-only
"""The helper's own pages are in place before anything is timed; guest memory is left as it is."""

import array
import fcntl
import os
import re
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helper.running import confined, run

MIB = 1 << 20
ENOUGH = 2 * MIB
TOO_LOW = [0, 64 << 10]
HANDOVER = ["live-update", "--pages", "4k", "--order", ",".join(["exec-only"] * 100)]


class Mapping:
    """One of /proc/PID/smaps."""

    def __init__(self, head: str) -> None:
        self.name = head.split(maxsplit=5)[5] if len(head.split()) > 5 else ""
        self.fields: dict[str, str] = {}

    @property
    def locked(self) -> bool:
        return "lo" in self.fields["VmFlags"].split()

    @property
    def present(self) -> bool:
        """Every page of it is mapped."""
        return self.fields["Rss"] == self.fields["Size"]


def mappings(process: int) -> list[Mapping]:
    found: list[Mapping] = []
    for line in Path(f"/proc/{process}/smaps").read_text().splitlines():
        if field := re.match(r"(\w+):\s+(.*)", line):
            found[-1].fields[field[1]] = field[2]
        else:
            found.append(Mapping(line))
    return found


def split(found: list[Mapping]) -> tuple[list[Mapping], list[Mapping]]:
    """The helper's text and data; guest memory."""
    own = [mapping for mapping in found if mapping.name.endswith("/bench-helper")]
    return own, [mapping for mapping in found if "memfd:guest-memory" in mapping.name]


@contextmanager
def stopped(process: int) -> Iterator[None]:
    """Nothing moves while somebody looks."""
    os.kill(process, signal.SIGSTOP)
    while Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        time.sleep(0.001)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


@contextmanager
def handovers(
    helper: Path, mem: int, memlock: int | None, out: int, handover: str = "exec"
) -> Iterator[int]:
    words = [*HANDOVER, "--mem", str(mem), "--out", str(out), "--handover", handover]
    with subprocess.Popen(
        [str(helper), *words],
        pass_fds=[out],
        stderr=subprocess.DEVNULL,
        preexec_fn=None if memlock is None else confined(memlock),
    ) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def last_of(chain: int, handover: str) -> int:
    """The process that has guest memory; that of a fork is a child of who waits in front."""
    if handover == "exec":
        return chain
    return int(Path(f"/proc/{chain}/task/{chain}/children").read_text())


@pytest.mark.parametrize("handover", ["exec", "transfer", "fork"])
@pytest.mark.parametrize("memlock", [*TOO_LOW, ENOUGH])
def test_every_page_of_the_program_is_mapped(shipped: Path, memlock: int, handover: str) -> None:
    """Of a later process of the chain, held up by an output that nobody reads.

    Guest memory is there once: a child has not inherited what its parent had mapped.
    """
    readable, writable = os.pipe()
    fcntl.fcntl(writable, fcntl.F_SETPIPE_SZ, 4096)
    try:
        with handovers(shipped, 16 * MIB, memlock, writable, handover) as chain:
            until_full(readable)
            process = last_of(chain, handover)
            own, guest = split(mappings(process))
            os.kill(process, signal.SIGKILL)
    finally:
        os.close(readable)
        os.close(writable)
    assert len(own) >= 3
    assert all(mapping.present for mapping in own)
    assert {mapping.locked for mapping in own} == {memlock == ENOUGH}
    assert len(guest) == 1
    assert not guest[0].locked


def until_full(readable: int) -> None:
    """Until no more is written: there is room for fewer lines than there are reps."""
    waiting = array.array("i", [0])
    seen = -1
    while not 0 < waiting[0] == seen:
        seen = waiting[0]
        time.sleep(0.3)
        fcntl.ioctl(readable, termios.FIONREAD, waiting)


def test_the_first_process_locks_itself_and_no_guest_memory(shipped: Path) -> None:
    """Looked at while it stamps its memory, again and again, up to the first handovers."""
    out = os.open("/dev/null", os.O_WRONLY)
    seen = 0
    with handovers(shipped, 256 * MIB, None, out) as process:
        while seen < 20:
            with stopped(process):
                own, guest = split(mappings(process))
            if guest:
                seen += 1
                assert all(mapping.locked for mapping in own)
                assert not any(mapping.locked for mapping in guest)
    os.close(out)


@pytest.mark.parametrize("handover", ["exec", "transfer", "fork"])
@pytest.mark.parametrize("memlock", [None, *TOO_LOW, ENOUGH])
def test_a_limit_that_is_too_low_is_said(shipped: Path, memlock: int | None, handover: str) -> None:
    words = ["live-update", "--mem", str(16 * MIB), "--pages", "4k", "--order", "exec-only"]
    ended = run(shipped, *words, "--handover", handover, memlock=memlock)
    assert (ended.code, len(ended.of("rep"))) == (0, 1)
    said = ended.stderr.splitlines()
    assert len(said) == (memlock in TOO_LOW)
    assert all("memlock limit" in line and f"{(memlock or 0) >> 10} kB" in line for line in said)
