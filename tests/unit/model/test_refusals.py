# SPDX-License-Identifier: GPL-2.0-only
"""Errors of the system, and what to do about each."""

import errno
import os

import pytest

from bench.commands.outcome import unexpected
from bench.model.refusals import limit_in, limit_of, what_helps, what_refused


def failed(number: int, name: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), name)


@pytest.mark.parametrize(
    ("error", "said", "fix"),
    [
        (MemoryError(), "memory ran out", "ulimit -v"),
        (RuntimeError("can't start new thread"), "no thread", "pids.max"),
        (failed(errno.ENOSPC, "/a/.lock"), "/a/.lock: No space left on device", "df -i"),
        (failed(errno.EPERM), "a system call: Operation not permitted", "seccomp"),
        (failed(errno.EPERM, "/c"), "/c: Operation not permitted", "seccomp"),
        (failed(errno.ENOSYS), "Function not implemented", "seccomp"),
        (failed(errno.EMFILE), "Too many open files", "ulimit -n"),
        (failed(errno.EFBIG), "File too large", "prlimit --pid $$ --fsize=unlimited"),
        (failed(errno.EROFS, "/b"), "/b: Read-only file system", "read-only"),
        (ImportError("libx.so: failed to map segment from shared object"), "libx.so", "ulimit -v"),
        (ImportError("libx.so: cannot open: Too many open files"), "libx.so", "ulimit -n"),
    ],
)
def test_a_limit_is_no_bug(error: Exception, said: str, fix: str) -> None:
    assert said in limit_of(error)[0] and fix in limit_of(error)[1]
    outcome = unexpected(error)
    assert outcome.code == 125
    assert said in outcome.complaint and fix in outcome.hint


@pytest.mark.parametrize(
    "error", [ImportError("no module x"), RuntimeError("why"), failed(errno.ENOTDIR, "/a")]
)
def test_a_bug_stays_one(error: Exception) -> None:
    assert limit_of(error) == ("", "")
    assert unexpected(error).code == 129


def test_a_file_of_another_user_is_not_a_limit() -> None:
    assert unexpected(failed(errno.EACCES, "/a")).code == 2


def test_the_line_that_has_the_reason() -> None:
    """The last one of make has none."""
    output = "x.c:1: fatal: cannot write: No space left on device\nmake: *** Error 1\n"
    line, fix = limit_in(output)
    assert line.startswith("x.c:1") and "df -h" in fix


def test_a_signal_of_a_limit_is_found_in_words() -> None:
    said = "collect2: fatal error: ld terminated with signal 25 [File size limit exceeded]"
    assert limit_in(f"{said}\nmake: *** Error 1") == (said, what_helps(errno.EFBIG))


@pytest.mark.parametrize(
    "output", ["", "make: *** Error 1", "Could not get lock x: Resource temporarily unavailable"]
)
def test_output_without_a_limit(output: str) -> None:
    assert limit_in(output) == ("", "")


def test_a_filter_is_found_in_the_words_of_a_program() -> None:
    assert "seccomp" in what_refused("setpriv: keep capabilities failed: Operation not permitted")
    assert "seccomp" in what_refused("setpriv: Function not implemented")
    assert "ulimit -n" in what_refused("sh: Too many open files")
    assert what_refused("no such option") == ""


def test_each_refusal_has_a_remedy_of_its_own() -> None:
    numbers = (errno.EPERM, errno.EACCES, errno.ENOMEM, errno.ENOSYS, errno.EMFILE, errno.EROFS)
    assert len({*map(what_helps, numbers)} - {""}) == len(numbers)
    assert what_helps(errno.ENOENT) == what_helps(None) == ""
