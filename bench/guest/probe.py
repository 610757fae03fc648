# SPDX-License-Identifier: GPL-2.0-only
"""Find out whether KVM works, by booting a guest.

On some machines /dev/kvm opens, and then QEMU aborts or the guest never starts.
"""

import json
from pathlib import Path

from bench.cleanup.scratch import temporary
from bench.errors import BenchError, GuestHung
from bench.guest.boot import boot
from bench.guest.bootsector import own_words
from bench.guest.qemu import Accelerator, GuestConfig
from bench.machine.facts import boot_id, kvm_problem
from bench.model.steps import SILENT, Step, Steps
from bench.model.units import MIB
from bench.paths import cache_dir, cache_path, locked
from bench.process import find_tool, run
from bench.worker.programs import version_in

_ANSWER = "kvm-probe.json"
_WORDS = "2"  # changes with the wording of a problem, so that old words are not shown again
_DEADLINE = 60  # seconds; a guest under KVM takes two or three


def qemu_version() -> str:
    """Return the first line of QEMU's --version; MissingTool without QEMU."""
    output = run([find_tool("qemu-system-x86_64", "qemu-system-x86"), "--version"])
    return version_in(output) or "unknown"


def why_not_kvm(kernel: Path, initramfs: Path, steps: Steps = SILENT) -> str:
    """Say why KVM cannot be used, "" when it can.

    The answer is kept in the cache for this boot of the machine and this version of QEMU.
    """
    problem = kvm_problem()
    if problem:
        return problem
    cache = cache_dir()
    with locked(cache / ".kvm-probe.lock"):
        known = known_answer(kernel)
        if known is not None:
            return known
        with steps.at(Step.PROBE):
            problem, final = _boot_once(kernel, initramfs)
        if final:
            answer = {"key": _key(kernel), "problem": problem}
            (cache / _ANSWER).write_text(json.dumps(answer) + "\n")
    return problem


def known_answer(kernel: Path) -> str | None:
    """Return what `why_not_kvm` found before for this kernel, None when it did not."""
    known = _known(cache_path() / _ANSWER)
    problem = known.get("problem")
    return problem if isinstance(problem, str) and known.get("key") == _key(kernel) else None


def _key(kernel: Path) -> dict[str, str]:
    return {"words": _WORDS, "boot": boot_id(), "qemu": qemu_version(), "kernel": str(kernel)}


def _known(path: Path) -> dict[str, object]:
    try:
        known = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _boot_once(kernel: Path, initramfs: Path) -> tuple[str, bool]:
    """Boot a guest; return the problem, and whether to keep it: a busy machine may only be slow."""
    with temporary(cache_dir()) as scratch:
        console = scratch / "console.log"
        config = GuestConfig(kernel, initramfs, 512 * MIB, Accelerator.KVM, console)
        try:
            with boot(config, _DEADLINE):
                return "", True
        except BenchError as error:
            said = own_words(console.read_text(errors="replace"))
            last = f": {said}" if said else ""
            problem = f"/dev/kvm opens, but a guest does not boot with it: {error.message}{last}"
            return problem, not isinstance(error, GuestHung)
