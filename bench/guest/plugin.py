# SPDX-License-Identifier: GPL-2.0-only
"""Build the plugin that counts what a guest executes, and ask whether this QEMU takes it."""

import re
from functools import cache
from pathlib import Path

from bench.errors import CannotJudge
from bench.guest.initramfs import ensure_compiled
from bench.guest.qemu import Accelerator
from bench.model.steps import SILENT, Steps
from bench.process import ProcessFailed, find_tool, run

SOURCE = Path(__file__).resolve().parent.parent / "plugin"
_NAME = "bench-plugin.so"
_ANSWER = re.compile(r"bench-plugin: interface (\d+)")
_NEWEST = 7  # version of QEMU's interface that bench/plugin/counters.c knows


def ensure_plugin(steps: Steps = SILENT) -> Path:
    """Return the path of the plugin; compile it when the cache has none of this source.

    CannotJudge where this QEMU does not take it.
    """
    path = ensure_compiled(SOURCE, _NAME, steps)
    if why := why_no_plugin(path):
        raise CannotJudge(f"no profile: {why}", "QEMU 7.2 to 11.1 have what it takes")
    return path


def why_not_profiled(accelerator: Accelerator) -> str:
    """Say why guests of an accelerator have no profile, "" where they have."""
    if accelerator is Accelerator.KVM:
        return "the processor runs a guest under KVM by itself, and QEMU counts nothing of it"
    return "" if accelerator is Accelerator.TCG else "instructions are not counted without icount"


@cache
def why_no_plugin(path: Path) -> str:
    """Ask QEMU to load the plugin; return why it does not, "" when it does."""
    qemu = find_tool("qemu-system-x86_64", "qemu-system-x86")
    words = [qemu, "-nodefaults", "-display", "none", "-machine", "none"]
    try:
        said = run([*words, "-plugin", f"{path},probe=on"], timeout=60)
    except ProcessFailed as failed:  # as it does when all is well
        said = failed.output
    answer = _ANSWER.search(said)
    if answer and int(answer[1]) <= _NEWEST:
        return ""
    if answer:
        return f"this QEMU has version {answer[1]} of the plugin interface, {_NEWEST} is known"
    last = [line for line in said.strip().splitlines() if line.strip()][-1:]
    return f"this QEMU takes no plugin of ours: {last[0] if last else 'it said nothing'}"
