# SPDX-License-Identifier: GPL-2.0-only
"""Runs to write letters of, on disk; and what plain Python makes of their lines."""

import json
import math
import random
import re
from pathlib import Path
from typing import Any

from bench.model.cell import Backing, Cell, Clock, Pages
from bench.model.method import Method
from bench.model.units import GIB, KIB, MIB
from bench.report.formats import LetterStyle
from bench.report.letter import cover_letter
from bench.results.writer import load
from tests.unit.runs import FAILED, SKIPPED, Values, write_run

METHODS = (Method.RESET_OWNER, Method.NEW_OWNER, Method.EXEC_ONLY)
SIZES = (256 * MIB, GIB, 4 * GIB, 16 * GIB)
COMMAND = (
    "bench run live-update --device sim-net-pa,sim-net-va --pages thp,hugetlb-2m"
    " --mem 256M:64G --method reset-owner,new-owner,exec-only --out /srv/letter"
)
# What begins a line and is no text to git, to a mailbox or to a mail program.
FORBIDDEN = re.compile(r"From |>+From|diff |Index: |@@|---\s|---$|-- ?$|#|\.$|Subject:|From:|Date:")


def check_mailable(text: str) -> None:
    """ASCII, 75 columns, and no line that anybody takes for something else."""
    assert text and "\n\n\n" not in text
    for line in text.split("\n"):
        assert len(line) <= 75, line
        assert line.isascii() and (line.isprintable() or not line), line
        assert line == line.rstrip() and not FORBIDDEN.match(line), line


def cell_of(device: str, pages: Pages, mem: int, method: Method) -> Cell:
    backing, file = (Backing.ALIAS, 4 * GIB) if mem > 4 * GIB else (Backing.REAL, mem)
    return Cell(device, method, mem, pages, backing, file)


def pause_of(cell: Cell) -> float:
    """In ns: a handover that grows with memory, and what the method adds to it."""
    handed_over = 800_000 + 3 * cell.mem / (4 * KIB)
    pinned = 16 if cell.device == "sim-net-pa" else 0.01
    added = {Method.RESET_OWNER: pinned * cell.mem / (4 * KIB), Method.NEW_OWNER: 20_000}
    return handed_over + added.get(cell.method, 0)


def values(reps: int, pages: tuple[Pages, ...] = (Pages.THP, Pages.HUGETLB_2M)) -> Values:
    rng = random.Random(1)
    cells = [
        cell_of(device, kind, mem, method)
        for device in ("sim-net-pa", "sim-net-va")
        for kind in pages
        for mem in SIZES
        for method in METHODS
    ]
    return {c: {1: [round(pause_of(c) * rng.gauss(1, 0.02)) for _ in range(reps)]} for c in cells}


def large_run(path: Path, reps: int = 6, clock: Clock = Clock.WALL, **changed: Any) -> Path:
    """Two devices; 64 GiB of thp was left out by a budget, and of hugetlb-2m it failed."""
    sizes = {Pages.THP: SKIPPED, Pages.HUGETLB_2M: FAILED}
    without = {
        cell_of("sim-net-pa", pages, 64 * GIB, method): why
        for pages, why in sizes.items()
        for method in METHODS
    }
    return write_run(
        path, values(reps), clock, without, **{"command": COMMAND, "seed": 1, **changed}
    )


def letter_of(*paths: Path, style: LetterStyle = LetterStyle.PLAIN) -> str:
    return cover_letter([load(path) for path in paths], style=style)


Pauses = dict[tuple[str, str, int], dict[str, list[int]]]


def stored_pauses(path: Path) -> Pauses:
    """Those that count, by device, pages and mem, and by method: json, and nothing of ours."""
    found: Pauses = {}
    for text in (path / "samples.jsonl").read_text().splitlines():
        row = json.loads(text)
        if row["status"] == "ok":
            key = row["device"], row["pages"], row["mem"]
            found.setdefault(key, {}).setdefault(row["method"], []).append(row["pause"])
    return found


def interval_of(base: list[int], new: list[int]) -> tuple[float, float]:
    """Of base / new, at 95 %: what the intervals of both medians allow."""
    (low, high), (least, most) = map(_of_median, (base, new))
    return low / most, high / least


def _of_median(values: list[int]) -> tuple[int, int]:
    """The values that lie outside by the toss of a coin a value: of five and six, none."""
    n, cut = len(values), 1
    while sum(math.comb(n, below) for below in range(cut + 1)) <= 0.025 * 2**n:
        cut += 1
    return sorted(values)[cut - 1], sorted(values)[-cut]


def size_of(text: str) -> int:
    """Bytes of ``64 GiB`` or ``64GiB``."""
    number, unit = re.fullmatch(r"(\d+) ?([MG]iB)\*?", text).groups()  # type: ignore[union-attr]
    return int(number) * {"MiB": 1 << 20, "GiB": 1 << 30}[unit]


def agrees(text: str, value: float) -> bool:
    """The text is the value, to all of its digits."""
    decimals = len(text.partition(".")[2])
    return abs(float(text) - value) <= 0.5001 * math.pow(10, -decimals)
