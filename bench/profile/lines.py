# SPDX-License-Identifier: GPL-2.0-only
"""Say how often lines of source ran: addresses of a recording, and what addr2line says of them."""

from collections import Counter
from collections.abc import Mapping, Sequence

from bench.profile.recording import Found, Recording

NO_LINE = "??:0"  # of an address of which no line is known


def addresses(recording: Recording, found: Found) -> Counter[int]:
    """Return how often the instruction at each address ran in a span."""
    total: Counter[int] = Counter()
    for mark in found.intervals():
        for (block, ran), times in recording.ran[mark].items():
            for address in recording.blocks[block][:ran]:
                total[address] += times
    return total


def by_line(counts: Mapping[int, int], lines: Mapping[int, str]) -> dict[str, int]:
    """Sum the instructions of each line, the most frequent first."""
    total: Counter[str] = Counter()
    for address, times in counts.items():
        total[lines.get(address, NO_LINE)] += times
    return dict(total.most_common())


def read_lines(asked: Sequence[int], answers: Sequence[str], below: str) -> dict[int, str]:
    """Pair addresses with the answers of addr2line, paths without the directory of the source.

    An answer is "PATH:LINE", with a remark on discriminators behind it where there are some.
    """
    found = {}
    for address, answer in zip(asked, answers, strict=True):
        path, _, line = answer.partition(" (")[0].rpartition(":")
        if line.isdecimal() and not path.startswith("?"):
            found[address] = f"{path.removeprefix(below)}:{line}"
    return found
