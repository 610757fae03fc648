# SPDX-License-Identifier: GPL-2.0-only
"""`bench kernel`: build kernels for guests, list what the cache has, empty it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bench.cleanup.scratch import discard
from bench.commands.outcome import Outcome, Say
from bench.errors import UsageError
from bench.guest.saved import DIRECTORY, empty, kept
from bench.kernel.build import ensure_kernel, ensure_tree_kernel, steps_to, update_source
from bench.kernel.checkout import keep_tree
from bench.kernel.kernel import Kernel, built_kernels
from bench.kernel.name import own_name, read_configs, read_name
from bench.kernel.tree import Tree, laid_trees
from bench.measure.display import Display
from bench.measure.progress import show_progress
from bench.model.steps import Step
from bench.model.units import GIB, MIB, number_of
from bench.paths import cache_path
from bench.plan.duration import STEP_SECONDS


@dataclass(frozen=True)
class BuildOptions:
    """Which kernel: one that is known by name, or a tree that gets one."""

    name: str = ""
    tree: Path | None = None
    rev: str = ""
    configs: Sequence[str] = ()
    update: bool = False  # ask for newer packages first


def build(options: BuildOptions, say: Say) -> Outcome:
    """Build a kernel unless the cache has it; returns its name and where it is."""
    if options.tree:
        return _build_tree(options, options.tree, say)
    if options.rev:
        raise UsageError("--rev is a revision of --tree", "name the tree, too")
    name = read_name(options.name, "+".join(options.configs))
    ahead = [Step.LISTS, *steps_to(name)] if options.update else steps_to(name)
    with show_progress(say, [{step: STEP_SECONDS[step] for step in ahead}]) as display:
        if options.update:
            update_source(name, display)
        return _built(ensure_kernel(name, display))


def _build_tree(options: BuildOptions, path: Path, say: Say) -> Outcome:
    """Keep a tree of the user's under a name, and build it with the interface that we measure."""
    if not options.name:
        raise UsageError("NAME is missing", "bench kernel build NAME --tree PATH")
    if options.update:
        raise UsageError("--update is for Debian's packages", "leave it out")
    tree = Tree(own_name(options.name))
    configs = read_configs("+".join(options.configs))
    ahead = {step: STEP_SECONDS[step] for step in (Step.LAY, Step.KERNEL)}
    with show_progress(say, [ahead]) as display:
        origin = keep_tree(tree, path, options.rev, configs, display)
        name = read_name(f"{options.name}:")
        return _built(ensure_tree_kernel(name, origin, display))


def _built(kernel: Kernel) -> Outcome:
    return Outcome(0, f"{kernel.name}\n{kernel.path}")


def listing() -> Outcome:
    """List kernels that are built, the trees that they are built of, and the saved guests."""
    lines = [
        f"{each.path.name}  {each.bytes / MIB:.0f} MiB  "
        f"built {datetime.fromtimestamp(each.built):%Y-%m-%d %H:%M}"
        + (f"  from {each.source}" if each.source else "")
        for each in built_kernels()
    ]
    found = [*(lines or ["no kernel is built"]), *_trees(), saved_guests()]
    return Outcome(0, "\n".join(found))


def _trees() -> Iterator[str]:
    for tree in laid_trees():
        origin = tree.origin()
        size = f"{tree.size() / GIB:.1f} GiB"
        if origin:
            where = "" if origin.kind == "debian" else f" of {origin.where}"
            yield f"tree {tree.name}: {origin.described}{where}, {size} with its builds"
        else:
            yield f"tree {tree.name}: a part of one, {size}; bench kernel prune {tree.name}"


def saved_guests() -> str:
    """Say how many guests are saved, their size and where."""
    count, size = kept()
    return f"saved guests: {count}, {size / MIB:.0f} MiB, in {cache_path() / DIRECTORY}"


def prune(names: Sequence[str], say: Say) -> Outcome:
    """Remove all saved guests that no process uses; with names, trees and what was built of them.

    UsageError for a tree that is not there.
    """
    known = {tree.name: tree for tree in laid_trees()}
    for name in names:
        if name not in known:
            there = ", ".join(known) or "none"
            raise UsageError(f"prune: there is no tree '{name}'", f"there are: {there}")
    if names:
        with show_progress(say, [{}]) as display:
            trees = [known[name] for name in dict.fromkeys(names)]
            return Outcome(0, "\n".join(_prune_tree(tree, display) for tree in trees))
    pruned = empty()
    said = f"saved guests removed: {len(pruned.gone)}, {pruned.freed / MIB:.0f} MiB are free again"
    return Outcome(0, "\n".join([said, *(f"{line}: it stays" for line in pruned.left)]))


def _prune_tree(tree: Tree, display: Display) -> str:
    with tree.locked(display):
        kernels = [each for each in built_kernels() if each.base == tree.name]
        size = tree.size() + sum(kernel.bytes for kernel in kernels)
        for kernel in kernels:  # before their tree, which they are found by
            discard(kernel.path)
        discard(tree.path)
    removed = f"tree and {number_of(len(kernels), 'kernel')} removed"
    return f"{tree.name}: {removed}, {size / GIB:.1f} GiB are free"
