# SPDX-License-Identifier: GPL-2.0-only
"""`bench kernel`: what the cache has, and how it is emptied."""

from pathlib import Path

import pytest

from bench.guest import saved
from tests.unit.command import Bench


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "bench"


@pytest.fixture
def guest(cache: Path) -> Path:
    path = cache / saved.DIRECTORY / "0123456789abcdef"
    path.mkdir(parents=True)
    (path / "state").write_bytes(bytes(3 << 20))
    saved.describe(path)
    return path


def test_an_empty_cache(cache: Path, bench: Bench) -> None:
    assert bench("kernel", "list").out.splitlines() == [
        "no kernel is built",
        f"saved guests: 0, 0 MiB, in {cache}/snapshots",
    ]
    assert bench("kernel", "prune").out == "saved guests removed: 0, 0 MiB are free again\n"
    assert not cache.exists()


def test_kernels_are_listed_with_size_and_date(cache: Path, bench: Bench) -> None:
    for name in ("6.12+stock-1", "6.12+half-2.tmp"):
        (cache / "kernels" / name / "modules").mkdir(parents=True)
        (cache / "kernels" / name / "modules" / "vdpa.ko").write_bytes(bytes(2 << 20))
    first, second = bench("kernel", "list").out.splitlines()
    assert first.startswith("6.12+stock-1  2 MiB  built 20")
    assert second.startswith("saved guests: 0")


def test_prune_says_what_it_freed_and_what_stays(guest: Path, bench: Bench) -> None:
    using = saved.use(guest)
    assert using
    assert bench("kernel", "prune").out.splitlines() == [
        "saved guests removed: 0, 0 MiB are free again",
        f"{guest.name}: a process uses it: it stays",
    ]
    using.release()
    assert bench("kernel", "prune").out == "saved guests removed: 1, 3 MiB are free again\n"
    assert not [*guest.parent.iterdir()]


def test_doctor_counts_saved_guests(guest: Path, bench: Bench) -> None:
    out = bench("doctor").out
    assert f"1, 3 MiB in {guest.parent}" in out and "$ bench kernel prune" in out


@pytest.mark.parametrize("words", [["lists"], ["--update", "list"], ["build", "9.9:live-update"]])
def test_wrong_words_are_a_line_and_what_to_do(words: list[str], cache: Path, bench: Bench) -> None:
    ended = bench("kernel", *words)
    assert ended.code == 2 and len(ended.complaints) == 2
