# SPDX-License-Identifier: GPL-2.0-only
"""kernel-config/: which kernel, which patches, which options."""

import hashlib
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bench.errors import UsageError
from bench.paths import KERNEL_CONFIG


class KernelConfig(BaseModel):
    """kernel.toml, with what it names beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    series: str  # of the kernel: "6.12"
    patches: str  # directories below patches/, or paths, joined by "+"
    build: tuple[str, ...]
    source: tuple[str, ...]
    image_modules: tuple[str, ...]
    base_modules: tuple[str, ...]

    @property
    def patch_files(self) -> tuple[Path, ...]:
        """In the order in which they apply: series by series, each by its numbers."""
        return tuple(
            patch
            for series in self.patches.split("+")
            for patch in sorted(_directory(series).glob("*.patch"))
        )

    @property
    def label(self) -> str:
        """The series by their own names: ``live-update+slower-unpin``."""
        return "+".join(_directory(series).name for series in self.patches.split("+"))

    @property
    def overlay(self) -> Path:
        """Files of ours that are laid over the source, at the paths that they have in it."""
        return KERNEL_CONFIG / "overlay"

    @property
    def options(self) -> dict[str, str]:
        """CONFIG_ name: value, as they are passed to make: an option that is off is empty,
        since some of kbuild's makefiles ask only whether it is defined.
        """
        lines = (KERNEL_CONFIG / "modules.config").read_text().splitlines()
        pairs = (line.partition("=") for line in lines if line.startswith("CONFIG_"))
        return {name: "" if value == "n" else value for name, _, value in pairs}

    @property
    def digest(self) -> str:
        """Changes with everything that the built modules depend on, but for the packages."""
        digest = hashlib.sha256()
        own = (KERNEL_CONFIG / name for name in ("modules.config", "kernel.toml"))
        laid = sorted(path for path in self.overlay.rglob("*") if path.is_file())
        for path in (*self.patch_files, *own, *laid):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()[:12]


STOCK = "stock"  # no patch at all


def load_config(patches: str = "") -> KernelConfig:
    """``patches`` replaces the series of kernel.toml; UsageError when one is not there."""
    fields = tomllib.loads((KERNEL_CONFIG / "kernel.toml").read_text())
    config = KernelConfig.model_validate(fields | ({"patches": patches} if patches else {}))
    for series in config.patches.split("+"):
        if series != STOCK and not any(_directory(series).glob("*.patch")):
            known = sorted(path.name for path in (KERNEL_CONFIG / "patches").iterdir())
            raise UsageError(
                f"--kernel: there is no series of patches '{series}'",
                f"known are {', '.join([*known, STOCK])}, or a directory with a / in it, "
                "which has *.patch files",
            )
    return config


def _directory(series: str) -> Path:
    """A name is one of ours, and what has a slash is a path.

    It is absolute, since patch runs in the tree that it changes, and has a name, which
    ``./`` has not.
    """
    return Path(series).resolve() if "/" in series else KERNEL_CONFIG / "patches" / series
