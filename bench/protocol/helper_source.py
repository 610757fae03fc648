# SPDX-License-Identifier: GPL-2.0-only
"""Name the helper by its sources: another helper can have other costs."""

import hashlib
from functools import cache
from pathlib import Path

HELPER = Path(__file__).resolve().parent.parent / "helper"


@cache
def helper_digest() -> str:
    """Of the helper's sources: another helper can have other costs."""
    sources = sorted(path for path in HELPER.iterdir() if path.is_file())
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:12]
