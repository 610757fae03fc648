# SPDX-License-Identifier: GPL-2.0-only
"""What the plugin takes instructions for, held against the assembler's own bytes."""

import ctypes
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.guest.plugin import SOURCE
from bench.process import run

OTHER, CALL, RETURN, INTERRUPT_RETURN, SYSCALL_RETURN, READ_CLOCK = range(6)


@pytest.fixture(scope="module", params=["gcc", "clang"])
def decoder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ctypes.CDLL]:
    """decode.c as a library; the whole plugin is built by this compiler too, without a warning."""
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    place = tmp_path_factory.mktemp(request.param)
    run(["make", "-s", "-C", str(SOURCE), f"O={place}", f"CC={request.param}"])
    library = place / "decode.so"
    run([request.param, "-shared", "-fPIC", "-o", str(library), str(SOURCE / "decode.c")])
    yield ctypes.CDLL(str(library))


def assembled(text: str, place: Path) -> bytes:
    """Return the bytes of one instruction."""
    source, thing, raw = place / "a.s", place / "a.o", place / "a.bin"
    source.write_text(f".text\n{text}\n")
    run(["as", "-o", str(thing), str(source)])
    run(["objcopy", "-O", "binary", "-j", ".text", str(thing), str(raw)])
    return raw.read_bytes()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("call .+100", CALL),
        ("call *%rax", CALL),
        ("call *%r11", CALL),
        ("notrack call *8(%rbx,%rcx,4)", CALL),
        ("call *%gs:16", CALL),
        ("lcall *(%rax)", CALL),
        ("ret", RETURN),
        ("rep ret", RETURN),
        ("ret $8", RETURN),
        ("iretq", INTERRUPT_RETURN),
        ("rdtsc", READ_CLOCK),
        ("rdtscp", READ_CLOCK),
        ("jmp *%rax", OTHER),
        ("push (%rax)", OTHER),
        ("inc (%rax)", OTHER),
        ("jmp .+100", OTHER),
        ("syscall", OTHER),
        ("sysretq", SYSCALL_RETURN),
        ("sysretl", SYSCALL_RETURN),
        ("sysexit", SYSCALL_RETURN),
        ("swapgs", OTHER),
        ("invlpg (%rax)", OTHER),
        ("nop", OTHER),
        ("mov $0xc3, %al", OTHER),
        ("lock cmpxchg %rcx, (%rdx)", OTHER),
    ],
)
def test_calls_returns_and_clocks(
    decoder: ctypes.CDLL, tmp_path: Path, text: str, kind: int
) -> None:
    code = assembled(text, tmp_path)
    assert decoder.decode(code, len(code)) == kind


@pytest.mark.parametrize(
    ("text", "atomic"),
    [
        ("lock incl (%rax)", True),
        ("lock cmpxchg %rcx, (%rdx)", True),
        ("lock xadd %rcx, %gs:(%rdx)", True),
        ("xchg %rax, (%rdx)", True),
        ("xchg %al, 8(%r12)", True),
        ("xchg %rcx, %rdx", False),
        ("cmpxchg %rcx, (%rdx)", False),
        ("incl (%rax)", False),
        ("mov $0xf0f0f0f0, %eax", False),
        # What the kernel makes of LOCK where there is one CPU.
        ("ds cmpxchg %rcx, (%rdx)", True),
        ("ds btsq $0, (%rdx)", True),
        ("ds bts %rax, (%rdx)", True),
        ("ds xaddl %ecx, (%rdx)", True),
        ("ds incl (%rdx)", True),
        ("ds decq 8(%rdx)", True),
        ("ds addl $1, (%rdx)", True),
        ("ds orb $4, (%rdx)", True),
        ("ds sub %rax, (%rdx)", True),
        ("ds andb $3, (%rdx)", True),
        ("ds cmpl $1, (%rdx)", False),
        ("ds btl $1, (%rdx)", False),
        ("ds mov (%rdx), %rax", False),
        ("ds add (%rdx), %rax", False),
        ("notrack jmp *(%rax)", False),
    ],
)
def test_atomics(decoder: ctypes.CDLL, tmp_path: Path, text: str, atomic: bool) -> None:
    code = assembled(text, tmp_path)
    decoder.is_atomic.restype = ctypes.c_bool
    assert decoder.is_atomic(code, len(code)) is atomic


@pytest.mark.parametrize("code", [b"", b"\xf0", b"\x66\x48", b"\x0f", b"\xff", b"\x0f\x01"])
def test_half_an_instruction_is_nothing_special(decoder: ctypes.CDLL, code: bytes) -> None:
    assert decoder.decode(code, len(code)) == OTHER
