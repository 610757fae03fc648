# SPDX-License-Identifier: GPL-2.0-only
"""Read kernel-config/: which kernel, which patches, which options."""

import platform
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from bench.kernel.series import check_series, digest_of, patches_of, series_label
from bench.paths import KERNEL_CONFIG


class Architecture(StrEnum):
    """What a kernel is built for, as make's ARCH has it."""

    X86 = "x86_64"
    UML = "um"  # a process of this machine

    @property
    def image(self) -> str:
        """Return where make leaves what can be started."""
        return "linux" if self is Architecture.UML else "arch/x86/boot/bzImage"

    @property
    def targets(self) -> str:
        """Return what make is asked for."""
        return "linux modules" if self is Architecture.UML else "bzImage modules"


class DebianRelease(BaseModel):
    """A release of Debian, and which of its packages are the kernel."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    suites: str  # of the archive, as in an apt source
    image: str  # the package that depends on the newest image of the series
    tag: str  # in the versions of its kernels: "+deb12"
    compiler: str  # that its kernels and their modules are built with: "gcc-12"


class KernelConfig(BaseModel):
    """kernel.toml, and the files beside it that it names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    series: str  # of the kernel: "6.12"
    patches: str  # directories below patches/, or paths, joined by "+"
    build: tuple[str, ...]  # directories to build, in order
    source: tuple[str, ...]  # of the kernel's source what the build takes
    image_modules: tuple[str, ...]  # modules of Debian's image that a guest gets too
    base_modules: tuple[str, ...]  # to load before those of a device, in order
    debian: dict[str, DebianRelease]  # by code name, the oldest first

    @property
    def host(self) -> DebianRelease:
        """Return the release whose packages this machine takes: see kernel.toml."""
        try:
            system = platform.freedesktop_os_release()
        except OSError:  # there is no /etc/os-release
            system = {}
        first, *_, last = self.debian.values()
        default = last if system.get("ID") == "debian" else first
        return self.debian.get(system.get("VERSION_CODENAME", ""), default)

    @property
    def patch_files(self) -> tuple[Path, ...]:
        """Return the patches in the order in which they apply: by series, then by number."""
        major, minor = self.series.split(".")
        return patches_of(self.patches, (int(major), int(minor)))

    @property
    def label(self) -> str:
        """Return the names of the series: ``live-update+slower-unpin``."""
        return series_label(self.patches)

    @property
    def overlay(self) -> Path:
        """Return the directory of files that are laid over the source, at the same paths."""
        return KERNEL_CONFIG / "overlay"

    @property
    def options(self) -> dict[str, str]:
        """Return the options for make, by their CONFIG_ names.

        One that is off is empty: some of kbuild's makefiles ask only whether it is defined.
        """
        lines = (KERNEL_CONFIG / "modules.config").read_text().splitlines()
        pairs = (line.partition("=") for line in lines if line.startswith("CONFIG_"))
        return {name: "" if value == "n" else value for name, _, value in pairs}

    @property
    def digest(self) -> str:
        """Return a digest of everything but the packages that the built modules depend on."""
        own = (KERNEL_CONFIG / name for name in ("modules.config", "kernel.toml"))
        laid = sorted(path for path in self.overlay.rglob("*") if path.is_file())
        return digest_of((*self.patch_files, *own, *laid)).hex()[:12]


class SourceBase(BaseModel):
    """A kernel that is built whole of Debian's source package."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str  # "7.3"
    source_of: str = ""  # of what other base it has the source; "" where it is its own
    architecture: Architecture = Architecture.X86
    suites: str  # of Debian's archive
    source: str  # its package
    config: str  # the package of Debian's own configurations for it

    @property
    def tree(self) -> str:
        """Return what its source is kept as in the cache."""
        return self.source_of or self.name


def load_config(patches: str = "") -> KernelConfig:
    """Read kernel.toml; ``patches`` replaces its series.

    UsageError for one without patches, or with one that cannot be read.
    """
    fields = {name: value for name, value in _toml().items() if name != "source_base"}
    config = KernelConfig.model_validate(fields | ({"patches": patches} if patches else {}))
    check_series(config.patches)
    return config


def source_bases() -> dict[str, SourceBase]:
    """Return the kernels that are built whole of a source package, by name."""
    found = _toml().get("source_base", {})
    whole = {name: found.get(each.get("source_of"), {}) | each for name, each in found.items()}
    return {name: SourceBase.model_validate({"name": name, **each}) for name, each in whole.items()}


def architecture_of(base: str) -> Architecture:
    """Return the architecture that a base is built for."""
    known = source_bases().get(base)
    return known.architecture if known else Architecture.X86


def tree_name(base: str) -> str:
    """Return what the source of a base is kept as in the cache."""
    known = source_bases().get(base)
    return known.tree if known else base


def _toml() -> dict[str, Any]:
    return tomllib.loads((KERNEL_CONFIG / "kernel.toml").read_text())
