# SPDX-License-Identifier: GPL-2.0-only
"""The letter of the reference report: all figures of its tables, from the samples anew."""

import re
from statistics import median
from typing import NamedTuple

import numpy as np
import pytest
from scipy.stats import theilslopes

from tests.unit.letter_runs import agrees, interval_of, size_of, stored_pauses
from tests.unit.report.test_reference import REFERENCE

LETTER = (REFERENCE / "cover-letter.txt").read_text(encoding="ascii")
CELLS = {"scaling": 5, "devices": 12, "hugepages": 5}
TITLE = re.compile(r"Median pause of (\S+) and (\S+); (.*)")
ROW = re.compile(
    r" *(\d+ [GT]iB)\* +(?:([a-z0-9]\S*) +)?([\d.]+) +([\d.]+) +([\d.]+)x +([\d.]+)-([\d.]+) +(\d+)"
)
ESTIMATE = re.compile(r" *1 TiB\* +~([\d.]+) +~([\d.]+) +~([\d.]+)x +extrapolated +-")
MILLION = 1e6


class Row(NamedTuple):
    base: str
    method: str
    what: str  # the factors that all rows of the table share
    figures: tuple[str, ...]


def rows(run: str) -> list[Row]:
    part = LETTER.split(f"Run {run}:")[1].split("Run ")[0].split("To reproduce")[0]
    found, title = [], ("", "", "")
    for line in part.splitlines():
        if match := TITLE.match(line):
            title = match[1], match[2], match[3]
        elif match := ROW.fullmatch(line):
            found.append(Row(*title, match.groups(default="")))
    return found


@pytest.mark.parametrize("run", CELLS)
def test_every_row_is_that_of_the_samples(run: str) -> None:
    pauses, seen = stored_pauses(REFERENCE / run), set()
    for row in rows(run):
        mem, varies, old, new, ratio, low, high, n = row.figures
        named = {varies, *re.findall(r"[\w-]+", row.what)}
        (key,) = (k for k in pauses if {k[0], k[1]} <= named and k[2] == size_of(mem))
        base, other = pauses[key][row.base], pauses[key][row.method]
        assert agrees(old, median(base) / MILLION) and agrees(new, median(other) / MILLION)
        assert agrees(ratio, median(base) / median(other))
        ends = interval_of(base, other)
        assert agrees(low, ends[0]) and agrees(high, ends[1])
        assert int(n) == len(base) == len(other) == 6
        seen.add((key, row.method))
    assert len(seen) == len(rows(run)) == CELLS[run]


def test_what_was_not_measured_is_on_the_line_of_what_was() -> None:
    """By scipy, through all reps of all sizes."""
    estimate = ESTIMATE.search(LETTER)
    assert estimate
    levels = []
    for method, shown in zip(("reset-owner", "new-owner"), estimate.groups(), strict=False):
        points = [
            (mem, pause)
            for (*_, mem), of in stored_pauses(REFERENCE / "scaling").items()
            for pause in of[method]
        ]
        x, y = np.array(points, dtype=float).T
        slope = theilslopes(y, x).slope
        levels.append(slope * (1 << 40) + float(np.median(y - slope * x)))
        assert agrees(shown, levels[-1] / MILLION)
    assert agrees(estimate[3], levels[0] / levels[1])
