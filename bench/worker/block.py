# SPDX-License-Identifier: GPL-2.0-only
"""Run the guest of one block on a worker, and return what it said. Nothing of it is judged here.

A job and its answer are texts of JSON: what a worker sends is data, whoever sends it.
"""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.model.order import order_without, reps_due
from bench.worker.channels import Channels, open_channels
from bench.worker.control import Control
from bench.worker.files import keep
from bench.worker.lines import LineReader
from bench.worker.programs import KILLED_FIRST, TIED, search_path, version_in

MARK = "BENCH_WORKER_JOB"  # in the environment of each QEMU: the run that it is of
_STOPPED = "BENCH_WORKER_STOPPED"  # in that of a worker: the run that was stopped last

_EXIT = '{"t":"exit"'
SPARE = 512 * 1024 * 1024  # bytes of a machine that guests leave free
CONSOLE = 64 * 1024  # bytes of its end that are sent


class Refused(Exception):
    """This worker cannot run the block: another one may."""


def measure_block(job: str, *files: bytes | str) -> str:
    """Run the guest that a job describes; ``files`` are what its "files" name, in their order.

    The answer has the lines of each command of the script, and how the guest ended before its
    last; or "refused": why this worker cannot run it at all.
    """
    asked: Mapping[str, Any] = json.loads(job)
    answer: dict[str, Any] = {"worker": _worker()}
    began = time.monotonic()
    try:
        answer |= _run(asked, files)
    except (Refused, ValueError) as refused:
        answer["refused"] = str(refused)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        answer["refused"] = f"{where}{error.strerror}"
    answer["seconds"] = time.monotonic() - began
    return json.dumps(answer)


def stop_blocks(run: str) -> int:
    """End the guests of a run on this worker; returns how many there were."""
    os.environ[_STOPPED] = run  # for a guest that another thread is about to start
    ended = 0
    for place in Path("/proc").glob("[1-9]*"):
        with suppress(OSError):  # of others, or ended
            if f"{MARK}={run}".encode() in (place / "environ").read_bytes().split(b"\0"):
                os.killpg(int(place.name), signal.SIGKILL)
                ended += 1
    return ended


def describe_worker(qemu: str, memory: int) -> str:
    """Return as JSON which worker this is, and why it cannot run guests of so many bytes."""
    answer: dict[str, Any] = {"worker": _worker()}
    try:
        _require(qemu, memory)
    except Refused as refused:
        answer["refused"] = str(refused)
    return json.dumps(answer)


def _run(asked: Mapping[str, Any], files: Sequence[bytes | str]) -> dict[str, Any]:
    qemu = _require(asked["qemu"], asked["memory"])
    named = zip(asked["files"].items(), files, strict=True)
    places = {name: keep(content, digest) for (name, digest), content in named}
    with _console() as console, open_channels(asked["script"]) as channels:
        inherited = {**channels.inherited, "console": console}
        words = _words(asked["argv"], qemu, places, inherited)
        with _started(asked["run"], words, inherited, channels) as popen:
            answer = _talk(asked, channels, popen)
        end = os.pread(console, CONSOLE, max(0, os.fstat(console).st_size - CONSOLE))
        return {**answer, "console": end.decode(errors="replace")}


@contextmanager
def _console() -> Iterator[int]:
    """Open a file in memory, of which nothing is left behind when this worker is killed."""
    fd = os.memfd_create("bench-console")
    try:
        yield fd
    finally:
        os.close(fd)


def _words(
    argv: Sequence[str],
    qemu: str,
    places: Mapping[str, Path],
    inherited: Mapping[str, int],
) -> list[str]:
    """Put what only this worker knows where ``argv`` has @NAME@."""
    known = {name: shlex.quote(str(path)) for name, path in places.items()}
    known |= {name: str(number) for name, number in inherited.items()}
    known |= {name: f"/proc/self/fd/{inherited[name]}" for name in ("script", "console")}
    rest = [re.sub("@([a-z]+)@", lambda found: known[found[1]], word) for word in argv[1:]]
    return [qemu, *rest]


def _talk(
    asked: Mapping[str, Any], channels: Channels, popen: "subprocess.Popen[bytes]"
) -> dict[str, Any]:
    """Read what each command of the script says, to the end of what is wanted of the last."""
    lines: list[list[str]] = [[] for _ in asked["script"]]
    answer: dict[str, Any] = {"lines": lines, "ready": "", "end": "", "code": None}
    reader = LineReader(channels.results.fileno())
    try:
        if asked["boot"]:
            answer["ready"] = _line(reader, asked["boot"])
        else:
            Control(channels.control).go_on()
        *before, last = asked["seconds"]
        for seconds, said in zip(before, lines, strict=False):
            _hear(reader, seconds, said, lambda line: line.startswith(_EXIT))
        _hear(reader, last, lines[-1], _Enough(asked["order"], asked["least"], asked["ranks"]))
    except TimeoutError:
        answer["end"] = "hung"
    except (EOFError, BenchError):
        answer["end"] = "lost"
        with suppress(subprocess.TimeoutExpired):
            answer["code"] = popen.wait(timeout=10)
    return answer


def _hear(reader: LineReader, seconds: float, said: list[str], ends: Callable[[str], bool]) -> None:
    """Add the lines of a command to what it ``said``, up to the one that ``ends`` it."""
    while True:
        said.append(_line(reader, seconds))
        if ends(said[-1]):
            return


class _Enough:
    """Tells which line of the helper is the last that is wanted of a block.

    It is that of its end, or the rep after which it has enough of them: bench.model.order.
    """

    def __init__(self, order: Sequence[str], least: int | None, ranks: Sequence[int]) -> None:
        self._order = order
        self._least = least
        self._ranks = ranks
        self._missing: set[str] = set()
        self._pauses: list[int] = []

    def __call__(self, line: str) -> bool:
        if line.startswith((_EXIT, '{"t":"end"')):
            return True
        if self._least is None or not line.startswith(('{"t":"rep"', '{"t":"skip"')):
            return False
        message = json.loads(line)
        if message["t"] == "skip":
            self._missing.add(message.get("method", ""))
            return False
        self._pauses.append(message["pause"])
        order = order_without(self._order, self._missing)
        due = reps_due(order, self._least, self._pauses, self._ranks.__getitem__)
        return due == len(self._pauses) < len(order)


def _line(reader: LineReader, seconds: float) -> str:
    line = reader.line(seconds)
    if line is None:
        raise EOFError
    return line


@contextmanager
def _started(
    run: str, words: Sequence[str], inherited: Mapping[str, int], channels: Channels
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start QEMU, which ends with the block, with this worker, or by `stop_blocks`."""
    tie = shutil.which("setpriv", path=search_path())
    tied = [tie, *TIED] if tie else []
    guard = [*tied, "sh", "-c", f'{KILLED_FIRST} exec "$@"', "sh"]
    with Path(f"/proc/self/fd/{inherited['console']}").open("ab") as output:
        popen = subprocess.Popen(
            [*guard, *words],
            env={**os.environ, MARK: run, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[*inherited.values()],
            start_new_session=True,
        )
    try:
        if os.environ.get(_STOPPED) == run:
            raise Refused("the run was stopped")
        channels.close_others()
        yield popen
    finally:
        if popen.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(popen.pid, signal.SIGKILL)
        popen.wait()


def _require(version: str, memory: int) -> str:
    """Return the path of QEMU; Refused without it, with another version, or without memory."""
    path = shutil.which("qemu-system-x86_64", path=search_path())
    if path is None:
        raise Refused("qemu-system-x86_64 is not installed")
    here = qemu_of(path)
    if here != version:
        raise Refused(f"its QEMU is {here or 'broken'}, here it is {version}")
    free = _available()
    if free is not None and memory > free - SPARE:
        mib = 1024 * 1024
        raise Refused(f"{free // mib} MiB are free, a guest takes {memory // mib} MiB")
    return path


def qemu_of(path: str) -> str:
    """Return the first line that QEMU says of its version, "" where it does not start."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return version_in(done.stdout.decode(errors="replace"))


def _available() -> int | None:
    found = re.search(r"^MemAvailable:\s+(\d+) kB", _text("/proc/meminfo"), re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def _worker() -> dict[str, Any]:
    """Describe this worker: facts of its machine, as bench.model.facts has them."""
    model = re.search(r"^model name\s*: (.*)$", _text("/proc/cpuinfo"), re.MULTILINE)
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "boot_id": _text("/proc/sys/kernel/random/boot_id").strip(),
        "cpu": model[1] if model else "",
        "kernel": os.uname().release,
        "load": [*os.getloadavg()],
    }


def _text(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
