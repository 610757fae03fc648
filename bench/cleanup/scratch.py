# SPDX-License-Identifier: GPL-2.0-only
"""Directories that are there for a while: removed on every way out, kill -9 included."""

import errno
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.cleanup.journal import Journal
from bench.errors import NoSpace


@contextmanager
def atomic_directory(final: Path) -> Iterator[Path]:
    """A directory to fill that becomes ``final`` at the end, or vanishes on an error."""
    scratch = final.with_name(f"{final.name}.tmp")
    with Journal() as journal:
        journal.note_scratch(scratch)
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        try:
            yield scratch
            shutil.rmtree(final, ignore_errors=True)  # of an older version, which lacks something
            scratch.rename(final)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise NoSpace(f"{final.parent}: {error.strerror}", "free some space") from None
            raise


@contextmanager
def temporary(where: Path) -> Iterator[Path]:
    """An empty directory below ``where``, which is in the cache."""
    path = where / f"bench-{secrets.token_hex(4)}.tmp"
    with Journal() as journal:
        journal.note_scratch(path)
        path.mkdir(mode=0o700)
        yield path
