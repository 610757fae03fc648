# SPDX-License-Identifier: GPL-2.0-only
"""Have a kernel by its name, built where the cache has none."""

from bench.errors import CannotJudge, TreeTaken, UsageError
from bench.kernel import modules
from bench.kernel.config import load_config, source_bases
from bench.kernel.debian_source import lay_debian_config, lay_debian_source
from bench.kernel.kernel import Kernel
from bench.kernel.name import DEBIAN, KernelName
from bench.kernel.packages import cached_packages, ensure_packages
from bench.kernel.tree import DEBIAN_CONFIG, Origin
from bench.kernel.whole import build_whole, cached_whole, check_programs, recipe_of
from bench.model.steps import SILENT, Step, Steps


def ensure_kernel(name: KernelName, steps: Steps = SILENT) -> Kernel:
    """Return a kernel; fetch its source and build it when the cache has none.

    CannotJudge when it does not build, says why.
    """
    if name.packaged:
        return modules.ensure_kernel(load_config(name.series), steps)
    if kernel := cached_kernel(name):
        return kernel
    tree = name.tree
    with tree.locked(steps):
        origin = _origin(name, steps)
        if DEBIAN in name.configs and not (tree.path / DEBIAN_CONFIG).exists():
            lay_debian_config(tree, steps)
        recipe = recipe_of(name, origin)
        return cached_whole(recipe) or build_whole(recipe, steps)


def ensure_tree_kernel(name: KernelName, origin: Origin, steps: Steps) -> Kernel:
    """Return a kernel of a tree that was laid as ``origin``, as `ensure_kernel` does.

    TreeTaken when another process has made the tree a copy of something else since.
    """
    kernel = ensure_kernel(name, steps)
    if kernel.digest != recipe_of(name, origin).digest:
        raise TreeTaken(name.base)
    return kernel


def _origin(name: KernelName, steps: Steps) -> Origin:
    origin = name.tree.origin()
    if origin is None and name.base in source_bases():
        check_programs()
        origin = lay_debian_source(source_bases()[name.base], steps)
    if origin is None:
        raise CannotJudge(
            f"{name.base}: its tree is not in the cache", "bench kernel build NAME --tree PATH"
        )
    return origin


def cached_kernel(name: KernelName) -> Kernel | None:
    """Return a kernel if it is built, else None. Nothing is fetched or made."""
    if name.packaged:
        return modules.cached_kernel(load_config(name.series))
    origin = name.tree.origin()
    return cached_whole(recipe_of(name, origin)) if origin else None


def steps_to(name: KernelName) -> list[Step]:
    """List the steps that are needed until there is the kernel."""
    if cached_kernel(name):
        return []
    if name.packaged:
        fetched = cached_packages(load_config(name.series)) is not None
        return [Step.BUILD] if fetched else [Step.LISTS, Step.FETCH, Step.UNPACK, Step.BUILD]
    laid = name.tree.origin() is not None
    return [Step.KERNEL] if laid else [Step.LISTS, Step.FETCH, Step.LAY, Step.KERNEL]


def update_source(name: KernelName, steps: Steps = SILENT) -> None:
    """Move on to the newest of Debian's packages that a kernel is made of.

    UsageError for a tree of the user's.
    """
    if name.packaged:
        ensure_packages(load_config(name.series), update=True, steps=steps)
    elif name.base in source_bases():
        with name.tree.locked(steps):
            lay_debian_source(source_bases()[name.base], steps, update=True)
    else:
        raise UsageError(
            f"--update: {name.base} is a tree of yours",
            f"bench kernel build {name.base} --tree PATH",
        )
