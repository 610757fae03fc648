# SPDX-License-Identifier: GPL-2.0-only
"""Which saved state belongs to which guest, which one is whole, and which ones stay."""

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bench.guest import snapshot
from bench.guest.qemu import Accelerator, GuestConfig
from bench.model.units import GIB, MIB


@pytest.fixture
def config(tmp_path: Path) -> GuestConfig:
    kernel, initramfs = tmp_path / "vmlinuz", tmp_path / "vdpa-1.cpio"
    kernel.write_bytes(b"kernel")
    initramfs.write_bytes(b"initramfs")
    return GuestConfig(kernel, initramfs, 512 * MIB, Accelerator.TCG, tmp_path / "console.log")


def made(cache: Path, name: str, data: bytes = b"state", age_days: float = 0) -> Path:
    path = cache / name
    path.mkdir(parents=True)
    (path / "state").write_bytes(data)
    snapshot.describe(path)
    when = time.time() - age_days * 24 * 3600
    os.utime(path, (when, when))
    return path


def test_a_key_is_that_of_the_guest_and_not_of_the_run(config: GuestConfig, tmp_path: Path) -> None:
    key = snapshot.snapshot_key(config)
    elsewhere = replace(config, console=tmp_path / "another.log", results_fd=5, commands_fd=9)
    assert snapshot.snapshot_key(replace(elsewhere, results_fd=-1, commands_fd=-1)) == key


@pytest.mark.parametrize(
    "change",
    [
        {"memory": GIB},
        {"platform_iommu": True},
        {"gigantic_pages": 1},
        {"boot": 1},
        {"initramfs": "vdpa-2.cpio"},
        {"accelerator": Accelerator.KVM},
    ],
)
def test_another_guest_has_another_key(
    change: dict[str, object], config: GuestConfig, tmp_path: Path
) -> None:
    if "initramfs" in change:
        change = {"initramfs": tmp_path / "vdpa-2.cpio"}
        (tmp_path / "vdpa-2.cpio").write_bytes(b"initramfs")
    assert snapshot.snapshot_key(replace(config, **change)) != snapshot.snapshot_key(config)  # type: ignore[arg-type]


def test_a_state_that_was_changed_is_made_anew_and_said_to_be(tmp_path: Path) -> None:
    said: list[str] = []
    path = made(tmp_path, "a" * 16)
    assert snapshot.is_whole(path, said.append) and not said
    (path / "state").write_bytes(b"stale")
    assert not snapshot.is_whole(path, said.append)
    assert said == [f"the saved guest {'a' * 16} is damaged: it is made anew"]


@pytest.mark.parametrize("about", ["", "{", "[]", json.dumps({"bytes": 5}), "null"])
def test_a_description_that_is_none_is_damage(about: str, tmp_path: Path) -> None:
    path = made(tmp_path, "b" * 16)
    (path / "about.json").write_text(about)
    said: list[str] = []
    assert not snapshot.is_whole(path, said.append)
    assert len(said) == 1


def test_a_state_that_is_not_there_is_no_damage(tmp_path: Path) -> None:
    said: list[str] = []
    assert not snapshot.is_whole(tmp_path / "none", said.append)
    assert not said


def test_what_nobody_used_for_a_week_goes(tmp_path: Path) -> None:
    made(tmp_path, "old", age_days=8)
    made(tmp_path, "new", age_days=6)
    assert snapshot.prune(tmp_path) == ["old"]
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_the_least_recently_used_go_until_the_rest_fits(tmp_path: Path) -> None:
    for number in range(4):
        made(tmp_path, str(number), bytes(1000), age_days=4 - number)
    size = sum(file.stat().st_size for file in (tmp_path / "0").iterdir())
    assert snapshot.prune(tmp_path, most=2 * size) == ["0", "1"]
    assert snapshot.prune(tmp_path, keep="2", most=0) == ["3"]
    assert [path.name for path in tmp_path.iterdir()] == ["2"]
