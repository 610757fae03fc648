# SPDX-License-Identifier: GPL-2.0-only
"""Does KVM work here? Only a guest that boots can tell.

On some machines /dev/kvm opens, and then QEMU aborts or the guest never starts.
"""

import json
import tempfile
from pathlib import Path

from bench.errors import BenchError, GuestHung
from bench.guest.boot import boot
from bench.guest.qemu import Accelerator, GuestConfig
from bench.machine import boot_id, kvm_problem
from bench.paths import cache_dir, locked
from bench.process import find_tool, run
from bench.units import MIB

_DEADLINE = 60  # seconds; a guest under KVM takes two or three


def qemu_version() -> str:
    """The first line of ``--version``."""
    output = run([find_tool("qemu-system-x86_64", "qemu-system-x86"), "--version"])
    return output.splitlines()[0].strip()


def why_not_kvm(kernel: Path, initramfs: Path) -> str:
    """Why KVM cannot be used, empty when it can.

    The answer is kept for this boot of the machine and this version of QEMU.
    """
    problem = kvm_problem()
    if problem:
        return problem
    key = {"boot": boot_id(), "qemu": qemu_version(), "kernel": str(kernel)}
    path = cache_dir() / "kvm-probe.json"
    with locked(cache_dir() / ".kvm-probe.lock"):
        known = _known(path)
        if known.get("key") == key and isinstance(known.get("problem"), str):
            return str(known["problem"])
        problem, final = _boot_once(kernel, initramfs)
        if final:
            path.write_text(json.dumps({"key": key, "problem": problem}) + "\n")
    return problem


def _known(path: Path) -> dict[str, object]:
    try:
        known = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _boot_once(kernel: Path, initramfs: Path) -> tuple[str, bool]:
    """The problem, and whether it would be the same again: a busy machine may just be slow."""
    with tempfile.TemporaryDirectory(dir=cache_dir()) as scratch:
        console = Path(scratch) / "console.log"
        config = GuestConfig(kernel, initramfs, 512 * MIB, Accelerator.KVM, console)
        try:
            with boot(config, _DEADLINE):
                return "", True
        except BenchError as error:
            said = console.read_text(errors="replace").strip().splitlines()
            last = f": {said[-1].strip()}" if said else ""
            problem = f"/dev/kvm opens, but a guest does not boot with it: {error.message}{last}"
            return problem, not isinstance(error, GuestHung)
