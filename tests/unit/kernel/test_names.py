# SPDX-License-Identifier: GPL-2.0-only
"""Names of kernels, ``[BASE:]SERIES[+SERIES]``, and of configurations: all spellings."""

from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.kernel.name import KernelName, known_bases, own_name, read_configs, read_name
from bench.kernel.tree import Origin, Tree
from tests.unit.kernel.sources import lay


@pytest.fixture(autouse=True)
def mine(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree that is kept as ``mine``, one as ``checked`` with options, and a series."""
    lay(tmp_path / "linux")
    for name, configs in (("mine", ()), ("checked", ("debug",))):
        tree = Tree(name)
        with tree.locked(), tree.laying(Origin("directory", "", "1", "linux", configs=configs)):
            lay(tree.source)
    (tmp_path / "own").mkdir()
    (tmp_path / "own/0001-x.patch").write_text("--- a/x\n+++ b/x\n")
    (tmp_path / "own/small.config").write_text("CONFIG_A=y\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "base", "series"),
    [
        ("", "6.12", "live-update"),
        ("6.12", "6.12", "live-update"),
        ("6.12:", "6.12", "live-update"),
        ("live-update", "6.12", "live-update"),
        ("stock", "6.12", "stock"),
        ("6.12:stock", "6.12", "stock"),
        ("7.3", "7.3", "live-update"),
        ("7.3:live-update", "7.3", "live-update"),
        ("7.3:stock", "7.3", "stock"),
        ("7.3-uml", "7.3-uml", "live-update"),
        ("7.3-uml:stock", "7.3-uml", "stock"),
        ("7.3:live-update+./own", "7.3", "live-update+./own"),
        ("./own", "6.12", "./own"),
        ("live-update+./own", "6.12", "live-update+./own"),
        ("mine", "mine", "live-update"),
        ("mine:stock", "mine", "stock"),
    ],
)
def test_spellings(text: str, base: str, series: str) -> None:
    assert read_name(text) == KernelName(base, series)


@pytest.mark.parametrize(
    ("text", "config", "label"),
    [
        ("", "", "live-update"),
        ("6.12:live-update+./own", "plain", "live-update+own"),
        ("7.3", "", "7.3+live-update"),
        ("7.3", "plain", "7.3+live-update"),
        ("7.3:stock", "debug", "7.3-debug+stock"),
        ("7.3-uml", "", "7.3-uml+live-update"),
        ("7.3", "plain+debian", "7.3-debian+live-update"),
        ("7.3", "debian+own/small.config", "7.3-debian-small+live-update"),
        ("7.3", "debug+debug", "7.3-debug+live-update"),
        ("7.3", "debug+", "7.3-debug+live-update"),
        ("mine", "", "mine+live-update"),
        ("checked", "", "checked-debug+live-update"),
        ("checked", "debug", "checked-debug+live-update"),
    ],
)
def test_labels(text: str, config: str, label: str) -> None:
    assert read_name(text, config).label == label


def test_a_file_is_the_same_from_everywhere(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = read_name("7.3", "own/small.config")
    monkeypatch.chdir(mine / "own")
    assert read_name("7.3", "small.config") == here
    assert here.configs == (str(mine / "own/small.config"),)


def test_the_name_of_a_file_is_one_of_a_directory_that_make_takes(mine: Path) -> None:
    (mine / "two words:x.config").write_text("")
    assert read_name("7.3", "./two words:x.config").label == "7.3-two_words_x+live-update"


def test_configurations_that_a_tree_is_kept_with(mine: Path) -> None:
    small = str(mine / "own/small.config")
    assert read_configs("plain") == () == read_configs("")
    assert read_configs("plain+debug+own/small.config+debug") == ("debug", small)


def test_a_file_is_read_before_anything_is_made_of_it(mine: Path) -> None:
    (mine / "own/other.config").write_text("A=y\n")
    with pytest.raises(UsageError, match=r"--config: .*/own/other\.config:1: 'A=y' is no option"):
        read_configs("own/other.config")


def test_bases_are_those_of_debian_and_trees_that_are_kept() -> None:
    assert known_bases() == ["6.12", "7.3", "7.3-uml", "checked", "mine"]


@pytest.mark.parametrize(
    ("text", "config", "message", "hint"),
    [
        (
            "9.9:live-update",
            "",
            "--kernel: there is no base '9.9'",
            "known are 6.12, 7.3, 7.3-uml, checked",
        ),
        ("other:", "", "--kernel: there is no base 'other'", "bench kernel build NAME --tree"),
        (
            "9.9",
            "",
            "--kernel: there is no series of patches '9.9'",
            "live-update, range-unpin, stock",
        ),
        (
            "7.3:none",
            "",
            "--kernel: there is no series of patches 'none'",
            "live-update, range-unpin, stock",
        ),
        ("7.3:live-update+", "", "--kernel: there is no series of patches ''", "live-update"),
        (":stock", "", "--kernel: there is no series of patches ':stock'", "live-update"),
        ("7.3:a:b", "", "--kernel: there is no series of patches 'a:b'", "live-update"),
        ("7.3", "fast", "--config: 'fast' is unknown", "plain, debug, debian, lines, or a file"),
        ("7.3", "./none.config", "--config: ./none.config: no such file", ""),
        ("7.3", "./own", "--config: ./own: no such file", ""),
        ("7.3-uml", "debug", "--config: 7.3-uml is built in one configuration", "leave --config"),
        ("6.12", "debug", "--config: 6.12 is Debian's kernel, as it is", "7.3, 7.3-uml, or a tree"),
    ],
)
def test_a_wrong_one_is_a_line_with_what_is_known(
    text: str, config: str, message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read_name(text, config)
    assert caught.value.message == message
    assert hint in caught.value.hint


@pytest.mark.parametrize("name", ["mine", "x", "net-next", "v7.4_rc1", "6.13"])
def test_own_names(name: str) -> None:
    assert own_name(name) == name


@pytest.mark.parametrize("name", ["6.12", "7.3", "stock", "live-update"])
def test_names_that_are_taken(name: str) -> None:
    with pytest.raises(UsageError, match=f"NAME: '{name}' is taken"):
        own_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a:b", "a+b", "-a", "a b", "a\n", "x" * 42])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(UsageError, match="is no name") as caught:
        own_name(name)
    assert "letters, digits" in caught.value.hint
