# SPDX-License-Identifier: GPL-2.0-only
"""Build the vhost and vdpa modules, patched, against Debian's kernel headers."""

import lzma
import os
import re
import shutil
from pathlib import Path

from bench.cleanup.scratch import atomic_directory
from bench.errors import CannotJudge
from bench.kernel.config import KernelConfig, load_config
from bench.kernel.kernel import DIRECTORY, Kernel, directory_of
from bench.kernel.packages import Packages, cached_packages, ensure_packages
from bench.kernel.series import apply_patches
from bench.model.steps import SILENT, Step, Steps
from bench.model.units import MIB
from bench.paths import cache_dir, locked, require_space
from bench.process import ProcessFailed, find_tool, run

NEEDED = 512 * MIB  # bytes in the cache while the modules are built


def programs(config: KernelConfig) -> dict[str, str]:
    """Return what the modules are built with, with the Debian package of each."""
    compiler = config.host.compiler
    return {compiler: compiler, "make": "make", "patch": "patch", "strip": "binutils"}


def ensure_kernel(config: KernelConfig | None = None, steps: Steps = SILENT) -> Kernel:
    """Return the kernel of kernel-config/; build it when the cache has none of this digest.

    CannotJudge when a patch does not apply or the modules do not build, NoSpace without room.
    """
    config = config or load_config()
    packages = ensure_packages(config, steps=steps)
    cache = cache_dir() / DIRECTORY
    cache.mkdir(exist_ok=True)
    final = _path(packages, config)
    with locked(cache / ".lock", steps):
        if not final.exists():
            require_space(cache, NEEDED, "building the kernel's modules")
            with steps.at(Step.BUILD), atomic_directory(final) as scratch:
                _build(packages, config, scratch)
    return _kernel(final, packages, config)


def cached_kernel(config: KernelConfig | None = None) -> Kernel | None:
    """Return the kernel if it is built, else None. Nothing is fetched or made."""
    config = config or load_config()
    packages = cached_packages(config)
    if packages is None:
        return None
    path = _path(packages, config)
    return _kernel(path, packages, config) if path.exists() else None


def _path(packages: Packages, config: KernelConfig) -> Path:
    return directory_of(f"{packages.release}+{config.label}", config.digest)


def _kernel(path: Path, packages: Packages, config: KernelConfig) -> Kernel:
    return Kernel(
        path=path,
        name=f"{packages.release}+{config.label}",
        digest=config.digest,
        image=packages.image,
        modules=tuple(sorted((path / "modules").glob("*.ko"))),
        base_modules=config.base_modules,
    )


def _build(packages: Packages, config: KernelConfig, scratch: Path) -> None:
    tree = lay_tree(packages, config, scratch)
    apply_patches(tree, config.patch_files, packages.release)
    modules = scratch / "modules"
    modules.mkdir()
    for ko in make_modules(packages, config, tree):
        run(["strip", "--strip-debug", "-o", str(modules / ko.name), str(ko)])
    for name in config.image_modules:
        _copy_image_module(packages, name, modules)
    for leftover in (tree, tree.parent / "out"):
        shutil.rmtree(leftover)


def lay_tree(packages: Packages, config: KernelConfig, where: Path) -> Path:
    """Make a source tree to patch, of the common headers and the drivers; return its path.

    Patches that touch include/ apply to the headers that the build then uses. Links of the
    packages into /usr are replaced by links into the cache.
    """
    tree, out = where / "tree", where / "out"
    shutil.copytree(packages.common, tree, symlinks=True)
    shutil.copytree(packages.headers, out, symlinks=True)
    for path in config.source:
        source, target = packages.source / path, tree / path
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif not path.startswith(("scripts/", "tools/")):  # those come with kbuild, below
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    if config.overlay.is_dir():
        shutil.copytree(config.overlay, tree, dirs_exist_ok=True)
    for name in ("scripts", "tools"):
        for directory in (tree, out):
            (directory / name).unlink()
            (directory / name).symlink_to(packages.kbuild / name)
    (out / "Makefile").write_text(f"include {tree}/Makefile\n")
    return tree


def make_modules(packages: Packages, config: KernelConfig, tree: Path) -> list[Path]:
    """Build each directory against the symbols of those before it; return the modules.

    CannotJudge quotes the first error of the compiler.
    """
    find_tool(config.host.compiler, config.host.compiler)  # Debian's headers name it to make
    built: list[Path] = []
    for target, command in make_commands(config, tree).items():
        try:
            run(command, timeout=1800)
        except ProcessFailed as error:
            wrong = re.search(r"^.*(?:error:|not found|ERROR:).*$", error.output, re.MULTILINE)
            said = wrong[0].strip() if wrong else error.message
            directory = target.relative_to(tree)
            raise CannotJudge(f"{directory} of {packages.release} does not build: {said}") from None
        built += sorted(target.rglob("*.ko"))
    return built


def make_commands(config: KernelConfig, tree: Path) -> dict[Path, list[str]]:
    """Return the call of make that builds each directory of a tree, in order."""
    options = [f"{name}={value}" for name, value in config.options.items()]
    make = [find_tool("make", "make"), "-C", str(tree.parent / "out"), f"-j{os.cpu_count() or 1}"]
    targets = [tree / directory for directory in config.build]
    symbols = [str(target / "Module.symvers") for target in targets]
    return {
        target: [
            *(*make, f"M={target}"),
            *(f"KBUILD_EXTRA_SYMBOLS={' '.join(symbols[:before])}", *options, "modules"),
        ]
        for before, target in enumerate(targets)
    }


def _copy_image_module(packages: Packages, name: str, modules: Path) -> None:
    """Copy a module of the image, uncompressed: busybox cannot load a compressed one."""
    for path in packages.modules.rglob(f"{name}.ko*"):
        data = path.read_bytes()
        target = modules / f"{name}.ko"
        target.write_bytes(lzma.decompress(data) if path.suffix == ".xz" else data)
        return
    raise CannotJudge(f"{packages.release} has no module {name}")
