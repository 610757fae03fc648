# SPDX-License-Identifier: GPL-2.0-only
"""Which saved state belongs to which guest, which one is whole, and which ones stay."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from bench.errors import CannotSave
from bench.guest import saved, snapshot
from bench.guest.qemu import Accelerator, GuestConfig
from bench.model.steps import SILENT
from bench.model.units import GIB, MIB

NOBODY = 65534


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
    saved.describe(path)
    when = time.time() - age_days * 24 * 3600
    os.utime(path, (when, when))
    return path


def test_a_key_is_that_of_the_guest_and_not_of_the_run(config: GuestConfig, tmp_path: Path) -> None:
    key = snapshot.snapshot_key(config)
    elsewhere = replace(config, console=tmp_path / "another.log", results_fd="5", commands_fd="9")
    assert snapshot.snapshot_key(replace(elsewhere, results_fd="-1", commands_fd="-1")) == key


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
    assert saved.is_whole(path, said.append) and not said
    (path / "state").write_bytes(b"stale")
    assert not saved.is_whole(path, said.append)
    assert said == [f"the saved guest {'a' * 16} is damaged: it is made anew"]


@pytest.mark.parametrize("about", ["", "{", "[]", json.dumps({"bytes": 5}), "null"])
def test_a_description_that_is_none_is_damage(about: str, tmp_path: Path) -> None:
    path = made(tmp_path, "b" * 16)
    (path / "about.json").write_text(about)
    said: list[str] = []
    assert not saved.is_whole(path, said.append)
    assert len(said) == 1


def test_a_state_that_is_not_there_is_no_damage(tmp_path: Path) -> None:
    said: list[str] = []
    assert not saved.is_whole(tmp_path / "none", said.append)
    assert not said


def test_what_nobody_used_for_a_week_goes(tmp_path: Path) -> None:
    made(tmp_path, "old", age_days=8)
    made(tmp_path, "new", age_days=6)
    assert saved.prune(tmp_path).gone == ("old",)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_the_least_recently_used_go_until_the_rest_fits(tmp_path: Path) -> None:
    for number in range(4):
        made(tmp_path, str(number), bytes(1000), age_days=4 - number)
    size = sum(file.stat().st_size for file in (tmp_path / "0").iterdir())
    assert saved.prune(tmp_path, most=2 * size) == saved.Pruned(("0", "1"), 2 * size, ())
    assert saved.prune(tmp_path, keep="2", most=0).gone == ("3",)
    assert [path.name for path in tmp_path.iterdir()] == ["2"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of saved guests in a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = tmp_path / "bench" / saved.DIRECTORY
    path.mkdir(parents=True)
    return path


def test_what_a_process_uses_stays(place: Path) -> None:
    made(place, "used", age_days=8)
    made(place, "other")
    using = saved.use(place / "used")
    assert using
    assert saved.prune(place).left == ("used: a process uses it",)
    pruned = saved.empty()
    assert (pruned.gone, pruned.left) == (("other",), ("used: a process uses it",))
    using.release()
    assert saved.empty().gone == ("used",)
    assert saved.kept() == (0, 0) and not [*place.iterdir()]


def test_what_is_being_made_stays(place: Path) -> None:
    made(place, "made")
    with saved.making(place / "made", print), saved.making(place / "new", print):
        assert saved.empty().left == ("made: a process uses it",)
        assert {path.name for path in place.iterdir()} == {"made", ".made.lock", ".new.lock"}


def test_nothing_is_used_that_is_not_there(place: Path) -> None:
    assert saved.use(place / "none") is None


def test_who_waits_says_so_after_two_seconds(place: Path) -> None:
    said: list[str] = []
    with saved.making(place / "one", print):
        second = Thread(target=lambda: saved.making(place / "one", said.append).__enter__())
        second.start()
        second.join(1)
        assert not said
        second.join(2)
        assert said == ["another process saves the same guest: waiting for it"]
    second.join(10)
    assert not second.is_alive()


def test_a_lock_that_is_removed_meanwhile_locks_nobody_out(place: Path) -> None:
    """Who waited for it takes the lock file of that name, which a third one may have."""
    order: list[str] = []
    third = saved.making(place / "one", print)

    def second() -> None:
        with saved.making(place / "one", lambda _: None):
            order.append("second")

    waiting = Thread(target=second)
    with saved.making(place / "one", print):
        waiting.start()
        waiting.join(0.5)
        (place / ".one.lock").unlink()
        third.__enter__()
    waiting.join(0.5)
    assert not order
    third.__exit__(None, None, None)
    waiting.join(10)
    assert order == ["second"]


def test_a_cache_of_another_user_is_said_and_left_alone(
    config: GuestConfig, place: Path, tmp_path: Path
) -> None:
    """Everybody above it lets this user in; root becomes nobody for the test."""
    made(place, "theirs", age_days=8)
    place.chmod(0o555)
    ended = in_child(lambda: ensure_snapshot_as_nobody(config, tmp_path))
    place.chmod(0o755)
    assert ended == f"{place}: Permission denied"
    assert {path.name for path in place.iterdir()} == {"theirs"}


def ensure_snapshot_as_nobody(config: GuestConfig, home: Path) -> str:
    if os.geteuid() == 0:
        for path in (home, home / "bench"):
            os.chown(path, NOBODY, NOBODY)
        for path in home.parents:
            if path.stat().st_mode & 0o001 == 0:
                path.chmod(path.stat().st_mode | 0o001)
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    with pytest.raises(CannotSave) as caught:
        snapshot.ensure_snapshot(config, 1, SILENT)
    return caught.value.message


def in_child(work: Callable[[], str]) -> str:
    """What it returns in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, work().encode())
        except BaseException as error:
            os.write(writing, repr(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    said = os.read(reading, 4096).decode()
    os.close(reading)
    return said
