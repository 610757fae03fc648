# SPDX-License-Identifier: GPL-2.0-only
"""Debian's kernel packages, downloaded and unpacked into the cache, never installed."""

import re
from dataclasses import dataclass
from pathlib import Path

from bench.cleanup.scratch import atomic_directory, temporary
from bench.errors import CannotJudge
from bench.kernel.config import KernelConfig
from bench.model.units import GIB
from bench.paths import cache_dir, cache_path, locked, require_space
from bench.process import ProcessFailed, find_tool, run

ARCH = "amd64"
NEEDED = 2 * GIB  # downloads and what they unpack to, for a moment both
# To fetch the packages and to unpack them, with the Debian package of each.
PROGRAMS = {"apt-get": "apt", "dpkg-deb": "dpkg", "tar": "tar", "xz": "xz-utils"}


@dataclass(frozen=True)
class Packages:
    """An unpacked kernel: image, modules, headers, kbuild, and part of the source."""

    root: Path
    release: str  # of uname: "6.12.117+deb12-amd64"

    @property
    def image(self) -> Path:
        return self.root / f"boot/vmlinuz-{self.release}"

    @property
    def modules(self) -> Path:
        return self.root / f"lib/modules/{self.release}"

    @property
    def headers(self) -> Path:
        return self.root / f"usr/src/linux-headers-{self.release}"

    @property
    def common(self) -> Path:
        return self.root / f"usr/src/linux-headers-{self._abi}-common"

    @property
    def kbuild(self) -> Path:
        return self.root / f"usr/lib/linux-kbuild-{self._abi}"

    @property
    def source(self) -> Path:
        return self.root / "source"

    @property
    def _abi(self) -> str:
        return self.release.removesuffix(f"-{ARCH}")


def ensure_packages(config: KernelConfig, update: bool = False) -> Packages:
    """The packages in the cache, fetched when there are none.

    A kernel that is in the cache stays in use when Debian has a newer one, so that
    figures do not change by themselves; ``update`` moves on to the newest.
    """
    cache = cache_dir() / "packages"
    cache.mkdir(exist_ok=True)
    with locked(cache / ".lock"):
        cached = _cached(cache, config)
        if cached and not update:
            return cached[-1]
        require_space(cache, NEEDED, "the kernel's packages")
        release, version = resolve(config)
        for packages in cached:
            if packages.release == release:
                return packages
        return _fetch(cache, config, release, version)


def cached_packages(config: KernelConfig) -> Packages | None:
    """Those that ensure_packages would use without fetching any; nothing is made."""
    return next(reversed(_cached(cache_path() / "packages", config)), None)


def _cached(cache: Path, config: KernelConfig) -> list[Packages]:
    """By version, the newest last."""
    paths = [path for path in cache.glob(f"{config.series}.*") if path.suffix != ".tmp"]
    found = [Packages(path, path.name) for path in paths if _has_source(path / "source", config)]
    return sorted(found, key=lambda p: [int(n) for n in re.findall(r"\d+", p.release)])


def _has_source(source: Path, config: KernelConfig) -> bool:
    """Of the source only what was wanted is kept: a later version of us may want more."""
    return all((source / path).exists() for path in config.source)


def resolve(config: KernelConfig) -> tuple[str, str]:
    """Release and package version that the meta package of the series stands for.

    CannotJudge when apt knows of none. It asks the lists on the disk, not the network.
    """
    meta = f"linux-image-{config.series}-{ARCH}"
    hint = "run apt-get update; Debian 12 has it in bookworm-security"
    find_tool("apt-get", "apt (a Debian system)")
    try:
        record = run(["apt-cache", "show", "--no-all-versions", meta])
    except ProcessFailed:
        raise CannotJudge(f"{meta}: no such package is known here", hint) from None
    version = re.search(r"^Version: (\S+)$", record, re.MULTILINE)
    depends = re.search(rf"^Depends: linux-image-(\S+-{ARCH})", record, re.MULTILINE)
    if not version or not depends:
        raise CannotJudge(f"{meta}: its package record is not understood", hint)
    return depends[1], version[1]


def _fetch(cache: Path, config: KernelConfig, release: str, version: str) -> Packages:
    abi = release.removesuffix(f"-{ARCH}")
    names = [
        f"linux-image-{release}",
        f"linux-headers-{release}",
        f"linux-headers-{abi}-common",
        f"linux-kbuild-{abi}",
        f"linux-source-{config.series}={version}",
    ]
    with atomic_directory(cache / release) as scratch, temporary(cache) as debs:
        try:
            run(["apt-get", "download", "-q", *names], cwd=debs, timeout=1800)
        except ProcessFailed as error:
            raise CannotJudge(
                f"cannot download the kernel's packages: {error.message}",
                "check the network, and run apt-get update",
            ) from None
        for deb in sorted(debs.glob("*.deb")):
            run(["dpkg-deb", "-x", str(deb), str(scratch)])
        _unpack_source(scratch, config)
    return Packages(cache / release, release)


def _unpack_source(root: Path, config: KernelConfig) -> None:
    """Keep of the source tarball (150 MB, 1.5 GB unpacked) only what is built."""
    stem = f"linux-source-{config.series}"
    tarball = root / f"usr/src/{stem}.tar.xz"
    target = root / "source"
    target.mkdir()
    members = [f"{stem}/{path}" for path in config.source]
    run(["tar", "-xJf", str(tarball), "-C", str(target), "--strip-components=1", *members])
    tarball.unlink()
