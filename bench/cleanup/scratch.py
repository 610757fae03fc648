# SPDX-License-Identifier: GPL-2.0-only
"""Make temporary directories that are removed on every way out, kill -9 included."""

import errno
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.cleanup.journal import Journal
from bench.errors import CannotJudge, NoSpace


@contextmanager
def atomic_directory(final: Path) -> Iterator[Path]:
    """Yield an empty directory to fill, which becomes ``final`` at the end of the block.

    An exception in the block removes it and leaves ``final`` as it was. NoSpace if the disk is
    full; other OSErrors as they are.
    """
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


def discard(path: Path) -> None:
    """Remove a directory of the cache at once: there is never a part of it under its name.

    What is left of it where bench is killed goes with the next call. CannotJudge for what stays.
    """
    gone = path.with_name(f".{path.name}.tmp")
    with Journal() as journal:
        journal.note_scratch(gone)
        shutil.rmtree(gone, ignore_errors=True)
        with suppress(FileNotFoundError):  # somebody else has removed it
            path.rename(gone)
    if journal.problems:
        raise CannotJudge(journal.problems[0], "remove it yourself")


@contextmanager
def temporary(where: Path) -> Iterator[Path]:
    """Yield an empty directory below ``where``, which has to be in the cache; remove it after."""
    path = where / f"bench-{secrets.token_hex(4)}.tmp"
    with Journal() as journal:
        journal.note_scratch(path)
        path.mkdir(mode=0o700)
        yield path
