# SPDX-License-Identifier: GPL-2.0-only
"""Fragments of a configuration: read, laid over each other, and held against what came of them."""

from pathlib import Path

import pytest

from bench.errors import CannotJudge, UsageError
from bench.kernel.fragments import (
    Option,
    check_survivors,
    merge,
    parse_option,
    read_fragment,
    without_modules,
)
from bench.kernel.name import FRAGMENTS


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("CONFIG_A=y", Option("CONFIG_A", "y")),
        ("CONFIG_A=m", Option("CONFIG_A", "m")),
        ("CONFIG_A=0x10", Option("CONFIG_A", "0x10")),
        ('CONFIG_A="a b # c"', Option("CONFIG_A", '"a b # c"')),
        ('CONFIG_A=""', Option("CONFIG_A", '""')),
        ("# CONFIG_A is not set", Option("CONFIG_A", "n")),
        ("CONFIG_A=y  # where known", Option("CONFIG_A", "y", where_known=True)),
        ("# CONFIG_A is not set  # where known", Option("CONFIG_A", "n", where_known=True)),
        ("# a comment", None),
        ("", None),
        ("CONFIG_A", None),
        ("CONFIG_A=y because", None),
    ],
)
def test_lines(line: str, option: Option | None) -> None:
    assert parse_option(line) == option


@pytest.mark.parametrize("line", ["CONFIG_A", "CONFIG_A = y", "config_a=y", "A=y", "y"])
def test_a_line_that_is_none_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.config"
    path.write_text(f"# mine\n\nCONFIG_B=y\n{line}\n")
    with pytest.raises(UsageError) as caught:
        read_fragment(path)
    assert caught.value.message == f"--config: {path}:4: '{line}' is no option"
    assert "CONFIG_NAME=y" in caught.value.hint


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Is a directory"):
        read_fragment(tmp_path)
    (tmp_path / "image").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not text"):
        read_fragment(tmp_path / "image")


def test_of_several_values_the_last_one_holds() -> None:
    first = [Option("CONFIG_A", "y"), Option("CONFIG_B", "y")]
    second = [Option("CONFIG_A", "n"), Option("CONFIG_C", "5")]
    assert [str(option) for option in merge([first, second])] == [
        "# CONFIG_A is not set",
        "CONFIG_B=y",
        "CONFIG_C=5",
    ]


def test_what_a_distribution_builds_as_modules_is_left_out() -> None:
    config = "# Linux\nCONFIG_A=y\nCONFIG_B=m\n# CONFIG_C is not set\n"
    assert [option.name for option in without_modules(config)] == ["CONFIG_A", "CONFIG_C"]


KCONFIG = """\
config LOST
\tbool "An option"
\tdepends on NET && PCI

\tdepends on HAS_DMA
\thelp
\t  Words.

menuconfig DECIDED
\tdef_bool y
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for directory in ("arch/alpha", "arch/x86", "drivers/vdpa"):
        (tmp_path / directory).mkdir(parents=True)
    (tmp_path / "drivers/vdpa/Kconfig").write_text(KCONFIG)
    (tmp_path / "arch/alpha/Kconfig").write_text("config SMP\n\tbool\n\tdepends on ALPHA\n")
    (tmp_path / "arch/x86/Kconfig").write_text("config SMP\n\tbool\n\tdepends on X86_LOCAL_APIC\n")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("LOST", "it depends on NET && PCI && HAS_DMA (drivers/vdpa/Kconfig)"),
        ("DECIDED", "another option decides it (drivers/vdpa/Kconfig)"),
        ("SMP", "it depends on X86_LOCAL_APIC (arch/x86/Kconfig)"),
        ("NONE", "this tree has no such option"),
    ],
)
def test_one_that_did_not_survive_says_why(name: str, why: str, tree: Path) -> None:
    with pytest.raises(CannotJudge) as caught:
        check_survivors([Option(f"CONFIG_{name}", "y")], "CONFIG_A=y\n", tree)
    assert caught.value.message == f"CONFIG_{name}=y did not survive: {why}"


def test_of_another_architecture_its_own_options_say_why(tree: Path) -> None:
    (tree / "arch/um").mkdir()
    (tree / "arch/um/Kconfig").write_text("config SMP\n\tbool\n\tdepends on SUBARCH\n")
    with pytest.raises(CannotJudge, match=r"it depends on SUBARCH \(arch/um/Kconfig\)"):
        check_survivors([Option("CONFIG_SMP", "y")], "", tree, "um")


def test_the_others_are_counted(tree: Path) -> None:
    wanted = [Option("CONFIG_A", "y"), Option("CONFIG_LOST", "y"), Option("CONFIG_NONE", "y")]
    with pytest.raises(CannotJudge, match=r"LOST=y did not survive, and 1 more: it depends"):
        check_survivors(wanted, "CONFIG_A=y\n", tree)


def test_one_that_is_to_be_off(tree: Path) -> None:
    wanted = [Option("CONFIG_LOST", "n")]
    check_survivors(wanted, "", tree)
    check_survivors(wanted, "# CONFIG_LOST is not set\n", tree)
    with pytest.raises(CannotJudge, match="# CONFIG_LOST is not set did not survive"):
        check_survivors(wanted, "CONFIG_LOST=y\n", tree)


def test_where_known_excuses_only_a_tree_without_it(tree: Path) -> None:
    check_survivors([Option("CONFIG_NONE", "y", where_known=True)], "", tree)
    with pytest.raises(CannotJudge, match="it depends on"):
        check_survivors([Option("CONFIG_LOST", "y", where_known=True)], "", tree)


def test_no_option_of_ours_is_set_twice() -> None:
    """The reason that stands above one would not be that of what holds."""
    names = [
        option.name
        for fragment in ("base", "vdpa", "iommu", "liveupdate")
        for option in read_fragment(FRAGMENTS / f"{fragment}.config")
    ]
    assert sorted(names) == sorted(set(names))
