# SPDX-License-Identifier: GPL-2.0-only
"""Write a file so that readers find the old one or the new one, whole."""

import os
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, data: bytes, scratch: Path) -> None:
    """Write a file as ``scratch``, beside it, and rename that; OSError where it cannot be.

    What is at ``scratch`` is overwritten; nothing of it is left, whatever goes wrong.
    """
    try:
        with scratch.open("wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        scratch.rename(path)
    except BaseException:
        with suppress(OSError):
            scratch.unlink()
        raise
