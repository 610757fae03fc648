# SPDX-License-Identifier: GPL-2.0-only
"""What of run.json matters to a comparison, each fact as one line of text."""

import json
from collections.abc import Mapping
from typing import Any

from bench.results.writer import Run

# Fact: the table of run.json that it stands in, and its key there.
_PLACES = {
    "executor": ("executor", "name"),
    "accelerator": ("executor", "accelerator"),
    "qemu": ("executor", "qemu"),
    "guest memory": ("executor", "memory"),
    "devices": ("executor", "devices"),
    "memlock": ("executor", "memlock"),
    "kernel": ("executor", "kernel"),
    "kernel build": ("executor", "kernel_digest"),
    "kernel version": ("executor", "kernel_version"),
    "cpu": ("machine", "cpu"),
    "cpus": ("machine", "cpus"),
    "arch": ("machine", "arch"),
    "machine's kernel": ("machine", "kernel"),
    "governor": ("machine", "governor"),
    "turbo": ("machine", "turbo"),
    "smt": ("machine", "smt"),
    "isolated": ("machine", "isolated"),
    "clock source": ("machine", "clocksource"),
    "mitigations": ("machine", "mitigations"),
    "microcode": ("machine", "microcode"),
    "wrong on purpose": ("scenario", "broken"),
    "max pause": ("scenario", "max_pause"),
}

# Words of a command line that name the kernel, which may differ, or where it lies.
_BOOT_WORDS = ("BOOT_IMAGE=", "initrd=")


def facts_of(run: Run) -> dict[str, str]:
    """The facts of a run; one that it does not know is not there."""
    found = {name: _table(run, table).get(key) for name, (table, key) in _PLACES.items()}
    if found["executor"] == "host":
        found["machine's kernel"] = None  # the kernel that is measured
        found["memlock"] = "unlimited" if found["memlock"] is None else found["memlock"]
    found["clock"] = run.clock.value
    found["unit"] = run.clock.unit
    found["cmdline"] = _cmdline(_table(run, "executor").get("cmdline"))
    found["bench"] = run.facts.get("bench")
    found["helper"] = next((s.get("helper") for s in run.facts.get("sessions", [])), None)
    texts = {name: text_of(value) for name, value in found.items()}
    return {name: text for name, text in sorted(texts.items()) if text}


def _table(run: Run, name: str) -> Mapping[str, Any]:
    table: Mapping[str, Any] = run.facts.get(name, {})
    return table


def _cmdline(text: object) -> str:
    words = text.split() if isinstance(text, str) else []
    return " ".join(word for word in words if not word.startswith(_BOOT_WORDS))


def text_of(value: object) -> str:
    """One line, the same for the same value; empty for None."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return " ".join(text.split())
