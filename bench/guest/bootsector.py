# SPDX-License-Identifier: GPL-2.0-only
"""Boot the smallest guest there is: a boot sector that ends QEMU. It takes no kernel.

An accelerator that cannot run it cannot run anything. One that can may still fail with a kernel:
some machines run real mode under KVM and hang in protected mode.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from bench.errors import CannotJudge
from bench.guest.qemu import CPU, Accelerator
from bench.machine.endings import ending
from bench.model.units import MIB
from bench.process import ProcessFailed, find_tool, run

DEADLINE = 20  # seconds; QEMU, its firmware and the sector take a fraction of one
_PORT, _VALUE = 0x501, 0x10
_DONE = _VALUE << 1 | 1  # QEMU's exit code when the guest writes _VALUE: isa-debug-exit
_TIMEOUT = 124  # the exit code that bench.process gives for a deadline that passed
_DISK = MIB  # the firmware reads no disk that is smaller than a cylinder


def boot_sector() -> bytes:
    """Return 512 bytes of real mode code that write to the port which ends QEMU."""
    code = b"".join(
        (
            b"\xba" + _PORT.to_bytes(2, "little"),  # mov dx, _PORT
            b"\xb0" + _VALUE.to_bytes(1, "little"),  # mov al, _VALUE
            b"\xee",  # out dx, al
            b"\xf4",  # hlt
            b"\xeb\xfd",  # jmp to the hlt
        )
    )
    return code.ljust(510, b"\0") + b"\x55\xaa"


def argv(qemu: str, accelerator: Accelerator, disk: str) -> list[str]:
    """Return QEMU's command line, with the machine and the CPU of other guests."""
    return [
        qemu,
        "-nodefaults",
        "-no-user-config",
        "-display", "none",
        "-no-reboot",
        "-machine", "q35",
        "-cpu", CPU[accelerator],
        "-accel", accelerator.value,
        "-m", "16M",
        "-device", f"isa-debug-exit,iobase={_PORT:#x},iosize=1",
        "-drive", f"if=none,id=boot,format=raw,file={disk}",
        "-device", "ide-hd,drive=boot",
    ]  # fmt: skip


def why_no_boot_sector(accelerator: Accelerator, deadline: float = DEADLINE) -> str:
    """Say in one line why the sector does not run under ``accelerator``, "" when it does.

    ``deadline`` is in seconds. The disk is in memory only, so that nothing is left behind.
    """
    try:
        qemu = find_tool("qemu-system-x86_64", "qemu-system-x86")
        guard = [find_tool("setpriv", "util-linux"), "--pdeathsig", "KILL", "--"]
        with _disk() as disk:
            run([*guard, *argv(qemu, accelerator, disk)], timeout=deadline)
    except ProcessFailed as failed:
        return _verdict(failed, deadline)
    except CannotJudge as error:
        return error.message
    except OSError as error:
        return f"no boot sector in memory: {error.strerror}"
    return f"QEMU {_ending(0)} before the boot sector did"


@contextmanager
def _disk() -> Iterator[str]:
    """Yield the path of a disk in memory that holds the sector."""
    fd = os.memfd_create("bench-boot-sector")
    try:
        os.ftruncate(fd, _DISK)
        os.pwrite(fd, boot_sector(), 0)
        yield f"/proc/{os.getpid()}/fd/{fd}"
    finally:
        os.close(fd)


def _verdict(failed: ProcessFailed, deadline: float) -> str:
    if failed.code == _DONE:
        return ""
    if failed.code == _TIMEOUT:
        return f"a boot sector does not run to its end within {deadline:.0f} s"
    return f"QEMU {_ending(failed.code)}: {own_words(failed.output) or 'without a word'}"


def _ending(code: int) -> str:
    return f"ended (exit {code})" if code >= 0 else f"was {ending(code)[0]}"


_MOST = 200  # characters


def own_words(log: str) -> str:
    """Return the error in QEMU's output as one line of at most 200 printable characters.

    QEMU puts its name before each line of its own, and the path of a source file before an
    assertion; the error that led to the assertion is on the line before it. KVM's internal error
    begins with other words and is followed by registers. Without such lines: the last line.
    """
    lines = [" ".join(line.split()) for line in log.splitlines() if line.strip()]
    own = [found[1] or found[2] for line in lines if (found := _OWN.fullmatch(line))]
    words = [line for line in own if not line.startswith(("warning:", "terminating on"))][-2:]
    text = "; ".join(dict.fromkeys(words)) if words else (lines or [""])[-1]
    return "".join(c if c.isprintable() else "?" for c in text)[:_MOST]


_OWN = re.compile(
    r"(?:\S*/)?qemu-system-\w+: (?:\S+\.c:\d+: )?(?:error: )?(.+)|(KVM internal error.*)"
)
