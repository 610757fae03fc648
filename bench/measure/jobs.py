# SPDX-License-Identifier: GPL-2.0-only
"""Decide how many blocks are measured at once."""

from collections.abc import Callable

from bench.errors import UsageError
from bench.executors.base import Room
from bench.model.jobs import parse_job_count


def parse_jobs(text: str) -> int | None:
    """Return the number that --jobs gives, None for ``auto``; UsageError for anything else."""
    try:
        return parse_job_count(text)
    except ValueError as error:
        raise UsageError(f"--jobs: {error}") from None


def choose_jobs(asked: int | None, room: Room, say: Callable[[str], None], source: str = "") -> int:
    """Return how many blocks to measure at once; ``say`` gets a line when it is fewer than asked.

    UsageError where more than there is room for would spoil figures; where ``source``, a default
    of the user, has asked it is no more than that: a default is for all runs.
    """
    if asked is None:
        return room.usual
    if asked > room.most and room.harmful and not source:
        raise UsageError(f"--jobs: {asked} are too many: {room.limit}", "leave --jobs out")
    if asked > room.most:
        say(f"{source or '--jobs'}: {room.most} instead of {asked}: {room.limit}")
    return min(asked, room.most)
