# SPDX-License-Identifier: GPL-2.0-only
"""What is put into a wheel and an sdist, and what is not."""

import subprocess
from pathlib import Path

import pytest
from setuptools import Distribution

from bench.distribution.build import DATA, BuildWithData, SourceWithData

ATTRIBUTES = {"packages": ["bench"], "script_name": "setup.py"}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small checkout, without git, in which setuptools is called."""
    for name in (
        "bench/__init__.py",
        "scenarios/a.toml",
        "docs/a.md",
        "tests/test_a.py",
        "Makefile",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"# {name}\n")
    for name in ("kernel-config/patches/a/1.patch", "kernel-config/__pycache__/a.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"# {name}\n")
    (tmp_path / "CONTRIBUTING.md").write_text("how\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def git(*words: str) -> None:
    person = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    subprocess.run(["git", *person, *words], check=True, capture_output=True)


def built(tree: Path, editable: bool = False, out: str = "out") -> set[str]:
    """Build into a directory, which setuptools takes for being there if it has made it once."""
    command = BuildWithData(Distribution(ATTRIBUTES))
    command.build_lib = out
    command.ensure_finalized()
    vars(command)["editable_mode"] = editable  # as setuptools sets it
    command.run()
    return {str(path.relative_to(out)) for path in Path(out).rglob("*") if path.is_file()}


def test_data_lie_below_the_package(tree: Path) -> None:
    data = {"bench/data/scenarios/a.toml", "bench/data/kernel-config/patches/a/1.patch"}
    assert built(tree) == {"bench/__init__.py", *data}


def test_what_an_earlier_build_left_is_not_packed(tree: Path) -> None:
    old = tree / "out/bench/removed.txt"
    old.parent.mkdir(parents=True)
    old.write_text("")
    assert "bench/removed.txt" not in built(tree)


def test_an_editable_install_has_them_beside_it(tree: Path) -> None:
    assert not [name for name in built(tree, editable=True) if "data" in name]


def test_the_revision_is_that_of_the_commit(tree: Path) -> None:
    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", "all")
    built(tree)
    (tree / "bench/__init__.py").write_text("changed\n")
    built(tree, out="again")
    clean = (tree / "out/bench/data/revision").read_text()
    assert len(clean) > 7
    assert (tree / "again/bench/data/revision").read_text() == f"{clean.strip()}-dirty\n"


def test_a_wheel_of_an_sdist_has_its_revision(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "bench/data").mkdir()
    (tree / "bench/data/revision").write_text("abc1234\n")
    command = SourceWithData(Distribution(ATTRIBUTES))
    files = ["bench/__init__.py", "Makefile", "docs/a.md", "tests/test_a.py"]
    command.make_release_tree("packed", files)
    packed = tree / "packed"
    assert all((packed / name).is_dir() for name in (*DATA, "docs"))
    assert (packed / "Makefile").is_file() and (packed / "CONTRIBUTING.md").is_file()
    assert not [*packed.rglob("*.pyc")] and not (packed / "tests").exists()
    monkeypatch.chdir(packed)
    built(packed)
    assert (packed / "out/bench/data/revision").read_text() == "abc1234\n"
