# SPDX-License-Identifier: GPL-2.0-only
"""Measure blocks in guests on the workers of an engine, from the state that was saved here."""

import hashlib
import json
import secrets
from collections.abc import Generator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from msgspec import structs

from bench.engines.base import Engine
from bench.executors.base import Room
from bench.executors.guest import BOOT_DEADLINE, GuestExecutor, block_script, reps_of
from bench.executors.guest_setup import GuestSetup
from bench.guest.probe import qemu_version
from bench.guest.qemu import GuestConfig, argv
from bench.guest.recorded import Answer, Recorded
from bench.model.cell import Block, Rep, Unavailable
from bench.model.facts import ExecutorFacts, WorkerFacts
from bench.model.limits import JOBS
from bench.model.steps import SILENT, Steps
from bench.stats.enough import ranks


@dataclass(frozen=True)
class _Files:
    """What travels to workers: by name its digest, and what a job is given for it."""

    digests: dict[str, str]
    shared: tuple[Any, ...]
    qemu: str  # the version that saved the state


class RemoteExecutor(GuestExecutor):
    """Every block in a guest that an engine has started somewhere.

    `submit` and `answered` stand in for `measure`, which measures here: symbols, and no block.
    """

    def __init__(self, setup: GuestSetup, engine: Engine, steps: Steps = SILENT) -> None:
        super().__init__(setup, steps)
        self.engine = engine
        self.run = secrets.token_hex(8)  # tells guests of this run from others on a worker
        self._files: _Files | None = None
        self._checked = False  # whether workers were asked: one that is frozen takes a while
        self._workers: dict[tuple[str, int], WorkerFacts] = {}

    def facts(self) -> ExecutorFacts:
        """Return what run.json says, workers that have answered so far included."""
        workers = (*self._workers.values(),)
        return structs.replace(super().facts(), engine=self.engine.name, workers=workers)

    def room(self) -> Room:
        """Return how many blocks the engine measures at once."""
        count = self.engine.workers() or JOBS.least
        return Room(count, count, f"that many workers are at {self.engine.name}")

    def begin(self) -> None:
        """Save the state that blocks go on from; CannotJudge where no worker can go on from it."""
        super().begin()
        if self._checked:
            return
        for line in self.engine.check(qemu_version(), self._setup.memory):
            self._steps.note(line)
        self._checked = True

    def submit(self, block: Block) -> "Future[str]":
        """Have a block measured somewhere."""
        files = self._ready()
        return self.engine.submit(self._job(block, files), files.shared)

    def answered(self, number: int, block: Block, answer: Answer) -> Generator[Rep | Unavailable]:
        """Yield what was measured of the block with this number in the plan; as `measure` does."""
        self._note(number, answer)
        script = block_script(block, self.clock, self.kernel)
        commands = [each.command for each in script]
        guest = Recorded(answer, commands, booted=self.state is None)
        self._add_console(answer)
        yield from reps_of(guest, block, script)

    def _ready(self) -> _Files:
        """Hand the files of guests to the engine, once."""
        if self._files is None:
            config = self._setup.config()
            paths = {"kernel": config.kernel, "initramfs": config.initramfs}
            if state := self.state:
                paths["state"] = state
            digests = {name: _digest(path) for name, path in paths.items()}
            shared = tuple(map(self.engine.share, paths.values()))
            self._files = _Files(digests, shared, qemu_version())
        return self._files

    def _job(self, block: Block, files: _Files) -> str:
        script = block_script(block, self.clock, self.kernel)
        boots = self.state is None
        job = {
            "run": self.run,
            "qemu": files.qemu,
            "memory": self._setup.memory,
            "argv": argv("qemu", _anywhere(self._setup.config(), boots)),
            "files": files.digests,
            "script": [each.command for each in script],
            "seconds": [each.seconds for each in script],
            "boot": BOOT_DEADLINE if boots else None,
            "order": [*block.order],
            "least": block.least,
            "ranks": [] if block.least is None else ranks(len(block.order)),
        }
        return json.dumps(job)

    def _note(self, number: int, answer: Answer) -> None:
        """Note which worker has measured a block; a new one is said."""
        new = answer.worker
        key = (new.host, new.pid)
        if key not in self._workers:
            self._workers[key] = structs.replace(new, blocks=())
            self._steps.note(f"worker {new.host} {new.pid}: {new.cpu or 'its CPU is not known'}")
        known = self._workers[key]
        self._workers[key] = structs.replace(known, blocks=(*known.blocks, number))

    def _add_console(self, answer: Answer) -> None:
        with self._part() as part:
            part.write_text(answer.console)

    def stop(self) -> None:
        """End the guests of this run, wherever they are."""
        self.engine.stop(self.run)


def _anywhere(config: GuestConfig, boots: bool) -> GuestConfig:
    """Return a guest whose files, sockets and console are named by its worker."""
    return replace(
        config,
        kernel=Path("@kernel@"),
        initramfs=Path("@initramfs@"),
        state=None if boots else Path("@state@"),
        console=Path("@console@"),
        script=Path("@script@"),
        commands_fd="@commands@",
        results_fd="@results@",
        control_fd="@control@",
        loop_fd="@loop@",
    )


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
