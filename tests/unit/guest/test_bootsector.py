# SPDX-License-Identifier: GPL-2.0-only
"""The smallest guest, in a real QEMU, and what is quoted of one that fails."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.guest.bootsector import argv, boot_sector, own_words, why_no_boot_sector
from bench.guest.qemu import Accelerator


def fake_qemu(directory: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = directory / "qemu-system-x86_64"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")


def open_fds() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def test_a_boot_sector_runs_in_qemu() -> None:
    """Under TCG it does on every machine: all that can fail is ours."""
    before = open_fds()
    assert why_no_boot_sector(Accelerator.TCG) == ""
    assert len(open_fds()) == len(before)


def test_it_is_a_sector_that_firmware_boots() -> None:
    assert len(boot_sector()) == 512
    assert boot_sector().endswith(b"\x55\xaa")


@pytest.mark.parametrize(("accelerator", "cpu"), [("kvm", "host"), ("tcg", "Nehalem,")])
def test_it_is_run_as_a_guest_is(accelerator: str, cpu: str) -> None:
    words = argv("qemu", Accelerator(accelerator), "/disk")
    assert words[words.index("-accel") + 1] == accelerator
    assert words[words.index("-cpu") + 1].startswith(cpu)


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("exit 33", ""),
        ("exit 0", "QEMU ended (exit 0) before the boot sector did"),
        ("echo first; echo 'qemu-system-x86_64: no' >&2; exit 1", "QEMU ended (exit 1): no"),
        ("kill -ABRT $$", "QEMU was killed by SIGABRT: it gave up by itself: without a word"),
    ],
)
def test_the_end_of_qemu_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, problem: str
) -> None:
    fake_qemu(tmp_path, script, monkeypatch)
    assert why_no_boot_sector(Accelerator.KVM) == problem


def test_a_sector_that_hangs_meets_its_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_qemu(tmp_path, "exec sleep 1000", monkeypatch)
    problem = why_no_boot_sector(Accelerator.KVM, deadline=0.5)
    assert "does not run to its end within" in problem


def test_without_qemu_that_is_the_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert why_no_boot_sector(Accelerator.TCG) == "qemu-system-x86_64 is not installed"


ABORTED = """[    0.1] Linux version: 6
qemu-system-x86_64: warning: host doesn't support requested feature
qemu-system-x86_64: error: failed to set MSR 0x10a to 0x69
qemu-system-x86_64: ../../target/i386/kvm/kvm.c:3183: buf_set: Assertion `ret == n' failed.
"""


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("", ""),
        ("one\n  two \n\n", "two"),
        (ABORTED, "failed to set MSR 0x10a to 0x69; buf_set: Assertion `ret == n' failed."),
        ("/usr/bin/qemu-system-x86_64: -accel kvm: denied\n", "-accel kvm: denied"),
        ("KVM internal error. Suberror: 1\nEAX=0\n", "KVM internal error. Suberror: 1"),
        ("the last\x1b[0m\n", "the last?[0m"),
    ],
)
def test_qemu_is_quoted_in_one_line(log: str, words: str) -> None:
    assert own_words(log) == words


@given(st.text())
def test_any_log_is_one_printable_line(log: str) -> None:
    for text in (log, f"qemu-system-x86_64: {log}"):
        words = own_words(text)
        assert words.isprintable()
        assert len(words) <= 200
