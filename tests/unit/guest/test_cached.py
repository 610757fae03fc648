# SPDX-License-Identifier: GPL-2.0-only
"""What is in the cache is found without making anything, and is what a run would use."""

import json
from pathlib import Path

import pytest

from bench.guest.initramfs import cached_helper, cached_initramfs, ensure_helper
from bench.guest.probe import known_answer, qemu_version
from bench.kernel.config import load_config
from bench.kernel.kernel import Kernel
from bench.kernel.modules import cached_kernel
from bench.kernel.packages import cached_packages
from bench.machine.facts import boot_id
from bench.paths import cache_path

OLD, NEW = (f"6.12.{n}{load_config().host.tag}-amd64" for n in (9, 10))
NO_KERNEL = Kernel(Path(), "none", "0", Path("/vmlinuz"), (), ())


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "bench"


def test_an_empty_cache_has_nothing_and_stays_unmade(cache: Path) -> None:
    assert cache_path() == cache
    assert cached_packages(load_config()) is None
    assert cached_kernel() is None
    assert cached_helper() is None
    assert cached_initramfs(NO_KERNEL) is None
    assert known_answer(Path("/vmlinuz")) is None
    assert not cache.exists()


def unpacked(packages: Path) -> None:
    """As far as anyone looks: with the part of the source that is wanted."""
    for name in load_config().source:
        (packages / "source" / name).mkdir(parents=True)


def test_the_newest_packages_count_and_no_half_made_ones(cache: Path) -> None:
    for name in (OLD, NEW, f"{NEW}.tmp", "5.10.1"):
        unpacked(cache / "packages" / name)
    packages = cached_packages(load_config())
    assert packages is not None and packages.release == NEW


def test_packages_without_a_part_that_is_wanted_now_do_not_count(cache: Path) -> None:
    unpacked(cache / "packages" / NEW)
    (cache / "packages" / NEW / "source/mm/gup_test.c").rmdir()
    assert cached_packages(load_config()) is None


def test_a_kernel_is_that_of_the_packages_and_the_patches(cache: Path) -> None:
    config = load_config()
    unpacked(cache / "packages" / NEW)
    (cache / f"kernels/{NEW}+{config.patches}-000000000000/modules").mkdir(parents=True)
    assert cached_kernel() is None
    modules = cache / f"kernels/{NEW}+{config.patches}-{config.digest}/modules"
    modules.mkdir(parents=True)
    (modules / "vdpa.ko").touch()
    kernel = cached_kernel()
    assert kernel is not None
    assert kernel.name == f"{NEW}+{config.patches}"
    assert kernel.image == cache / f"packages/{NEW}/boot/vmlinuz-{NEW}"
    assert kernel.modules == (modules / "vdpa.ko",)


def test_the_helper_is_found_once_it_is_compiled(cache: Path) -> None:
    made = ensure_helper()
    assert cached_helper() == made
    assert cached_initramfs(NO_KERNEL) is None  # nobody made one with it


@pytest.mark.parametrize(
    ("change", "answer"),
    [({}, "no"), ({"boot": "another"}, None), ({"kernel": "/other"}, None), ({"words": ""}, None)],
)
def test_an_answer_about_kvm_is_of_this_boot_and_kernel(
    cache: Path, change: dict[str, str], answer: str | None
) -> None:
    key = {"words": "2", "boot": boot_id(), "qemu": qemu_version(), "kernel": "/vmlinuz"}
    cache.mkdir(parents=True)
    text = json.dumps({"key": key | change, "problem": "no"})
    (cache / "kvm-probe.json").write_text(text)
    assert known_answer(Path("/vmlinuz")) == answer


@pytest.mark.parametrize("text", ["", "[]", '{"key": 1}', "{", '{"problem": ""}'])
def test_a_damaged_answer_is_none(cache: Path, text: str) -> None:
    cache.mkdir(parents=True)
    (cache / "kvm-probe.json").write_text(text)
    assert known_answer(Path("/vmlinuz")) is None
