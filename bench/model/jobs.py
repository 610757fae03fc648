# SPDX-License-Identifier: GPL-2.0-only
"""How many blocks are measured at once, as it is spelled."""

from bench.model.limits import JOBS

AUTO_JOBS = "auto"


def parse_job_count(text: str) -> int | None:
    """Return the number, None for ``auto``; ValueError says what was expected."""
    if text == AUTO_JOBS:
        return None
    if text.isascii() and text.isdecimal() and int(text) in JOBS:
        return int(text)
    raise ValueError(f"'{text}' is neither {AUTO_JOBS} nor a whole number {JOBS}")
