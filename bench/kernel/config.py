# SPDX-License-Identifier: GPL-2.0-only
"""kernel-config/: which kernel, which patches, which options."""

import hashlib
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bench.paths import KERNEL_CONFIG


class KernelConfig(BaseModel):
    """kernel.toml, with what it names beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    series: str  # of the kernel: "6.12"
    patches: str  # the directory below patches/
    build: tuple[str, ...]
    source: tuple[str, ...]
    image_modules: tuple[str, ...]
    base_modules: tuple[str, ...]

    @property
    def patch_files(self) -> tuple[Path, ...]:
        """In the order in which they apply."""
        return tuple(sorted((KERNEL_CONFIG / "patches" / self.patches).glob("*.patch")))

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


def load_config() -> KernelConfig:
    fields = tomllib.loads((KERNEL_CONFIG / "kernel.toml").read_text())
    return KernelConfig.model_validate(fields)
