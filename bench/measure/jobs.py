# SPDX-License-Identifier: GPL-2.0-only
"""Decide how many blocks are measured at once."""

from collections.abc import Callable

from bench.errors import UsageError
from bench.executors.base import Room
from bench.model.limits import JOBS

AUTO = "auto"


def parse_jobs(text: str) -> int | None:
    """Return the number that --jobs gives, None for ``auto``; UsageError for anything else."""
    if text == AUTO:
        return None
    if text.isascii() and text.isdecimal() and int(text) in JOBS:
        return int(text)
    raise UsageError(f"--jobs: '{text}' is neither {AUTO} nor a whole number {JOBS}")


def choose_jobs(asked: int | None, room: Room, say: Callable[[str], None]) -> int:
    """Return how many blocks to measure at once; ``say`` gets a line when it is fewer than asked.

    UsageError where more than there is room for would spoil figures.
    """
    if asked is None:
        return room.usual
    if asked > room.most and room.harmful:
        raise UsageError(f"--jobs: {asked} are too many: {room.limit}", "leave --jobs out")
    if asked > room.most:
        say(f"--jobs: {room.most} instead of {asked}: {room.limit}")
    return min(asked, room.most)
