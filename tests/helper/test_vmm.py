# SPDX-License-Identifier: GPL-2.0-only
"""The start of a program until it opens its memory: seen when it does, and only then."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.model.units import MIB
from bench.model.vmm import VMM, vmm_words
from tests.helper.running import Ended, run

MEM = 16 * MIB
ONE = "start-helper,start-vmm,start-helper,start-vmm"


@pytest.fixture
def memory() -> Iterator[Path]:
    """A file on a tmpfs, as it is in the guest, which is not there yet."""
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="bench-vmm-") as directory:
        yield Path(directory) / "memory"


def start(helper: Path, memory: Path, *command: str, order: str = ONE) -> Ended:
    words = ["--mem", str(MEM), "--pages", "4k", "--order", order, "--lease", str(memory)]
    return run(helper, "vmm-start", *words, "--", *command)


def opens(path: Path) -> str:
    return f"exec 3<>{path}"


def test_a_program_that_opens_its_memory(helper: Path, memory: Path) -> None:
    """A shell can: it need not be a VMM. Every rep has a lease of its own."""
    ended = start(helper, memory, "/bin/sh", "-c", opens(memory))
    assert (ended.code, ended.stderr) == (0, "")
    reps = ended.of("rep")
    assert [rep["method"] for rep in reps] == ONE.split(",")
    assert all([*rep["phases"]] == ["exec"] and rep["pause"] > 0 for rep in reps)
    assert not memory.exists()


def test_the_later_it_opens_it_the_longer_it_takes(helper: Path, memory: Path) -> None:
    late = start(helper, memory, "/bin/sh", "-c", f"sleep 0.3; {opens(memory)}")
    helpers, vmms = ([r["pause"] for r in late.of("rep")[first::2]] for first in (0, 1))
    assert all(3e8 < pause < 3e9 for pause in vmms) and all(pause < 3e8 for pause in helpers)


def test_qemu_itself(helper: Path, memory: Path) -> None:
    program = shutil.which(VMM)
    assert program
    words = [word.replace("/tmp/vmm-memory", str(memory)) for word in vmm_words(program, MEM)]
    ended = start(helper, memory, *words)
    assert (ended.code, ended.stderr) == (0, "")
    helpers, vmms = ([r["pause"] for r in ended.of("rep")[first::2]] for first in (0, 1))
    assert min(vmms) > max(helpers)


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("exit 3", "/bin/sh ended (exit 3) before it opened its memory"),
        ("kill -9 $$", "/bin/sh was killed by signal 9 before it opened its memory"),
        ("/bin/sh -c '{opens}'; :", "the lease was broken, but not by /bin/sh"),
    ],
)
def test_what_does_not_count(helper: Path, memory: Path, script: str, complaint: str) -> None:
    """A start counts only if the very process that was started came to its memory."""
    script = script.format(opens=opens(memory))
    ended = start(helper, memory, "/bin/sh", "-c", script, order="start-vmm")
    assert (ended.code, ended.of("rep")) == (1, [])
    (error,) = ended.of("error")
    assert error["text"] == complaint


def test_no_vmm_is_a_skip(helper: Path, memory: Path) -> None:
    ended = start(helper, memory, "/nowhere/qemu-system-x86_64")
    assert ended.code == 4
    (skip,) = ended.of("skip")
    assert "/nowhere/qemu-system-x86_64" in skip["why"] and "QEMU" in skip["need"]
    assert not memory.exists()
