# SPDX-License-Identifier: GPL-2.0-only
"""How a helper ended, in words."""

import errno
import signal

import pytest

from bench.errors import ProtocolError
from bench.machine.endings import ending, remedy
from bench.protocol.messages import read_items


@pytest.mark.parametrize(
    ("number", "cause", "fix"),
    [
        (signal.SIGXFSZ, "limit of its size", "ulimit -f"),
        (signal.SIGXCPU, "CPU time", "ulimit -t"),
        (signal.SIGKILL, "out of memory", "dmesg"),
        (signal.SIGBUS, "hugetlb", "cgroup"),
        (signal.SIGSYS, "seccomp", "seccomp=unconfined"),
        (signal.SIGSEGV, "memory that it does not have", "ulimit -s"),
    ],
)
def test_a_signal_is_explained_by_its_usual_cause(
    number: signal.Signals, cause: str, fix: str
) -> None:
    """As `subprocess` has it, and as a shell does."""
    for code in (-number, 128 + number):
        how, what = ending(code)
        assert how.startswith(f"killed by {number.name}: ") and cause in how
        assert fix in what


def test_other_ends() -> None:
    assert ending(126) == ("it cannot be executed", ending(126)[1])
    assert "BENCH_CACHE" in ending(126)[1]
    assert "not there" in ending(127)[0]
    assert ending(3) == ("exit code 3", "")
    assert ending(-64)[0].startswith("killed by")
    assert ending(-99) == ("killed by signal 99", "")
    assert ending(129 + 100) == ("exit code 229", "")


def test_the_error_decides_on_the_remedy() -> None:
    assert "ulimit -f" in remedy("ftruncate", errno.EFBIG)
    assert "memfd_noexec" in remedy("memfd_create", errno.EACCES)
    assert "seccomp" in remedy("memfd_create", errno.EPERM)
    assert "ulimit -u" in remedy("fork", errno.EAGAIN)
    for call in ("madvise", "ftruncate", "mmap", "pthread_create"):
        assert remedy(call, errno.EPERM)
    assert "seccomp" in remedy("madvise", errno.EPERM)
    assert remedy("ftruncate", 0) == remedy("nothing", errno.EPERM) == ""


def test_a_stream_that_a_signal_ends_says_so() -> None:
    lines = [
        '{"t":"hello","proto":%d,"experiment":"pin","params":{}}',
        '{"t":"exit","code":-31}',
    ]
    from bench.protocol.messages import PROTO

    lines[0] %= PROTO
    with pytest.raises(ProtocolError, match="after 0 results: killed by SIGSYS") as caught:
        [*read_items(lines)]
    assert "seccomp" in caught.value.hint
