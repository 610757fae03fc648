# SPDX-License-Identifier: GPL-2.0-only
"""What a machine can lack: each is one line that says what to do, and exit 125."""

import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from bench.cleanup.scratch import atomic_directory
from bench.errors import CannotJudge, MissingTool, NoSpace
from bench.executors.guest_setup import check, why_not_here
from bench.kernel.config import KernelConfig, load_config
from bench.kernel.packages import Packages, cached_packages, ensure_packages
from bench.model.device import DEVICES
from bench.model.settings import MIRROR
from bench.paths import cache_dir, require_space
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


RECORD = "Version: 6.12.1-1\\nSize: 1000\\n"


def fake_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, download: str, depends: str) -> None:
    """An apt whose lists can be fetched and know every package."""
    monkeypatch.setenv(MIRROR, "http://mirror.example/debian")
    program(tmp_path / "bin", "apt-cache", f"printf '{RECORD}Depends: {depends}\\n'")
    program(tmp_path / "bin", "apt-get", f'case "$*" in *" download "*) {download};; esac')
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")


def image(config: KernelConfig) -> str:
    return f"linux-image-6.12.1{config.host.tag}-amd64 (= 6.12.1-1)"


@pytest.mark.parametrize("depends", ["", "linux-image-6.13.1+deb12-amd64 (= 6.13.1-1)"])
def test_debian_has_another_kernel(
    depends: str, tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_apt(tmp_path, monkeypatch, "exit 100", depends)
    with pytest.raises(CannotJudge, match=r"is no 6\.12"):
        ensure_packages(load_config())
    assert not list((empty_cache / "packages").glob("6.*"))


def test_a_download_that_fails_leaves_nothing(
    tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = "echo half >a.deb; echo 'E: Failed to fetch' >&2; exit 100"
    fake_apt(tmp_path, monkeypatch, fetch, image(load_config()))
    with pytest.raises(
        CannotJudge, match=r"cannot download linux-image-6\.12\.1.*: Failed to fetch"
    ):
        ensure_packages(load_config())
    assert [path.name for path in (empty_cache / "packages").iterdir()] == [".lock"]


@pytest.mark.slow
def test_a_download_that_is_interrupted_leaves_nothing(
    tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_apt(tmp_path, monkeypatch, "echo half >a.deb; sleep 60", image(load_config()))

    class Impatient(Notes):
        def reached(self, done: int) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure_packages(load_config(), steps=Impatient())
    assert [path.name for path in (empty_cache / "packages").iterdir()] == [".lock"]


@pytest.mark.parametrize(
    ("system", "name"),
    [
        ({"ID": "debian", "VERSION_CODENAME": "bookworm"}, "bookworm"),
        ({"ID": "debian", "VERSION_CODENAME": "trixie"}, "trixie"),
        ({"ID": "debian", "VERSION_CODENAME": "forky"}, "trixie"),
        ({"ID": "debian"}, "trixie"),
        ({"ID": "ubuntu", "VERSION_CODENAME": "noble"}, "bookworm"),
        ({"ID": "fedora"}, "bookworm"),
        ({}, "bookworm"),
    ],
)
def test_packages_are_those_of_this_debian(
    system: dict[str, str], name: str, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of both in the cache, the ones are used whose programs run here."""
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: system)
    config = load_config()
    assert config.host == config.debian[name]
    for tag in ("+deb12", "+deb13"):
        for path in config.source:
            (empty_cache / f"packages/6.12.9{tag}-amd64/source" / path).mkdir(parents=True)
    packages = cached_packages(config)
    assert packages is not None and packages.release == f"6.12.9{config.host.tag}-amd64"


def test_a_machine_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> dict[str, str]:
        raise FileNotFoundError

    monkeypatch.setattr("platform.freedesktop_os_release", none)
    config = load_config()
    assert config.host == config.debian["bookworm"]


@pytest.mark.parametrize("where", ["lib/modules", "usr/lib/modules"])
def test_modules_are_found_in_both_places(where: str, tmp_path: Path) -> None:
    modules = tmp_path / where / "6.12.1"
    modules.mkdir(parents=True)
    assert Packages(tmp_path, "6.12.1").modules == modules


def test_no_space_for_the_cache(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1 << 30, (1 << 30) - 4096, 4096))
    with pytest.raises(NoSpace, match="the kernel's packages needs 2 GiB, 0 MiB are free"):
        ensure_packages(load_config())
    with pytest.raises(NoSpace) as caught:
        require_space(tmp_path, 1 << 20, "this")
    assert "BENCH_CACHE" in caught.value.hint


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
