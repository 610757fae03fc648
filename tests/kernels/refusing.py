# SPDX-License-Identifier: GPL-2.0-only
"""Become another program, for which ptrace() and filters of seccomp are refused.

As in a container whose own filter does not allow them: prctl(2), seccomp(2), bpf(4).
"""

import ctypes
import os
import struct
import sys
from itertools import starmap

_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _FILTER = 22, 38, 2
_LOAD_NUMBER, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_EPERM, _ALLOW = 0x00050001, 0x7FFF0000
_PTRACE, _SECCOMP = 101, 317  # x86-64

# Code, how far to go where it is true and where it is not, and a value.
PROGRAM = [
    (_LOAD_NUMBER, 0, 0, 0),
    (_IF_EQUAL, 1, 0, _PTRACE),
    (_IF_EQUAL, 0, 1, _SECCOMP),
    (_RETURN, 0, 0, _EPERM),
    (_RETURN, 0, 0, _ALLOW),
]


class _Program(ctypes.Structure):
    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def refuse() -> None:
    """Refuse both from now on, here and in all that is started."""
    code = b"".join(starmap(struct.Struct("HBBI").pack, PROGRAM))
    program = _Program(len(PROGRAM), code)
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero):
        raise OSError(ctypes.get_errno(), "PR_SET_NO_NEW_PRIVS")
    if libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_FILTER), ctypes.byref(program), zero, zero):
        raise OSError(ctypes.get_errno(), "PR_SET_SECCOMP")


if __name__ == "__main__":
    refuse()
    os.execvp(sys.argv[1], sys.argv[1:])
