# SPDX-License-Identifier: GPL-2.0-only
"""Profile blocks: a guest restored from the state that the measured ones began with, and a plugin.

Two guests for each block. The first one loads the devices of the block and prints its symbols;
what that does to the kernel's memory must not be in a profile. The second one is profiled.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from bench.cleanup.scratch import temporary
from bench.errors import CannotJudge
from bench.executors.guest import Command, GuestExecutor, block_script
from bench.guest.initramfs import our_programs
from bench.guest.plugin import ensure_plugin
from bench.guest.symbols import (
    KERNEL_SYMBOLS,
    MODULE_SYMBOLS,
    Text,
    kernel_text,
    program_text,
    source_lines,
)
from bench.model.cell import Block, Rep
from bench.model.facts import ProfileFacts
from bench.model.method import Experiment, Method
from bench.model.steps import SILENT, Step, Steps
from bench.paths import cache_dir, forget_old
from bench.plan.duration import STEP_SECONDS, block_seconds
from bench.profile.lines import addresses, by_line
from bench.profile.profile import CALLS, INSTRUCTIONS, Profile
from bench.profile.recording import Found, Marks, Recording, find_reps, profile_of, read_recording
from bench.protocol.messages import read_reps

KINDS = ("atomics", "loads", "stores")  # what --count takes
_SYMBOLS = 120  # seconds; 10 on a slow machine
_SLOWER = 2.0  # times as long as it is measured: a profiled block
_KASAN = "__asan_load8"  # a kernel that has it has stacks twice as large


class Profiler:
    """Profiles blocks of one executor, one after the other."""

    def __init__(
        self, executor: GuestExecutor, wanted: ProfileFacts, steps: Steps = SILENT
    ) -> None:
        self._executor = executor
        self._wanted = wanted
        self._plugin = ensure_plugin(steps)
        self._modules: dict[tuple[str, ...], list[str]] = {}  # their symbols, by what loads them
        if executor.state is None:
            why = "a profile begins from the state that measured guests begin from"
            raise CannotJudge(why, "leave --fresh out; QEMU has to be able to save this guest")

    def profile(self, block: Block) -> list[Profile]:
        """Profile the first rep of each method of a block that is no warm-up.

        CellFailed when a rep is not proven, or not to be found in what was recorded.
        """
        *before, last = block_script(block, self._executor.clock, self._executor.kernel)
        texts = [self.kernel_text_of(block, before), *self._programs]
        with temporary(cache_dir()) as scratch:
            plugin = self.words(scratch, texts)
            reps = self._run(block, [*before, last], plugin)
            with (scratch / "out").open() as lines:
                recording = read_recording(lines)
        return [*self._profiles(block, reps, recording, texts)]

    @cached_property
    def _programs(self) -> list[Text]:
        return [*map(program_text, our_programs())]

    def _run(self, block: Block, script: Sequence[Command], plugin: tuple[str, ...]) -> list[Rep]:
        """Run the block as it was measured, and end the guest once each method has had its rep."""
        commands = [each.command for each in script]
        missing: set[Method] = set()
        reps: list[Rep] = []
        with self._executor.guest(commands, block.label, plugin) as guest:
            for each in script[:-1]:
                each.take(guest)
            lines = guest.lines(script[-1].command, script[-1].seconds)
            with closing(read_reps(lines, block, to_exit=False)) as items:
                for item in items:
                    if isinstance(item, Rep):
                        reps.append(item)
                    else:
                        missing.add(item.method)
                    if {rep.method for rep in reps[block.warmup :]} >= {*block.order} - missing:
                        break
        return reps

    def words(self, scratch: Path, texts: Sequence[Text]) -> tuple[str, ...]:
        """Write the table of functions; return what QEMU is told of the plugin."""
        table = scratch / "functions"
        table.write_text("".join(f"{line}\n" for text in texts for line in text.lines()))
        words = [str(self._plugin), f"out={scratch / 'out'}", f"functions={table}"]
        words += [f"count={kind}" for kind in self._wanted.counts]
        words += ["lines=on"] if self._wanted.lines else []
        kasan = any(each.function.name == _KASAN for each in texts[0].symbols)
        return tuple(word.replace(",", ",,") for word in [*words, f"stack={15 if kasan else 14}"])

    def kernel_text_of(self, block: Block, before: Sequence[Command]) -> Text:
        """Return the functions of the kernel and of the modules that the block has loaded."""
        key = tuple(each.command for each in before)
        if key not in self._modules:
            self._modules[key] = self._printed(block, before, MODULE_SYMBOLS)
        return kernel_text([*self._image_symbols(block), *self._modules[key]])

    def _image_symbols(self, block: Block) -> list[str]:
        """Return the symbols of the kernel's image, which the cache keeps: 10 s to print them."""
        image = self._executor.kernel.image
        place = cache_dir() / "symbols"
        place.mkdir(exist_ok=True)
        digest = hashlib.sha256(image.read_bytes()).hexdigest()[:16]
        kept = place / digest
        with suppress(FileNotFoundError):
            os.utime(kept)
            return kept.read_text().splitlines()
        forget_old(place, "*")
        lines = self._printed(block, (), KERNEL_SYMBOLS)
        scratch = kept.with_suffix(f".{os.getpid()}.tmp")
        scratch.write_text("\n".join(lines))
        scratch.rename(kept)
        return lines

    def _printed(self, block: Block, before: Sequence[Command], command: str) -> list[str]:
        script = [*(each.command for each in before), command]
        with self._executor.guest(script, block.label) as guest:
            for each in before:
                each.take(guest)
            *lines, _ = guest.lines(command, _SYMBOLS)
        return lines

    def _profiles(
        self, block: Block, reps: Sequence[Rep], recording: Recording, texts: Sequence[Text]
    ) -> Iterator[Profile]:
        functions = [each.function for text in texts for each in text.symbols]
        kinds = (INSTRUCTIONS, CALLS, *(kind for kind in KINDS if kind in self._wanted.counts))
        spans = find_reps(Marks(recording.at()), reps)
        wanted = first_reps(block, [rep.method for rep in reps])
        for number, (rep, found) in enumerate(zip(reps, spans, strict=True)):
            if number in wanted:
                cell = block.cell_of(rep.method)
                made = profile_of(recording, found, functions, cell, number, kinds)
                yield replace(made, lines=self._lines(recording, found))

    def _lines(self, recording: Recording, found: Mapping[str, Found]) -> dict[str, dict[str, int]]:
        """Return how often each line of source ran, by span, if that is asked for."""
        if not self._wanted.lines:
            return {}
        counts = {name: addresses(recording, each) for name, each in found.items()}
        asked = sorted({address for each in counts.values() for address in each})
        lines = source_lines(self._executor.kernel, asked)
        return {name: by_line(each, lines) for name, each in counts.items()}


def first_reps(block: Block, order: Sequence[Method]) -> set[int]:
    """Return the numbers of the first reps of each method in an order, warm-ups left out."""
    measured = [*order][block.warmup :]
    return {block.warmup + measured.index(method) for method in set(measured)}


def shortened(block: Block) -> Block:
    """Return the block as far as it is profiled: each method has had a rep that is no warm-up."""
    last = max(first_reps(block, block.order))
    return replace(block, order=block.order[: last + 1], least=None)


def profile_seconds(block: Block) -> float:
    """Estimate the seconds that profiling a block takes, with the guest that prints its symbols.

    None for a block that is not profiled.
    """
    if why_not(block):
        return 0.0
    return 2 * STEP_SECONDS[Step.RESTORE] + _SLOWER * block_seconds(shortened(block))


def why_not(block: Block) -> str:
    """Say why a block has no profile, "" where it has."""
    cell = block.any_cell
    if cell.soak:
        return "a soak has hundreds of handovers"
    if block.experiment is Experiment.PIN and cell.threads > 1:
        return "threads pin at once"
    return ""
