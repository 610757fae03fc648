# SPDX-License-Identifier: GPL-2.0-only
"""The only place that starts processes. Each one is waited for, and ends with us."""

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.cleanup.journal import Journal
from bench.cleanup.undo import MARK
from bench.errors import CannotJudge, MissingTool


class ProcessFailed(CannotJudge):
    """A command that had to succeed did not; ``output`` is all that it said."""

    def __init__(self, argv: Sequence[str], code: int, output: str) -> None:
        last = output.strip().splitlines()[-1:] or ["no output"]
        super().__init__(f"{argv[0]} failed (exit {code}): {last[0]}", f"run: {shlex.join(argv)}")
        self.code = code
        self.output = output


def find_tool(name: str, package: str) -> str:
    """The path of a program; MissingTool names the Debian package that has it."""
    search = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"  # not in every user's PATH
    path = shutil.which(name, path=search)
    if path is None:
        raise MissingTool(f"{name} is not installed", f"install the package {package}")
    return path


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    timeout: float = 600,
) -> str:
    """Standard output of a command that has to succeed within ``timeout`` seconds."""
    try:
        done = _run_group(
            argv,
            cwd=cwd,
            env={**_environment(), **(env or {})},
            data=stdin,
            timeout=timeout,
        )
    except FileNotFoundError:
        raise MissingTool(f"{argv[0]} is not installed") from None
    except OSError as error:
        raise CannotJudge(f"{argv[0]}: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise ProcessFailed(argv, 124, f"no end after {timeout:.0f} s") from None
    out = done.stdout.decode(errors="replace")
    if done.returncode:
        raise ProcessFailed(argv, done.returncode, out + done.stderr.decode(errors="replace"))
    return out


# What kernel developers export, and what make hands down, is not meant for our builds.
_NOT_OURS = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CFLAGS", "ARCH", "CROSS_COMPILE", "LLVM"}
_NOT_OURS |= {"KBUILD_OUTPUT", "KCFLAGS", "KCPPFLAGS", "O"}
# Of the repository whose hook or bisection we are part of, which is not the one that we ask.
_NOT_OURS |= {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"}


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
    return {**kept, "LC_ALL": "C"}


def _run_group(
    argv: Sequence[str],
    *,
    cwd: Path | None,
    env: Mapping[str, str],
    data: bytes | None,
    timeout: float,
) -> "subprocess.CompletedProcess[bytes]":
    """subprocess.run, but what the command started ends with it at the deadline."""
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
            out, err = popen.communicate(data, timeout)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(popen.pid, signal.SIGKILL)
            raise
        return subprocess.CompletedProcess(argv, popen.returncode, out, err)


class Child:
    """A process that runs beside us, for as long as the `spawn` block lasts."""

    def __init__(self, popen: "subprocess.Popen[bytes]") -> None:
        self._popen = popen

    def exit_code(self) -> int | None:
        return self._popen.poll()

    def wait(self, timeout: float) -> int | None:
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            return None


# Waits for a line on its standard input before it becomes the program. Without that line
# (whoever was to write it is dead) it ends.
_GATE = ("sh", "-c", 'read -r _ && exec "$@" </dev/null', "sh")


@contextmanager
def spawn(argv: Sequence[str], *, log: Path, pass_fds: Sequence[int] = ()) -> Iterator[Child]:
    """Run ``argv`` with its output in ``log``; it is killed when the block is left.

    setpriv makes the kernel kill it when we die without leaving the block. What it has
    started itself is not killed then (prctl(2): a fork clears PR_SET_PDEATHSIG), so its
    session is written down before it begins: the journal ends that, or the next call does.
    A session of its own keeps Ctrl-C for us: who interrupts a run wants an orderly end of it.
    """
    guard = [find_tool("setpriv", "util-linux"), "--pdeathsig", "KILL", "--", *_GATE]
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
                raise CannotJudge(f"{argv[0]}: {error.strerror}") from None
        with popen:
            try:
                journal.note_session(popen.pid)
                _open_gate(popen)
                yield Child(popen)
            finally:
                if popen.poll() is None:
                    os.killpg(popen.pid, signal.SIGKILL)
                popen.wait()


def _open_gate(popen: "subprocess.Popen[bytes]") -> None:
    if popen.stdin:
        with popen.stdin as gate, suppress(BrokenPipeError):  # its exit code says why it ended
            gate.write(b"\n")
