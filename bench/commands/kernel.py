# SPDX-License-Identifier: GPL-2.0-only
"""`bench kernel`: build the guest's kernel, list what the cache has, empty it of saved guests."""

from datetime import datetime

from bench.commands.outcome import Outcome, Say
from bench.guest.saved import DIRECTORY, empty, kept
from bench.kernel.config import load_config
from bench.kernel.kernel import built_kernels
from bench.kernel.modules import cached_kernel, ensure_kernel
from bench.kernel.packages import cached_packages, ensure_packages
from bench.measure.progress import show_progress
from bench.model.steps import Step
from bench.model.units import MIB
from bench.paths import cache_path
from bench.plan.duration import STEP_SECONDS


def build(update: bool, say: Say) -> Outcome:
    """Build the modules unless the cache has them; ``update`` asks for newer packages first."""
    config = load_config()
    fetched = not update and cached_packages(config) is not None
    steps = set() if fetched else {Step.LISTS, Step.FETCH, Step.UNPACK}
    if cached_kernel(config) is None:
        steps.add(Step.BUILD)
    with show_progress(say, [{step: STEP_SECONDS[step] for step in steps}]) as display:
        if update:
            ensure_packages(config, update=True, steps=display)
        built = ensure_kernel(config, display)
    return Outcome(0, f"{built.name}\n{built.path}")


def listing() -> Outcome:
    """List kernels that are built, and say how many guests are saved."""
    lines = [
        f"{each.path.name}  {each.bytes / MIB:.0f} MiB  "
        f"built {datetime.fromtimestamp(each.built):%Y-%m-%d %H:%M}"
        for each in built_kernels()
    ]
    return Outcome(0, "\n".join([*(lines or ["no kernel is built"]), saved_guests()]))


def saved_guests() -> str:
    """Say how many guests are saved, their size and where."""
    count, size = kept()
    return f"saved guests: {count}, {size / MIB:.0f} MiB, in {cache_path() / DIRECTORY}"


def prune() -> Outcome:
    """Remove all saved guests that no process uses."""
    pruned = empty()
    said = f"saved guests removed: {len(pruned.gone)}, {pruned.freed / MIB:.0f} MiB are free again"
    return Outcome(0, "\n".join([said, *(f"{line}: it stays" for line in pruned.left)]))
