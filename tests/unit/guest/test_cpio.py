# SPDX-License-Identifier: GPL-2.0-only
"""The archive of the initramfs: busybox unpacks what went in."""

import os
import subprocess
from pathlib import Path

import pytest

from bench.guest.cpio import DIRECTORY, FILE, LINK, archive

ENTRIES = {
    "bin": (DIRECTORY, b""),
    "bin/sh": (LINK, b"busybox"),
    "init": (FILE, b"#!/bin/sh\n"),
    **{f"bin/of-{size}": (FILE, b"x" * size) for size in range(9)},
    "bin/" + "n" * 100: (FILE, bytes(range(256))),
}


def busybox(*words: str, cwd: Path, data: bytes) -> str:
    command = ["busybox", "cpio", *words]
    done = subprocess.run(command, cwd=cwd, input=data, capture_output=True, check=True)
    return done.stdout.decode()


def test_the_same_entries_make_the_same_bytes() -> None:
    assert archive(ENTRIES) == archive(dict(ENTRIES))


def test_order_and_data_make_other_bytes() -> None:
    backwards = dict(reversed(ENTRIES.items()))
    others = [archive(backwards), archive({**ENTRIES, "init": (FILE, b"#!/bin/ash")})]
    assert archive(ENTRIES) not in others


def test_busybox_lists_what_went_in(tmp_path: Path) -> None:
    listed = busybox("-t", cwd=tmp_path, data=archive(ENTRIES))
    assert listed.splitlines() == list(ENTRIES)


def test_busybox_unpacks_what_went_in(tmp_path: Path) -> None:
    busybox("-im", cwd=tmp_path, data=archive(ENTRIES))
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")) == sorted(ENTRIES)
    for name, (mode, data) in ENTRIES.items():
        path = tmp_path / name
        assert path.lstat().st_mode == mode
        if mode == FILE:
            assert path.read_bytes() == data
            assert path.stat().st_mtime == 0
    assert os.readlink(tmp_path / "bin" / "sh") == "busybox"  # noqa: PTH115


@pytest.mark.parametrize("size", range(9))
def test_an_archive_is_whole_words(size: int) -> None:
    assert len(archive({"n" * (size + 1): (FILE, b"x" * size)})) % 4 == 0


def test_an_empty_archive_is_one(tmp_path: Path) -> None:
    assert busybox("-t", cwd=tmp_path, data=archive({})) == ""
