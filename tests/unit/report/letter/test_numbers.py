# SPDX-License-Identifier: GPL-2.0-only
"""Every figure of a letter, found again in the stored lines by plain Python."""

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from statistics import median, stdev

import pytest

from bench.model.cell import Clock
from bench.model.method import Method
from bench.model.units import GIB
from bench.report.formats import LetterStyle
from bench.report.letter import cover_letter
from bench.results.writer import load
from tests.unit.letter_runs import (
    Pauses,
    agrees,
    interval_of,
    large_run,
    letter_of,
    size_of,
    stored_pauses,
)
from tests.unit.runs import NEW, RESET, noisy, write_run

TICKS = {"us": 1e3, "ms": 1e6, "k insn": 1e3, "M insn": 1e6}
ROW = re.compile(
    r" *(\d+ [MG]iB)\*? +(thp|hugetlb-2m) +([\d.]+) +([\d.]+) +([\d.]+)x +([\d.]+)-([\d.]+) +(\d+)"
)
PAIR = ("reset-owner", "new-owner")


@pytest.fixture(scope="module", params=[*Clock])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return large_run(tmp_path_factory.mktemp("numbers") / "run", clock=request.param)


def gains(pauses: Pauses) -> dict[tuple[str, str, int], float]:
    return {at: median(of[PAIR[0]]) / median(of[PAIR[1]]) for at, of in pauses.items()}


def test_the_plain_table(run: Path) -> None:
    pauses, seen, device = stored_pauses(run), set(), ""
    text = letter_of(run)
    (unit,) = set(re.findall(r"\((\w+|\w insn)\)", text.split("pages  ")[1].split("sim-net")[0]))
    for line in text.splitlines():
        device = line.rstrip(":") if re.fullmatch(r"sim-net-..:", line) else device
        if match := ROW.fullmatch(line):
            mem, pages, old, new, ratio, low, high, n = match.groups()
            key = device, pages, size_of(mem)
            base, other = (pauses[key][method] for method in PAIR)
            seen.add(key)
            assert agrees(old, median(base) / TICKS[unit])
            assert agrees(new, median(other) / TICKS[unit])
            assert agrees(ratio, median(base) / median(other))
            ends = interval_of(base, other)
            assert agrees(low, ends[0]) and agrees(high, ends[1])
            assert int(n) == len(base) == len(other)
    assert seen == pauses.keys()


def test_the_verdict_and_the_worst_cell(run: Path) -> None:
    pauses, text = stored_pauses(run), " ".join(letter_of(run).split())
    ratios = gains(pauses)
    worst = min(ratios, key=lambda key: ratios[key])
    for device in ("sim-net-pa", "sim-net-va"):
        mine = [ratio for (name, _, _), ratio in ratios.items() if name == device]
        low, high = re.findall(rf"n {device} [^,]*?([\d.]+)x to ([\d.]+)x", text)[0]
        assert agrees(low, min(mine)) and agrees(high, max(mine))
    found = re.search(r"Worst cell, of (\d+): (\S+) (\S+) (\d+ .iB)\*?, ([\d.]+)x \(95% CI", text)
    assert found and int(found[1]) == len(ratios)
    assert (found[2], found[3], size_of(found[4])) == worst
    assert agrees(found[5], ratios[worst])


def test_what_gains_little_is_said(run: Path) -> None:
    pauses, text = stored_pauses(run), " ".join(letter_of(run).split())
    kinds: dict[str, set[tuple[str, str, int]]] = {}
    for key, ratio in gains(pauses).items():
        low, high = interval_of(*(pauses[key][method] for method in PAIR))
        kind = "Slower" if ratio < 1 else "Gain below 1.1x" if ratio < 1.1 else ""
        kind = "No difference shown" if low <= 1 <= high else kind
        kinds.setdefault(kind, set()).add(key)
    assert len(kinds) >= 2 and "No difference shown" in kinds
    for kind in ("Slower", "No difference shown", "Gain below 1.1x"):
        found = re.search(rf"{kind} in (\d+) of (\d+) cells: (.*?)\.(?= [A-Z])", text)
        assert bool(found) is (kind in kinds)
        if found:
            cells = re.findall(r"(\S+) (\S+) (\d+ .iB)\*? \(([\d.]+)x\)", found[3])
            assert {(d, p, size_of(m)) for d, p, m, _ in cells} <= kinds[kind]
            assert int(found[1]) == len(kinds[kind])


def test_the_share_of_the_control(run: Path) -> None:
    pauses, text = stored_pauses(run), " ".join(letter_of(run).split())
    for method in PAIR:
        shares = [median(of["exec-only"]) / median(of[method]) for of in pauses.values()]
        found = re.search(rf"([\d.]+) % to ([\d.]+) % of {method}", text)
        assert found and agrees(found[1], 100 * min(shares)) and agrees(found[2], 100 * max(shares))


def in_groups(text: str, row: re.Pattern[str]) -> list[tuple[tuple[str, str], re.Match[str]]]:
    """Rows below ``thp pages, sim-net-pa:``."""
    found, group = [], ("", "")
    for line in text.splitlines():
        if head := re.fullmatch(r"(\S+) pages, (\S+):", line):
            group = head[2], head[1]
        if match := row.fullmatch(line):
            found.append((group, match))
    return found


def test_mmtests(run: Path) -> None:
    pauses, text = stored_pauses(run), letter_of(run, style=LetterStyle.MMTESTS)
    row = re.compile(
        r"Median +(\d+[MG]iB)(?:-alias)? +([\d.]+) \( +0.00%\) +([\d.]+) ([(*]) *(\S+)%[)*]"
    )
    unit = TICKS[re.findall(r"\nin ([^;\n]+);", text)[0]]
    found = in_groups(text, row)
    assert len(found) == len(pauses)
    for (device, pages), (mem, old, new, mark, percent) in ((g, m.groups()) for g, m in found):
        base, other = (pauses[device, pages, size_of(mem)][method] for method in PAIR)
        assert agrees(old, median(base) / unit) and agrees(new, median(other) / unit)
        assert agrees(percent, 100 * (1 - median(other) / median(base)))
        apart = max(other) < min(base) or max(base) < min(other)  # of six, all are the interval
        assert (mark == "*") is apart


def test_lkp(run: Path) -> None:
    pauses, text = stored_pauses(run), letter_of(run, style=LetterStyle.LKP)
    value = r" *([\d.]+) ((?:\+- *\d+%)?) *"
    metric = r"pause\.median\.(\d+[MG]iB)(?:-alias)?"
    unit = TICKS[re.findall(r"\nin ([^;\n]+);", text)[0]]
    found = in_groups(text, re.compile(rf"{value}([-+][\d.]+)%{value}{metric}"))
    assert len(found) == len(pauses)
    for (device, pages), (*texts, mem) in ((group, match.groups()) for group, match in found):
        base, other = (pauses[device, pages, size_of(mem)][method] for method in PAIR)
        assert agrees(texts[0], median(base) / unit) and agrees(texts[3], median(other) / unit)
        assert agrees(texts[2], 100 * (median(other) / median(base) - 1))
        for shown, reps in ((texts[1], base), (texts[4], other)):
            spread = stdev(reps) / (sum(reps) / len(reps))
            assert (shown != "") is (spread > 0.02)
            assert not shown or agrees(shown.strip("+-% "), 100 * spread)


def test_two_kernels(tmp_path: Path) -> None:
    """Over the medians of boots: the pauses and the interval are theirs, n counts reps."""
    runs = {}
    for name, scale in (("base", 1.0), ("new", 0.9)):
        runs[name] = write_run(tmp_path / name, noisy(len(name), scale, boots=6, reps=5))
    text = cover_letter([load(runs["new"])], [load(runs["base"])])
    for cell, part in zip((NEW, RESET), text.split("Median pause of ")[1:], strict=True):
        assert part.startswith(cell.method.value)
        by_boot = [
            noisy(len(name), s, boots=6, reps=5)[cell] for name, s in (("base", 1.0), ("new", 0.9))
        ]
        row = re.search(r"1 GiB +([\d.]+) +([\d.]+) +([\d.]+)x +([\d.]+)-([\d.]+) +(\d+)\n", part)
        assert row
        medians = [[int(median(reps)) for reps in side.values()] for side in by_boot]
        old, new = medians
        assert agrees(row[1], median(old) / 1e6) and agrees(row[2], median(new) / 1e6)
        assert agrees(row[3], median(old) / median(new))
        ends = interval_of(*medians)
        assert agrees(row[4], ends[0]) and agrees(row[5], ends[1]) and row[6] == "30"


def test_pin_loops(tmp_path: Path) -> None:
    """Both halves of a loop, by cell; the interval of six reps is their range."""
    cells = [replace(RESET, device="none", method=method, mem=mem) for method, mem in LOOPS]
    pauses = {cell: {1: [10**9 + 10**7 * rep for rep in range(6)]} for cell in cells}
    path = write_run(tmp_path / "run", pauses)
    text, rows = letter_of(path), stored_phases(path)
    assert "ratio" not in text and text.startswith("Pinning 1 GiB takes")
    ends = r" +([\d.]+) +([\d.]+)-([\d.]+)"
    found = re.findall(rf"^ *(\d+ GiB) +(\S+){ends}{ends} +(\d+)$", text, re.MULTILINE)
    assert len(found) == len(rows) == len(LOOPS)
    for mem, method, *shown, n in found:
        for phase, (mid, low, high) in (("pin", shown[:3]), ("unpin", shown[3:])):
            ticks = [row[phase] / 1e6 for row in rows[method, size_of(mem)]]
            assert agrees(mid, median(ticks)) and int(n) == len(ticks)
            assert agrees(low, min(ticks)) and agrees(high, max(ticks))


LOOPS = [(method, mem * GIB) for method in (Method.IO_URING, Method.MLOCK) for mem in (1, 4)]


def stored_phases(path: Path) -> dict[tuple[str, int], list[dict[str, int]]]:
    found: dict[tuple[str, int], list[dict[str, int]]] = {}
    for row in map(json.loads, (path / "samples.jsonl").read_text().splitlines()):
        if row["status"] == "ok":
            found.setdefault((row["method"], row["mem"]), []).append(row["phases"])
    return found


@pytest.mark.long
def test_a_large_run_takes_seconds(tmp_path: Path) -> None:
    """10,000 reps in all."""
    run = load(large_run(tmp_path / "run", reps=200))
    began = time.process_time()
    assert "200\n" in cover_letter([run])
    assert time.process_time() - began < 5
