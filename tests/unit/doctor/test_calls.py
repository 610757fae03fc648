# SPDX-License-Identifier: GPL-2.0-only
"""System calls that a filter refuses, tried behind one."""

import errno
import json
import os
import subprocess
import sys

import pytest

from bench.doctor import Severity
from bench.doctor.calls import refused_calls, try_calls
from bench.paths import ROOT

# A program for seccomp(2): the call of that number gets that errno, and others are let through.
FILTERED = """
import ctypes, json, struct
from bench.doctor.calls import try_calls
def step(code, jt, jf, k):
    return struct.pack("HBBI", code, jt, jf, k)
steps = [step(0x20, 0, 0, 0), step(0x15, 0, 1, NUMBER), step(6, 0, 0, 0x50000 | ERRNO)]
steps.append(step(6, 0, 0, 0x7FFF0000))
held = ctypes.create_string_buffer(b"".join(steps))
class Program(ctypes.Structure):
    _fields_ = (("many", ctypes.c_ushort), ("steps", ctypes.c_void_p))
program = Program(len(steps), ctypes.addressof(held))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(program)) == 0
print(json.dumps(try_calls()))
"""
NUMBERS = {  # of x86-64
    "memfd_create": 319,
    "ftruncate": 77,
    "madvise": 28,
    "io_uring_register": 427,
    "clone3": 435,
}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="system calls have other numbers")
@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ENOMEM])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_call_behind_a_filter(name: str, number: int) -> None:
    program = FILTERED.replace("NUMBER", str(NUMBERS[name])).replace("ERRNO", str(number))
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    found = json.loads(done.stdout)
    if (name, number) == ("clone3", errno.ENOSYS):  # the C library knows what to do then
        assert not found
        return
    if name == "io_uring_register" and not found:
        pytest.skip("there is no io_uring here")
    assert found[name] == number


def test_each_error_has_a_remedy_of_its_own() -> None:
    numbers = (errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ENOMEM)
    for name in NUMBERS:
        found = [finding for n in numbers for finding in refused_calls({name: n})]
        assert all(finding.state is Severity.PROBLEM for finding in found)
        assert len({finding.fix for finding in found} - {"# "}) == len(numbers)


def test_what_is_refused_is_refused_with_an_errno() -> None:
    assert {*try_calls().values()} <= {*errno.errorcode}
    assert refused_calls({}) == ()
