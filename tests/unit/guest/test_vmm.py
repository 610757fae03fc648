# SPDX-License-Identifier: GPL-2.0-only
"""Which QEMU can be started within a guest: one as Debian has it."""

import shutil
from pathlib import Path

import pytest

from bench.errors import MissingTool
from bench.executors.guest import ClockCheck, block_script
from bench.guest.vmm import why_no_vmm
from bench.kernel.kernel import Kernel
from bench.model.cell import Clock
from bench.model.vmm import VMM
from bench.plan.matrix import make_plan
from bench.plan.scenario import load_scenario

KERNEL = Kernel(Path(), "none", "0", Path("/vmlinuz"), (), ())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in the search path, alone."""
    monkeypatch.setattr("bench.process.search_path", lambda: str(tmp_path))
    return tmp_path / VMM


def real(program: str) -> bytes:
    path = shutil.which(program)
    assert path
    return Path(path).read_bytes()


def put(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o755)


def test_this_machines_own_will_do() -> None:
    assert why_no_vmm() == ""


def test_none_is_a_missing_tool(place: Path) -> None:
    assert not place.exists()
    with pytest.raises(MissingTool, match="qemu-system-x86_64 is not installed"):
        why_no_vmm()


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b'#!/bin/sh\nexec qemu "$@"\n'])
def test_a_script_is_none(place: Path, content: bytes) -> None:
    put(place, content)
    assert why_no_vmm() == f"{place} is a script, not QEMU itself"


def test_another_architecture(place: Path) -> None:
    program = real(VMM)
    put(place, program[:18] + (183).to_bytes(2, "little") + program[20:])  # EM_AARCH64
    assert why_no_vmm() == f"{place} is of another architecture than the guest"


def test_a_static_one(place: Path) -> None:
    put(place, real("busybox"))
    assert "is a static program" in why_no_vmm()


def test_its_block_is_skipped_with_the_need(place: Path) -> None:
    put(place, b"#!/bin/sh\n")
    (block,) = make_plan(load_scenario("vmm-start", {})).blocks
    script = block_script(block, Clock.ICOUNT, KERNEL)
    assert isinstance(script[0], ClockCheck)
    (skip,) = [step.skips for step in script if step.skips[0]]
    assert "a script" in skip[0] and "with shared libraries" in skip[1]
