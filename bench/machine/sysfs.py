# SPDX-License-Identifier: GPL-2.0-only
"""Files of /proc and /sys as values. What is not there, or not understood, is None.

``root`` is where the tree begins: ``/``, or a made-up one in tests. Paths have no
leading slash. Nothing here raises and nothing writes.
"""

import re
from pathlib import Path

LARGEST = 1 << 62  # a limit above it is none: v1 cgroups print PAGE_COUNTER_MAX
_MOST_CPUS = 1 << 16  # NR_CPUS is 8192 at most; a range beyond is no list of CPUs


def read(root: Path, path: str) -> str | None:
    """The text without white space around it."""
    try:
        return (root / path).read_text(errors="replace").strip()
    except (OSError, ValueError):  # ValueError: a path that cannot be one
        return None


def integer(text: str | None) -> int | None:
    """A decimal number; anything else is none. int() alone takes ``1_0`` and Arabic digits."""
    return int(text) if text and re.fullmatch(r"-?[0-9]{1,19}", text) else None


def flag(text: str | None) -> bool | None:
    """``0`` or ``1``."""
    return {"0": False, "1": True}.get(text or "")


def selected(text: str | None) -> str | None:
    """The word in brackets: ``always [madvise] never``."""
    found = re.search(r"\[(\S+)\]", text or "")
    return found[1] if found else None


def field(text: str | None, name: str) -> str | None:
    """The value of the first line ``name: value``, as in /proc/cpuinfo and /proc/PID/status."""
    for line in (text or "").splitlines():
        key, colon, value = line.partition(":")
        if colon and key.strip() == name:
            return value.strip()
    return None


def cpu_list(text: str | None) -> tuple[int, ...]:
    """CPUs of ``0-3,8``, in order and once each; empty when it is no such list.

    Documentation/admin-guide/cputopology.rst. nohz_full reads ``(null)`` where it is off.
    """
    cpus: set[int] = set()
    for part in (text or "").split(","):
        found = re.fullmatch(r"\s*([0-9]{1,5})(?:-([0-9]{1,5}))?\s*", part)
        if not found:
            return ()
        first, last = int(found[1]), int(found[2] or found[1])
        if not first <= last < _MOST_CPUS:
            return ()
        cpus.update(range(first, last + 1))
    return tuple(sorted(cpus))


def cpus_text(text: str | None) -> str | None:
    """A list of CPUs in the kernel's own spelling, None when it is none or empty."""
    return text if cpu_list(text) else None
