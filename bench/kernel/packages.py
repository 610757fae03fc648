# SPDX-License-Identifier: GPL-2.0-only
"""Download Debian's kernel packages and unpack them into the cache. None is installed."""

import re
from dataclasses import dataclass
from pathlib import Path

from bench.cleanup.scratch import atomic_directory, temporary
from bench.errors import CannotJudge
from bench.kernel.config import KernelConfig
from bench.model.steps import SILENT, Step, Steps
from bench.model.units import GIB
from bench.paths import cache_dir, cache_path, locked, require_space
from bench.process import ProcessFailed, find_tool, run

ARCH = "amd64"
NEEDED = 2 * GIB  # bytes: the packages and what they unpack to, for a moment both
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


def ensure_packages(config: KernelConfig, update: bool = False, steps: Steps = SILENT) -> Packages:
    """Return the packages in the cache; download them when there are none.

    A kernel in the cache stays in use when Debian has a newer one, so that figures do not change
    by themselves; ``update`` moves on to the newest. CannotJudge when none can be had.
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
        return _fetch(cache, config, release, version, steps)


def cached_packages(config: KernelConfig) -> Packages | None:
    """Return the packages that are in the cache, else None. Nothing is downloaded."""
    return next(reversed(_cached(cache_path() / "packages", config)), None)


def _cached(cache: Path, config: KernelConfig) -> list[Packages]:
    """Return those in the cache by version, the newest last."""
    paths = [path for path in cache.glob(f"{config.series}.*") if path.suffix != ".tmp"]
    found = [Packages(path, path.name) for path in paths if _has_source(path / "source", config)]
    return sorted(found, key=lambda p: [int(n) for n in re.findall(r"\d+", p.release)])


def _has_source(source: Path, config: KernelConfig) -> bool:
    """Tell whether the kept part of the source is enough: an older bench may have kept less."""
    return all((source / path).exists() for path in config.source)


def resolve(config: KernelConfig) -> tuple[str, str]:
    """Return release and version of the package that the series' meta package depends on.

    CannotJudge when apt knows none. Only apt's lists on the disk are read, not the network.
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


def _fetch(cache: Path, config: KernelConfig, release: str, version: str, steps: Steps) -> Packages:
    abi = release.removesuffix(f"-{ARCH}")
    names = [
        f"linux-image-{release}",
        f"linux-headers-{release}",
        f"linux-headers-{abi}-common",
        f"linux-kbuild-{abi}",
        f"linux-source-{config.series}={version}",
    ]
    with atomic_directory(cache / release) as scratch, temporary(cache) as debs:
        with steps.at(Step.FETCH, _bytes_to_fetch(names)):
            _download(names, debs, steps)
        with steps.at(Step.UNPACK):
            for deb in sorted(debs.glob("*.deb")):
                run(["dpkg-deb", "-x", str(deb), str(scratch)])
            _unpack_source(scratch, config)
    return Packages(cache / release, release)


def _bytes_to_fetch(names: list[str]) -> int:
    """Return the bytes of packages as apt's lists have them, 0 when one of them has no size."""
    try:
        records = run(["apt-cache", "show", "--no-all-versions", *names])
    except ProcessFailed:
        return 0
    sizes = re.findall(r"^Size: (\d+)$", records, re.MULTILINE)
    return sum(map(int, sizes)) if len(sizes) == len(names) else 0


def _download(names: list[str], where: Path, steps: Steps) -> None:
    """Download packages; apt writes each to its own file from the beginning."""

    def look() -> None:
        steps.reached(sum(path.stat().st_size for path in where.iterdir()))

    try:
        run(["apt-get", "download", "-q", *names], cwd=where, timeout=1800, watch=look)
    except ProcessFailed as error:
        raise CannotJudge(
            f"cannot download the kernel's packages: {error.message}",
            "check the network, and run apt-get update",
        ) from None


def _unpack_source(root: Path, config: KernelConfig) -> None:
    """Keep of the source tarball (150 MB, 1.5 GB unpacked) only what is built."""
    stem = f"linux-source-{config.series}"
    tarball = root / f"usr/src/{stem}.tar.xz"
    target = root / "source"
    target.mkdir()
    members = [f"{stem}/{path}" for path in config.source]
    run(["tar", "-xJf", str(tarball), "-C", str(target), "--strip-components=1", *members])
    tarball.unlink()
