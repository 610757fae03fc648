# SPDX-License-Identifier: GPL-2.0-only
"""`bench run --on dask:ADDRESS` of as many blocks as are wanted, whose guests are replayed.

python -m tests.scale.command ADDRESS BLOCKS MILLISECONDS FILES OUT

Prints a line of JSON. What is replaced: the saved guest, by files of so many bytes, and what
workers do with a job. All else is what a user's command does.
"""

import json
import resource
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from distributed import Client

import bench.engines.dask
import bench.engines.dask_workers
from bench.commands import run
from bench.commands.run import RunOptions, run_command
from bench.executors.guest_setup import GuestSetup
from bench.executors.remote import RemoteExecutor
from bench.guest.qemu import Accelerator
from bench.kernel.kernel import Kernel
from bench.model.cell import Clock, Plan
from bench.model.units import MIB
from bench.plan.scenario import Scenario
from bench.worker.block import measure_block
from tests.scale.answers import Replay, describe
from tests.scale.nodes import usage
from tests.scale.wire import count_bytes

_DRIVERS = ("vhost_vdpa", "vdpa_sim", "vdpa_sim_net")


def scenario_file(place: Path, blocks: int, reps: str = "5+") -> Path:
    """A scenario of smoke's two methods, with so many sizes of memory."""
    sizes = ", ".join(f'"{64 + 2 * number}M"' for number in range(blocks))
    path = place / "scale.toml"
    path.write_text(
        'question = "How far does it go?"\ndevice = ["sim-net-pa"]\n'
        'method = ["reset-owner", "new-owner"]\npages = ["thp"]\n'
        f'reps = "{reps}"\nmem = [{sizes}]\n'
    )
    return path


class Replayed(RemoteExecutor):
    """Has a file where others have the state of a guest."""

    @property
    def state(self) -> Path:
        return self._setup.initramfs.with_name("state")

    def begin(self) -> None:
        super().begin()
        self.boots = 1


def executor_of(
    place: Path, files: int, scenario: Scenario, plan: Plan, *rest: Any, **more: Any
) -> Replayed:
    """Stand in for `choose_executor`."""
    _, console, steps = rest
    for name, share in {"kernel": 0.1, "initramfs": 0.1, "state": 0.8}.items():
        (place / name).write_bytes(name.encode() + b"\1" * int(files * share))
    modules = tuple(place / f"{name}.ko" for name in _DRIVERS)
    kernel = Kernel(place, "replayed", "0", place / "kernel", modules, ())
    setup = GuestSetup(
        kernel=kernel,
        initramfs=place / "initramfs",
        accelerator=Accelerator.TCG,
        reason="replayed",
        memory=MIB,
        console=console,
        platform_iommu=False,
        gigantic_pages=0,
    )
    return Replayed(setup, more["engine"], steps)


def replay(place: Path, files: int, seconds: float) -> None:
    """Replace what needs guests, from now on."""
    instead: dict[str, Any] = {
        "check": lambda *_: None,
        "steps_ahead": lambda scenarios, *_: [{} for _ in scenarios],
        "choose_executor": partial(executor_of, place, files),
    }
    for name, each in instead.items():
        setattr(run, name, each)
    engine: Any = bench.engines.dask
    engine.measure_block = Replay(measure_block, seconds)
    asking: Any = bench.engines.dask_workers
    asking.describe_worker = describe  # a thousand QEMUs would be started on this machine


def measured(address: str, blocks: int, seconds: float, files: int, out: Path) -> dict[str, Any]:
    out.mkdir(parents=True)
    replay(out, files, seconds)
    loop: dict[str, float] = {}
    command: Any = run
    run_plan = command.run_plan

    def timed(*args: Any, **more: Any) -> None:
        before, client = usage(), Client(address, set_as_default=False)
        there = client.run_on_scheduler(usage)
        began = time.monotonic()
        run_plan(*args, **more)
        loop["seconds"] = time.monotonic() - began
        after, then = usage(), client.run_on_scheduler(usage)
        client.close()
        for name, (one, two) in {"bench": (before, after), "scheduler": (there, then)}.items():
            for key in ("cpu", "sent", "received"):
                loop[f"{name} {key}"] = two.get(key, 0) - one.get(key, 0)
            loop[f"{name} rss"] = two["rss"]

    command.run_plan = timed
    began = time.monotonic()
    options = RunOptions(
        str(scenario_file(out, blocks)),
        {},
        ["run", "scale"],
        clock=Clock.ICOUNT,
        out=out / "run",
        on=f"dask:{address}",
    )
    with (out / "stderr").open("w") as log:
        outcome = run_command(options, partial(print, file=log))
    size = sum(path.stat().st_size for path in (out / "run").iterdir())
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    whole = time.monotonic() - began
    return {**loop, "whole": whole, "code": outcome.code, "store": size, "bench most": most}


def main(words: Sequence[str]) -> None:
    address, blocks, milliseconds, files, out = words
    count_bytes()
    found = measured(address, int(blocks), int(milliseconds) / 1000, int(files), Path(out))
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
