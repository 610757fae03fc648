# SPDX-License-Identifier: GPL-2.0-only
"""Start processes: no other module does. Each is waited for, and ends when bench does."""

import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.cleanup.journal import Journal
from bench.cleanup.undo import MARK
from bench.errors import CannotJudge, MissingTool
from bench.machine.endings import ending
from bench.model.refusals import limit_in, what_helps
from bench.worker.programs import KILLED_FIRST, TIED, search_path


class ProcessFailed(CannotJudge):
    """Report a failed command by a line that names a limit, or by its last.

    ``output`` has its stdout and stderr.
    """

    def __init__(self, argv: Sequence[str], code: int, output: str) -> None:
        last = output.strip().splitlines()[-1:] or ["no output"]
        limit, fix = limit_in(output)
        how, cause = ending(code) if code < 0 else (f"exit {code}", "")
        hint = fix or cause or f"run: {shlex.join(argv)}"
        super().__init__(f"{argv[0]} failed ({how}): {limit or last[0]}", hint)
        self.code = code
        self.output = output


def find_tool(name: str, package: str) -> str:
    """Return the path of a program. MissingTool names the Debian package that has it."""
    path = shutil.which(name, path=search_path())
    if path is None:
        raise MissingTool(f"{name} is not installed", f"install the package {package}")
    return path


def missing_tools(packages: Mapping[str, str]) -> dict[str, str]:
    """Return those of the programs that are not installed, with the package of each."""
    search = search_path()
    return {name: where for name, where in packages.items() if not shutil.which(name, path=search)}


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    timeout: float = 600,
    watch: Callable[[], None] | None = None,
    grace: float = 0,
    tied: bool = False,
) -> str:
    """Run a command to its end and return its standard output.

    ProcessFailed if it exits with anything but 0, or has not ended after ``timeout`` seconds
    (code 124); MissingTool if there is no such program; CannotJudge if it cannot be started.
    ``env`` is added to our environment without what is meant for other builds; ``stdin`` is
    what the command reads, nothing by default. ``watch`` is called twice a second meanwhile.
    A command that is not to go on is killed, ``grace`` seconds after it was asked to end; one
    that is ``tied`` also where bench is killed, but not what it has started.
    """
    try:
        merged = {**_environment(), **(env or {})}
        tie = _tie() if tied else []
        done = _run_group([*tie, *argv], stdin, timeout, cwd, merged, watch, grace)
    except FileNotFoundError:
        raise MissingTool(f"{argv[0]} is not installed") from None
    except OSError as error:
        raise CannotJudge(f"{argv[0]}: {error.strerror}", what_helps(error.errno)) from None
    except subprocess.TimeoutExpired:
        raise ProcessFailed(argv, 124, f"no end after {timeout:.0f} s") from None
    out = done.stdout.decode(errors="replace")
    if done.returncode:
        raise ProcessFailed(argv, done.returncode, out + done.stderr.decode(errors="replace"))
    return out


# Variables of make and of kernel developers, which would change what bench builds ...
_NOT_OURS = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CFLAGS", "ARCH", "CROSS_COMPILE", "LLVM"}
_NOT_OURS |= {"KBUILD_OUTPUT", "KCFLAGS", "KCPPFLAGS", "O"}
# ... and of git, which sets them for hooks and bisections: bench asks other repositories.
_NOT_OURS |= {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"}


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
    return {**kept, "LC_ALL": "C"}


def _run_group(
    argv: Sequence[str],
    data: bytes | None,
    timeout: float,
    cwd: Path | None,
    env: Mapping[str, str],
    watch: Callable[[], None] | None,
    grace: float,
) -> "subprocess.CompletedProcess[bytes]":
    """Do what subprocess.run does, and kill what the command started too on any exception."""
    with subprocess.Popen(
        argv,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL if data is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0,
    ) as popen:
        try:
            out, err = _communicate(popen, data, timeout, watch)
        except BaseException:
            try:
                if grace:
                    _ask_to_end(popen, grace)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(popen.pid, signal.SIGKILL)
            raise
        return subprocess.CompletedProcess(argv, popen.returncode, out, err)


def _ask_to_end(popen: "subprocess.Popen[bytes]", grace: float) -> None:
    with suppress(ProcessLookupError, subprocess.TimeoutExpired):
        os.killpg(popen.pid, signal.SIGTERM)
        popen.wait(grace)


_TICK = 0.5  # seconds


def _communicate(
    popen: "subprocess.Popen[bytes]",
    data: bytes | None,
    timeout: float,
    watch: Callable[[], None] | None,
) -> tuple[bytes, bytes]:
    if watch is None:
        return popen.communicate(data, timeout)
    end = time.monotonic() + timeout
    while True:
        try:
            return popen.communicate(data, min(_TICK, max(0, end - time.monotonic())))
        except subprocess.TimeoutExpired:
            if time.monotonic() >= end:
                raise
        data = None  # it has been taken
        watch()


_children: "set[subprocess.Popen[bytes]]" = set()  # of all threads, that `spawn` has started
_children_lock = threading.Lock()
_no_more = False


@contextmanager
def children_ended() -> Iterator[None]:
    """Kill what `spawn` has started in any thread, and until the block is left what it starts.

    For threads that wait for their processes: each finds that its own has ended.
    """
    global _no_more
    with _children_lock:
        _no_more = True
        for popen in _children:
            _kill(popen)
    try:
        yield
    finally:
        _no_more = False


@contextmanager
def _among_children(popen: "subprocess.Popen[bytes]") -> Iterator[None]:
    with _children_lock:
        _children.add(popen)
        if _no_more:
            _kill(popen)
    try:
        yield
    finally:
        with _children_lock:
            _children.discard(popen)


def _kill(popen: "subprocess.Popen[bytes]") -> None:
    """Kill a process that leads a group, with its group, if it still runs."""
    if popen.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(popen.pid, signal.SIGKILL)


class Child:
    """Observe a process that `spawn` has started."""

    def __init__(self, popen: "subprocess.Popen[bytes]") -> None:
        self._popen = popen

    def exit_code(self) -> int | None:
        """Return its exit code, negative for a signal, or None while it runs."""
        return self._popen.poll()

    def wait(self, timeout: float) -> int | None:
        """Wait up to ``timeout`` seconds; return what `exit_code` does."""
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            return None


# A shell that waits for a line on its standard input and then becomes the program. If bench
# is killed before it writes that line, the shell ends. Where memory runs out the program is to
# be killed and not bench, which says so.
_GATE = ("sh", "-c", f'{KILLED_FIRST} read -r _ && exec "$@" </dev/null', "sh")


def _tie() -> list[str]:
    """Return what begins a command that the kernel kills where the thread that began it ends."""
    return [find_tool("setpriv", "util-linux"), *TIED]


@contextmanager
def spawn(argv: Sequence[str], *, log: Path, pass_fds: Sequence[int] = ()) -> Iterator[Child]:
    """Run ``argv`` with its output appended to ``log``, and kill it when the block is left.

    It leads a POSIX session of its own, so that Ctrl-C reaches bench alone, which then ends in
    an orderly way. If bench itself is killed the kernel kills the process (setpriv
    --pdeathsig), but not what that has started: a fork clears PR_SET_PDEATHSIG, see prctl(2).
    The session is therefore written to a journal before ``argv`` begins, and the next call of
    bench ends it. CannotJudge if it cannot be started.
    """
    guard = [*_tie(), *_GATE]
    with Journal() as journal:
        with log.open("ab") as output:
            try:
                popen = subprocess.Popen(
                    [*guard, *argv],
                    env={**os.environ, MARK: journal.mark},
                    bufsize=0,  # so that closing the gate writes nothing
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    pass_fds=pass_fds,
                    start_new_session=True,
                )
            except OSError as error:
                hint = what_helps(error.errno)
                raise CannotJudge(f"{argv[0]}: {error.strerror}", hint) from None
        with popen, _among_children(popen):
            try:
                journal.note_session(popen.pid)
                _open_gate(popen)
                yield Child(popen)
            finally:
                _kill(popen)
                popen.wait()


def _open_gate(popen: "subprocess.Popen[bytes]") -> None:
    if popen.stdin:
        with popen.stdin as gate, suppress(BrokenPipeError):  # its exit code says why it ended
            gate.write(b"\n")
