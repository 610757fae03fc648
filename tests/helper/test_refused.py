# SPDX-License-Identifier: GPL-2.0-only
"""What the kernel refuses the helper: the errno decides what it says to do."""

import ctypes
import errno
import json
import platform
import resource
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helper.running import Ended

pytestmark = [
    pytest.mark.alone,  # the kernel counts locked memory by user
    pytest.mark.skipif(platform.machine() != "x86_64", reason="numbers of system calls"),
]

MEMFD_CREATE, MLOCK, IO_URING_SETUP, IO_URING_REGISTER = 319, 149, 425, 427
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_SET_THP_DISABLE, FILTER = 38, 22, 41, 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h, with BPF_W | BPF_ABS and BPF_K
ALLOW, ERRNO = 0x7FFF0000, 0x00050000  # linux/seccomp.h


def refuse(number: int, error: int) -> Callable[[], None]:
    """Let a system call fail with this errno, as the filter of a container does."""
    program = [(LOAD, 0, 0, 0), (EQUAL, 0, 1, number)]
    program += [(RETURN, 0, 0, ERRNO | error), (RETURN, 0, 0, ALLOW)]
    text = b"".join(struct.pack("HBBI", *line) for line in program)
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(text)

    def enter() -> None:
        filtered = struct.pack("HP", len(program), ctypes.addressof(code))
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        assert libc.prctl(PR_SET_SECCOMP, FILTER, filtered, 0, 0) == 0

    return enter


def run(helper: Path, enter: Callable[[], None], pages: str = "4k") -> Ended:
    words = ["pin", "--out", "1", "--mem", str(4 << 20), "--pages", pages]
    done = subprocess.run(
        [str(helper), *words, "--order", "io-uring,mlock,populate"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=enter,
    )
    return Ended(done.returncode, done.stdout.splitlines(), done.stderr)


@pytest.mark.parametrize(
    ("number", "error", "method", "word"),
    [
        (IO_URING_SETUP, errno.EPERM, "io-uring", "io_uring_disabled"),
        (IO_URING_SETUP, errno.EACCES, "io-uring", "security module"),
        (IO_URING_SETUP, errno.ENOSYS, "io-uring", "CONFIG_IO_URING"),
        (IO_URING_SETUP, errno.ENOMEM, "io-uring", "ulimit -l"),
        (IO_URING_SETUP, errno.EMFILE, "io-uring", "ulimit -n"),
        (IO_URING_REGISTER, errno.EPERM, "io-uring", "seccomp"),
        (IO_URING_REGISTER, errno.ENOMEM, "io-uring", "ulimit -l"),
        (MLOCK, errno.EPERM, "mlock", "seccomp"),
        (MLOCK, errno.EACCES, "mlock", "security module"),
        (MLOCK, errno.ENOMEM, "mlock", "ulimit -l"),
    ],
)
def test_a_method_that_is_refused_leaves_the_others(
    helper: Path, number: int, error: int, method: str, word: str
) -> None:
    ended = run(helper, refuse(number, error))
    assert ended.code == 0
    assert word in ended.skipped[method]
    assert "populate" in {rep["method"] for rep in ended.of("rep")}


@pytest.mark.parametrize("error", [errno.EPERM, errno.EACCES, errno.ENOSYS])
def test_a_memory_file_that_is_refused_is_an_error_with_its_number(
    helper: Path, error: int
) -> None:
    (said,) = run(helper, refuse(MEMFD_CREATE, error)).of("error")
    assert (said["op"], said["errno"]) == ("memfd_create", error)


def test_a_limit_of_file_sizes_is_an_error_and_no_signal(helper: Path) -> None:
    ended = run(helper, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)))
    (said,) = ended.of("error")
    assert (said["op"], said["errno"]) == ("ftruncate", errno.EFBIG)
    assert ended.code > 0


def test_huge_pages_that_are_switched_off_for_the_process(helper: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    ended = run(helper, lambda: libc.prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), "thp")
    (said,) = [json.loads(line) for line in ended.lines if '"t":"skip"' in line]
    assert "PR_SET_THP_DISABLE" in said["need"]
