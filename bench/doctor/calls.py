# SPDX-License-Identifier: GPL-2.0-only
"""Try the system calls that the helper cannot do without: a filter shows in no file."""

import ctypes
import errno
import mmap
import os
from collections.abc import Mapping
from contextlib import suppress

from bench.doctor.diagnosis import Finding, Severity
from bench.machine.endings import remedy
from bench.model.refusals import what_helps

# The numbers are the same on every architecture but alpha.
_CLONE3 = 435
_IO_URING_SETUP, _IO_URING_REGISTER, _PARAMS = 425, 427, 120
_REGISTER_BUFFERS = 0  # uapi/linux/io_uring.h


class _Buffer(ctypes.Structure):
    """struct iovec."""

    _fields_ = (("base", ctypes.c_void_p), ("bytes", ctypes.c_size_t))


def try_calls() -> dict[str, int]:
    """Return the errno of each call that is refused; what needs another one is not tried."""
    tried = {"clone3": _clone3(), **_of_memory_file(), "io_uring_register": _register()}
    return {name: number for name, number in tried.items() if number}


def refused_calls(refused: Mapping[str, int]) -> tuple[Finding, ...]:
    """Judge calls by the errno of each."""
    return tuple(
        Finding(
            "system calls",
            Severity.PROBLEM,
            f"{name}: {os.strerror(number)}",
            f"# {remedy(name, number) or what_helps(number)}",
        )
        for name, number in refused.items()
    )


def _clone3() -> int:
    """Ask for a thread without saying which: EINVAL is good, and without the call there is clone.

    The C library goes on to clone() for ENOSYS alone; other errors are a thread that is not made.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall(ctypes.c_long(_CLONE3), None, ctypes.c_size_t(0))
    number = ctypes.get_errno()
    return 0 if number in (errno.EINVAL, errno.ENOSYS) else number


def _of_memory_file() -> dict[str, int]:
    """Make a file such as guest memory is, let it grow, map it and give advice about it."""
    call = "memfd_create"
    try:
        fd = os.memfd_create("bench", os.MFD_CLOEXEC)
        try:
            call = "ftruncate"
            os.ftruncate(fd, mmap.PAGESIZE)
            call = "mmap"
            with mmap.mmap(fd, mmap.PAGESIZE) as page:
                call = "madvise"
                page.madvise(mmap.MADV_NORMAL)
        finally:
            os.close(fd)
    except OSError as error:
        return {call: error.errno or 0}
    return {}


def _register() -> int:
    """Pin a page as io_uring's buffer; 0 also where there is no ring, which is said elsewhere."""
    libc = ctypes.CDLL(None, use_errno=True)
    params = ctypes.create_string_buffer(_PARAMS)
    ring = libc.syscall(ctypes.c_long(_IO_URING_SETUP), ctypes.c_uint(1), params)
    if ring < 0:
        return 0
    try:
        with mmap.mmap(-1, mmap.PAGESIZE) as page:
            start = ctypes.c_char.from_buffer(page)
            buffer = _Buffer(ctypes.addressof(start), mmap.PAGESIZE)
            code = libc.syscall(
                ctypes.c_long(_IO_URING_REGISTER),
                ctypes.c_uint(ring),
                ctypes.c_uint(_REGISTER_BUFFERS),
                ctypes.byref(buffer),
                ctypes.c_uint(1),
            )
            number = ctypes.get_errno() if code < 0 else 0
            del start  # a mapping that is pointed to cannot be closed
            return number
    finally:
        with suppress(OSError):
            os.close(ring)
