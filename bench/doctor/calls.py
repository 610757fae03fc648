# SPDX-License-Identifier: GPL-2.0-only
"""Try the system calls that the helper cannot do without: a filter shows in no file."""

import ctypes
import mmap
import os
from collections.abc import Mapping
from contextlib import suppress

from bench.doctor.diagnosis import Finding, Severity
from bench.model.refusals import what_helps
from bench.protocol.endings import remedy

# The numbers are the same on every architecture but alpha.
_IO_URING_SETUP, _IO_URING_REGISTER, _PARAMS = 425, 427, 120
_REGISTER_BUFFERS = 0  # uapi/linux/io_uring.h


class _Buffer(ctypes.Structure):
    """struct iovec."""

    _fields_ = (("base", ctypes.c_void_p), ("bytes", ctypes.c_size_t))


def try_calls() -> dict[str, int]:
    """Return the errno of each call that is refused; what needs another one is not tried."""
    tried = {"memfd_create": _memfd(), "io_uring_register": _register()}
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


def _memfd() -> int:
    try:
        os.close(os.memfd_create("bench", os.MFD_CLOEXEC))
    except OSError as error:
        return error.errno or 0
    return 0


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
