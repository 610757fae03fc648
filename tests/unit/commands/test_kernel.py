# SPDX-License-Identifier: GPL-2.0-only
"""`bench kernel`: what the cache has, and how it is emptied."""

import json
from pathlib import Path

import pytest

from bench.cleanup import journal
from bench.cleanup.undo import UndoResult, UndoState
from bench.guest import saved
from bench.kernel.kernel import built_kernels
from bench.kernel.tree import Origin, Tree
from tests.unit.command import Bench
from tests.unit.kernel.sources import MAKEFILE


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


@pytest.fixture
def trees(cache: Path) -> Path:
    """A tree, one that was interrupted, and the kernels that were built of both and of Debian's."""
    for name in ("mine", "half"):
        tree = Tree(name)
        with tree.locked(), tree.laying(Origin("git", "/linux", "1", "1a2b3c dirty")):
            tree.source.mkdir()
            (tree.source / "Makefile").write_text(MAKEFILE)
        built = cache / "kernels" / f"{name}+stock-1"
        built.mkdir(parents=True)
        facts = {"base": name, "from": "1a2b3c dirty"}
        (built / "kernel.json").write_text(json.dumps(facts))
    (Tree("half").path / "origin.json").unlink()
    (cache / "kernels/6.12+stock-1").mkdir()
    return cache / "trees"


def test_trees_are_listed_with_what_they_are_copies_of(trees: Path, bench: Bench) -> None:
    lines = bench("kernel", "list").out.splitlines()
    assert [line for line in lines if line.startswith("tree ")] == [
        "tree half: a part of one, 0.0 GiB; bench kernel prune half",
        "tree mine: 1a2b3c dirty of /linux, 0.0 GiB with its builds",
    ]
    (of_mine,) = (line for line in lines if line.startswith("mine+stock-1"))
    assert of_mine.endswith("from 1a2b3c dirty")


def test_a_tree_goes_with_what_was_built_of_it(trees: Path, bench: Bench) -> None:
    ended = bench("kernel", "prune", "mine", "half")
    assert ended.out.splitlines() == [
        "mine: tree and 1 kernel removed, 0.0 GiB are free",
        "half: tree and 1 kernel removed, 0.0 GiB are free",
    ]
    assert [path.name for path in trees.glob("[!.]*")] == []
    assert [path.name for path in (trees.parent / "kernels").iterdir()] == ["6.12+stock-1"]


def test_a_tree_that_is_named_twice_goes_once(trees: Path, bench: Bench) -> None:
    ended = bench("kernel", "prune", "mine", "mine")
    assert (ended.code, len(ended.out.splitlines())) == (0, 1)


def test_what_cannot_be_removed_is_no_kernel_any_more(
    trees: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    stays = UndoResult(UndoState.FAILED, "it stays: Permission denied")
    monkeypatch.setattr(journal, "undo", lambda *_: stays)
    ended = bench("kernel", "prune", "mine")
    assert (ended.code, ended.complaints[0]) == (125, "bench: it stays: Permission denied")
    assert [each for each in built_kernels() if each.base == "mine"] == []
    assert Tree("mine").origin()  # the kernels go first, which are found by it


def test_a_tree_that_is_being_removed_is_none(trees: Path, bench: Bench) -> None:
    (trees / ".gone.tmp").mkdir()
    assert "gone" not in bench("kernel", "list").out


@pytest.mark.parametrize("name", ["other", "..", ".mine.lock", "mine/../mine"])
def test_a_tree_that_is_not_there(name: str, trees: Path, bench: Bench) -> None:
    ended = bench("kernel", "prune", "mine", name)
    assert ended.code == 2
    assert f"there is no tree '{name}'" in ended.complaints[0]
    assert "there are: half, mine" in ended.complaints[1]
    assert Tree("mine").origin()  # nothing of a command that is wrong is done


def test_doctor_counts_saved_guests(guest: Path, bench: Bench) -> None:
    out = bench("doctor").out
    assert f"1, 3 MiB in {guest.parent}" in out and "$ bench kernel prune" in out


@pytest.mark.parametrize(
    "words",
    [
        ["lists"],
        ["--update", "list"],
        ["build", "9.9:live-update"],
        ["build", "--tree", "."],
        ["build", "6.12", "--tree", "."],
        ["build", "mine", "--tree", ".", "--update"],
        ["build", "7.3", "--rev", "HEAD"],
        ["build", "mine", "--tree", "./none"],
        ["build", "6.12", "--config", "debug"],
    ],
)
def test_wrong_words_are_a_line_and_what_to_do(words: list[str], cache: Path, bench: Bench) -> None:
    ended = bench("kernel", *words)
    assert ended.code == 2 and len(ended.complaints) == 2
