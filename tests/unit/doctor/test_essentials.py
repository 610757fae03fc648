# SPDX-License-Identifier: GPL-2.0-only
"""A cache without room for the helper."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.doctor import Severity
from bench.doctor.essentials import examine_cache


@pytest.mark.parametrize(
    ("blocks", "inodes", "free", "word"),
    [
        (1 << 20, 1000, 500, ""),
        (15, 1000, 500, "60 KiB of room"),
        (1 << 20, 1000, 3, "3 inodes left"),
        (1 << 20, 0, 0, ""),  # btrfs counts none
    ],
)
def test_a_cache_that_is_full(
    blocks: int,
    inodes: int,
    free: int,
    word: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = SimpleNamespace(f_flag=0, f_bavail=blocks, f_frsize=4096, f_files=inodes, f_favail=free)
    monkeypatch.setattr(os, "statvfs", lambda _: found)
    finding = examine_cache()
    assert (finding.state is Severity.PROBLEM) == bool(word)
    assert word in finding.text
