# SPDX-License-Identifier: GPL-2.0-only
"""Add to a wheel and an sdist what lies beside the package: setuptools runs these commands.

A checkout has scenarios/ and kernel-config/ beside bench/, and git knows its revision. An
installed package has them below bench/data/ (see bench.paths), with a file ``revision``.
"""

import shutil
import subprocess
from pathlib import Path

from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

DATA = ("scenarios", "kernel-config")
_DOCUMENTS = ("docs", "Makefile", "CONTRIBUTING.md")
_REVISION = Path("bench", "data", "revision")
_GIT = ["git", "--no-optional-locks", "describe", "--always", "--dirty", "--exclude=*"]
_LEFT_OUT = shutil.ignore_patterns("__pycache__")


class BuildWithData(build_py):
    """Build the package with its data; an editable install has them beside it."""

    def run(self) -> None:
        if not self.editable_mode:  # an earlier build left what is not in the tree any more
            shutil.rmtree(Path(self.build_lib, "bench"), ignore_errors=True)
        super().run()
        if self.editable_mode:
            return
        place = Path(self.build_lib, "bench", "data")
        for name in DATA:
            shutil.copytree(name, place / name, ignore=_LEFT_OUT)
        _write_revision(Path(self.build_lib))


class SourceWithData(sdist):
    """Pack the sources with data, documents and revision: a wheel can be built of them."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        # setuptools adds those tests that it knows by their names, which are a part alone.
        super().make_release_tree(base_dir, [f for f in files if not f.startswith("tests/")])
        for name in (*DATA, *_DOCUMENTS):
            place = Path(base_dir, name)
            if Path(name).is_dir():
                shutil.copytree(
                    name, place, ignore=_LEFT_OUT, copy_function=_copy_new, dirs_exist_ok=True
                )
            else:
                _copy_new(name, place)
        _write_revision(Path(base_dir))


def _copy_new(source: str | Path, target: str | Path) -> None:
    """Copy a file, unless the target is there: setuptools may have linked the two."""
    if not Path(target).exists():
        shutil.copy2(source, target)


def _write_revision(root: Path) -> None:
    """Record of which commit this is; nothing where that is not known."""
    if known := _revision():
        path = root / _REVISION
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{known}\n")


def _revision() -> str:
    """Return what git says, or what an unpacked sdist has recorded."""
    if Path(".git").exists():
        try:
            done = subprocess.run(_GIT, capture_output=True, text=True, check=True, timeout=10)
            return done.stdout.strip()
        except (OSError, subprocess.SubprocessError):
            return ""
    return _REVISION.read_text().strip() if _REVISION.is_file() else ""
