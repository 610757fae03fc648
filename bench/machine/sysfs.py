# SPDX-License-Identifier: GPL-2.0-only
"""Read files of /proc and /sys as values. What is not there, or not understood, is None.

``root`` is the directory that the tree begins at: ``/``, or one that a test made. Paths have no
leading slash. Nothing here raises and nothing writes.
"""

import re
from pathlib import Path

LARGEST = 1 << 62  # a larger limit means none: cgroups of v1 print PAGE_COUNTER_MAX
_MOST_CPUS = 1 << 16  # more than any kernel has: NR_CPUS is 8192 at most


def read(root: Path, path: str) -> str | None:
    """Return the text of a file without white space around it, None when it cannot be read."""
    try:
        return (root / path).read_text(errors="replace").strip()
    except (OSError, ValueError):  # ValueError: a path that cannot be one
        return None


def integer(text: str | None) -> int | None:
    """Parse a decimal number. int() alone would take ``1_0`` and Arabic digits."""
    return int(text) if text and re.fullmatch(r"-?[0-9]{1,19}", text) else None


def flag(text: str | None) -> bool | None:
    """Parse ``0`` or ``1``."""
    return {"0": False, "1": True}.get(text or "")


def selected(text: str | None) -> str | None:
    """Return the word in brackets, as in ``always [madvise] never``."""
    found = re.search(r"\[(\S+)\]", text or "")
    return found[1] if found else None


def field(text: str | None, name: str) -> str | None:
    """Return the value of the first line ``name: value``, as /proc/cpuinfo has them."""
    for line in (text or "").splitlines():
        key, colon, value = line.partition(":")
        if colon and key.strip() == name:
            return value.strip()
    return None


def cpu_list(text: str | None) -> tuple[int, ...]:
    """Return the CPUs of ``0-3,8`` in order, each once; an empty tuple when it is no such list.

    The format is that of Documentation/admin-guide/cputopology.rst; nohz_full reads ``(null)``
    where it is off.
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
    """Return ``text`` when it is a list of CPUs that is not empty, else None."""
    return text if cpu_list(text) else None
