# SPDX-License-Identifier: GPL-2.0-only
"""Start user-mode Linux: a kernel that is a process of this machine and runs a script."""

import platform
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.cleanup.scratch import temporary
from bench.errors import CannotJudge, GuestLost
from bench.guest import cpio
from bench.guest.boot import Guest
from bench.model.units import GIB, MIB
from bench.paths import cache_dir
from bench.process import find_tool, spawn
from bench.worker.channels import Channels

INIT = Path(__file__).with_name("uml-init")
MEMORY = Path("/dev/shm")  # where the memory of the kernel is, a file without a name
_BOOT_DEADLINE = 60  # seconds; 0.3 on an idle machine
_PROBED = 64 * MIB  # memory of a kernel that only shows that it boots
_MACHINE = "x86_64"
_NEEDS = f"it needs ptrace or filters of seccomp, and memory in {MEMORY} that may be executed"


@dataclass(frozen=True)
class UmlConfig:
    """What a kernel is started with."""

    kernel: Path
    initramfs: Path
    memory: int  # bytes
    console: Path  # gets what the kernel says
    parameters: tuple[str, ...] = ()  # of drivers, as the kernel's command line has them


def cmdline(config: UmlConfig) -> str:
    """Return the part of the command line that is the same in every start."""
    # Filters of seccomp where they can be had, else ptrace: either keeps processes apart.
    words = ["con0=null,fd:1", "con=null", "seccomp=auto", f"mem={config.memory // MIB}M"]
    return " ".join([*words, *config.parameters])


def check_machine() -> None:
    """Refuse a machine of another architecture: CannotJudge."""
    if (machine := platform.machine()) != _MACHINE:
        raise CannotJudge(
            f"--executor uml: user-mode Linux is for {_MACHINE}, this machine is {machine}",
            "use --executor guest",
        )


def check_room(memory: int) -> None:
    """Refuse memory that has no place in the file that it is in: CannotJudge."""
    try:
        free = shutil.disk_usage(MEMORY).free
    except OSError as error:
        raise CannotJudge(f"{MEMORY}: {error.strerror}", "mount a tmpfs there") from None
    if memory > free:
        raise CannotJudge(
            f"--executor uml: {MEMORY} has room for {free / GIB:.1f} GiB, not for the"
            f" {memory / GIB:.1f} GiB of the kernel's memory",
            f"choose a smaller --mem, or mount -o remount,size={memory // GIB + 1}G {MEMORY}",
        )


@contextmanager
def start(config: UmlConfig, script: Sequence[str]) -> Iterator[Guest]:
    """Boot a kernel that runs a script, a command a line; it is ended when the block is left.

    CannotJudge where it does not boot, with the kernel's own words: it wants ptrace or filters
    of seccomp of this machine.
    """
    config.console.touch()
    where = cache_dir() / "uml"
    where.mkdir(exist_ok=True)
    with ExitStack() as stack:
        scratch = stack.enter_context(temporary(where))
        initrd = scratch / "initramfs.cpio"
        initrd.write_bytes(config.initramfs.read_bytes() + _own_files(script))
        ours, theirs = map(stack.enter_context, socket.socketpair())
        argv = _argv(config, initrd, scratch, theirs.fileno())
        child = stack.enter_context(spawn(argv, log=config.console, pass_fds=[theirs.fileno()]))
        theirs.close()  # so that the end of the kernel ends the stream
        # Nobody sends commands or asks to save it: all that it does is in its script.
        guest = Guest(child, Channels(ours, ours, ours), config.console, script, "the kernel")
        try:
            guest.wait_ready(_BOOT_DEADLINE)
        except GuestLost as lost:
            why = _complaint(lost.hint) or lost.message
            raise CannotJudge(f"user-mode Linux does not boot here: {why}", _NEEDS) from None
        yield guest


def _complaint(words: str) -> str:
    """Return the check of this machine that the kernel's last words say has failed, or nothing."""
    checks = (line.strip() for line in words.splitlines() if "..." in line)
    failed = [line for line in checks if not line.endswith("OK")]
    return failed[-1] if failed else ""


def probe(config: UmlConfig) -> None:
    """Boot a kernel that does nothing; CannotJudge as `start` does."""
    small = UmlConfig(config.kernel, config.initramfs, _PROBED, config.console)
    with start(small, [":"]) as guest:
        guest.run(":")


def _argv(config: UmlConfig, initrd: Path, scratch: Path, results: int) -> list[str]:
    """Return the command line. TMPDIR: the user's may be on a disk, and memory with it."""
    program = [find_tool("env", "coreutils"), f"TMPDIR={MEMORY}", str(config.kernel)]
    channel = f"con1=fd:{results},fd:{results}"
    return [*program, *cmdline(config).split(), channel, f"initrd={initrd}", f"uml_dir={scratch}/"]


def _own_files(script: Sequence[str]) -> bytes:
    """Make an archive that is laid over the guest's: its init, and what it is to run."""
    lines = "".join(f"{command}\n" for command in script).encode()
    return cpio.archive({"init": (cpio.FILE, INIT.read_bytes()), "script": (cpio.FILE, lines)})
