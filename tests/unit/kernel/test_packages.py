# SPDX-License-Identifier: GPL-2.0-only
"""What a machine can lack: each is one line that says what to do, and exit 125."""

import os
import shutil
import subprocess
from collections import namedtuple
from pathlib import Path

import pytest

from bench.cleanup.scratch import atomic_directory
from bench.errors import CannotJudge, MissingTool, NoSpace
from bench.executors.guest_setup import check, why_not_here
from bench.kernel.config import load_config
from bench.kernel.packages import ensure_packages
from bench.model.device import DEVICES
from bench.model.steps import Step
from bench.paths import ROOT, cache_dir, require_space
from tests.unit.kernel.programs import program
from tests.unit.streams import Notes, small_plan


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/bench"


def test_no_qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingTool) as caught:
        check(small_plan().blocks, None, ())
    assert "qemu-system-x86_64 is not installed" in caught.value.message
    assert "qemu-system-x86" in caught.value.hint
    assert "qemu-system-x86_64" in why_not_here(DEVICES["sim-net-pa"])


def test_no_such_kernel_package(
    tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin", "apt-get", "exit 100")
    program(tmp_path / "bin", "apt-cache", "echo 'E: No packages found' >&2; exit 100")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    with pytest.raises(CannotJudge, match="no such package is known here") as caught:
        ensure_packages(load_config())
    assert "apt-get update" in caught.value.hint
    assert not list((empty_cache / "packages").glob("6.12*"))


def test_a_download_that_fails_leaves_nothing(
    tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = "Version: 6.12.1-1\\nDepends: linux-image-6.12.1+deb12-amd64 (= 6.12.1-1)\\n"
    program(tmp_path / "bin", "apt-cache", f"printf '{record}'")
    program(tmp_path / "bin", "apt-get", "echo 'E: Failed to fetch' >&2; exit 100")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    with pytest.raises(CannotJudge, match="cannot download the kernel's packages"):
        ensure_packages(load_config())
    assert [path.name for path in (empty_cache / "packages").iterdir()] == [".lock"]


def test_no_space_for_the_cache(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1 << 30, (1 << 30) - 4096, 4096))
    with pytest.raises(NoSpace, match="the kernel's packages needs 2 GiB, 0 MiB are free"):
        ensure_packages(load_config())
    with pytest.raises(NoSpace) as caught:
        require_space(tmp_path, 1 << 20, "this")
    assert "XDG_CACHE_HOME" in caught.value.hint


def test_a_disk_that_fills_up_leaves_nothing(empty_cache: Path) -> None:
    def fill() -> None:
        with atomic_directory(cache_dir() / "final") as scratch:
            (scratch / "part").write_text("x")
            raise OSError(28, "No space left on device")

    with pytest.raises(NoSpace, match="No space left"):
        fill()
    assert [path.name for path in cache_dir().iterdir()] == ["journal"]
    assert [path.name for path in (cache_dir() / "journal").iterdir()] == [".lock"]


def test_a_cache_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(NoSpace, match="Not a directory"):
        cache_dir()


@pytest.mark.parametrize("what", [[], ["tests"]])
def test_setup_without_apt_lists_what_is_missing(tmp_path: Path, what: list[str]) -> None:
    """Exit 125 with the names of the packages, on a machine that is not Debian."""
    for tool in ("sh", "env", "id", "ls", "test"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    done = subprocess.run(
        ["sh", str(ROOT / "bench/setup.sh"), *what],
        env={"PATH": str(tmp_path), "PYTHON": "python3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 125
    assert "there is no apt-get here; install these" in done.stderr
    assert "qemu-system-x86" in done.stderr and "python3-venv" in done.stderr
    assert ("chromium" in done.stderr) == (what == ["tests"])


def apt(tmp_path: Path, sizes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An apt that knows one kernel, with packages of these sizes, and takes a second for a MiB."""
    depends = "Version: 6.12.1-1\\nDepends: linux-image-6.12.1+deb12-amd64 (= 6.12.1-1)\\n"
    program(
        tmp_path / "bin",
        "apt-cache",
        f"[ $# -gt 3 ] && printf '{sizes}' || printf '{depends}'",
    )
    fetch = "head -c 1048576 /dev/zero >a.deb; sleep 1.2; exit 100"
    program(tmp_path / "bin", "apt-get", fetch)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")


class Bytes(Notes):
    """Keeps the bytes that were promised and those that came."""

    def __init__(self) -> None:
        super().__init__()
        self.total = -1
        self.came: list[int] = []

    def step_begins(self, step: Step, total: int, of: str) -> None:
        super().step_begins(step, total, of)
        self.total = total

    def reached(self, done: int) -> None:
        self.came.append(done)


@pytest.mark.slow
@pytest.mark.parametrize(("sizes", "total"), [("Size: 1000\\n" * 5, 5000), ("Size: 7\\n", 0)])
def test_fetching_tells_its_bytes(
    sizes: str, total: int, tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them are promised only if apt knows the size of each package."""
    apt(tmp_path, sizes, monkeypatch)
    steps = Bytes()
    with pytest.raises(CannotJudge, match="cannot download"):
        ensure_packages(load_config(), steps=steps)
    assert steps.begun == [Step.FETCH] and not steps.ended
    assert steps.total == total
    assert steps.came and set(steps.came) == {1 << 20}
