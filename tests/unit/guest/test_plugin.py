# SPDX-License-Identifier: GPL-2.0-only
"""What a QEMU says of the plugin: it takes it, knows another interface, or has none."""

import os
from pathlib import Path

import pytest

from bench.guest.plugin import why_no_plugin, why_not_profiled
from bench.guest.qemu import Accelerator


@pytest.fixture
def qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of that name, to be written; `why_no_plugin` remembers answers by the plugin."""
    path = tmp_path / "qemu-system-x86_64"
    path.touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return path


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("bench-plugin: interface 1", ""),
        ("bench-plugin: interface 7", ""),
        ("bench-plugin: interface 8", "has version 8 of the plugin interface, 7 is known"),
        ("qemu: -plugin: invalid option", "takes no plugin of ours: qemu: -plugin: invalid option"),
        (
            "qemu: Could not load plugin x.so: plugin requires API version 7, but this QEMU"
            " supports only up to version 6",
            "supports only up to version 6",
        ),
        ("", "it said nothing"),
    ],
)
def test_the_reason_is_what_qemu_says(qemu: Path, tmp_path: Path, says: str, why: str) -> None:
    qemu.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit 1\n")
    answer = why_no_plugin(tmp_path / f"{abs(hash(says))}.so")
    assert (why in answer) if why else not answer


def test_only_counted_guests_are_profiled() -> None:
    assert "under KVM" in why_not_profiled(Accelerator.KVM)
    assert "without icount" in why_not_profiled(Accelerator.PLAIN_TCG)
    assert not why_not_profiled(Accelerator.TCG)
