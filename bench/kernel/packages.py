# SPDX-License-Identifier: GPL-2.0-only
"""Download Debian's kernel packages and unpack them into the cache. None is installed."""

import re
from dataclasses import dataclass
from pathlib import Path

from bench.cleanup.scratch import atomic_directory, temporary
from bench.errors import CannotJudge
from bench.kernel.archive import ARCH, fetch_debs, lookup, refresh, unpack
from bench.kernel.config import KernelConfig
from bench.model.steps import SILENT, Step, Steps
from bench.model.units import GIB
from bench.paths import cache_dir, cache_path, locked, require_space
from bench.process import run

NEEDED = 2 * GIB  # bytes: the packages and what they unpack to, for a moment both
# To unpack the source, with the Debian package of each.
PROGRAMS = {"tar": "tar", "xz": "xz-utils"}


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
        """Return the directory of modules: Debian 12 has it in /lib, Debian 13 in /usr/lib."""
        below_usr = self.root / f"usr/lib/modules/{self.release}"
        return below_usr if below_usr.is_dir() else self.root / f"lib/modules/{self.release}"

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
    with locked(cache / ".lock", steps):
        cached = _cached(cache, config)
        if cached and not update:
            return cached[-1]
        require_space(cache, NEEDED, "the kernel's packages")
        refresh(config.host.suites, steps)
        release, version = resolve(config)
        for packages in cached:
            if packages.release == release:
                return packages
        return _fetch(cache, config, release, version, steps)


def cached_packages(config: KernelConfig) -> Packages | None:
    """Return the packages that are in the cache, else None. Nothing is downloaded."""
    return next(reversed(_cached(cache_path() / "packages", config)), None)


def _cached(cache: Path, config: KernelConfig) -> list[Packages]:
    """Return those of this machine's Debian in the cache by version, the newest last."""
    paths = cache.glob(f"{config.series}.*{config.host.tag}-{ARCH}")
    found = [Packages(path, path.name) for path in paths if _has_source(path / "source", config)]
    return sorted(found, key=lambda p: [int(n) for n in re.findall(r"\d+", p.release)])


def _has_source(source: Path, config: KernelConfig) -> bool:
    """Tell whether the kept part of the source is enough: an older bench may have kept less."""
    return all((source / path).exists() for path in config.source)


def resolve(config: KernelConfig) -> tuple[str, str]:
    """Return release and version of the newest image of the series.

    CannotJudge when Debian has none.
    """
    host = config.host
    found = lookup(host.suites, host.image)
    image = re.match(rf"linux-image-({re.escape(config.series)}\.\S+-{ARCH})\b", found.depends)
    if not image:
        raise CannotJudge(f"{host.image} of Debian's {host.suites} is no {config.series}")
    return image[1], found.version


def _fetch(cache: Path, config: KernelConfig, release: str, version: str, steps: Steps) -> Packages:
    abi = release.removesuffix(f"-{ARCH}")
    names = [
        f"linux-image-{release}",
        f"linux-headers-{release}",
        f"linux-headers-{abi}-common",
        f"linux-kbuild-{abi}",
        f"linux-source-{config.series}={version}",
    ]
    with atomic_directory(cache / release) as scratch, temporary(cache) as where:
        debs = fetch_debs(config.host.suites, names, where, steps)
        with steps.at(Step.UNPACK):
            unpack(debs, scratch)
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
