# SPDX-License-Identifier: GPL-2.0-only
"""Verdicts of a gate as KTAP, with the exit code that kselftest knows for them."""

from bench.gate.judge import Judged, Judgement
from bench.model.visible import visible
from bench.report.export.ktap import FAIL, PASS, SKIP


def judgement_ktap(judgement: Judgement) -> tuple[str, int]:
    """Write a test a cell, and return the exit code that says the same.

    A regression is not ok; so is a cell that could not be judged but had to be, with KTAP's
    directive ERROR. One that is neither better nor worse for sure is skipped. The code is 1 if
    any is not ok, 4 if all are skipped, else 0.
    """
    words = [_word(cell, judgement) for cell in judgement.cells]
    rows = enumerate(zip(judgement.cells, words, strict=True), 1)
    lines = [_line(number, cell, *word) for number, (cell, word) in rows]
    text = "\n".join(["KTAP version 1", f"1..{len(lines)}", *lines])
    if any(word == "not ok" for word, _ in words):
        return text, FAIL
    return text, PASS if any(not directive for _, directive in words) else SKIP


def _word(cell: Judged, judgement: Judgement) -> tuple[str, str]:
    """Return how the line of a cell begins, and its directive."""
    if cell.regressed:
        return "not ok", ""
    undecided = cell.verdict == "inconclusive"
    if cell.verdict == "missing" or cell.blind or (undecided and judgement.limits.strict):
        return "not ok", "ERROR"
    return "ok", "SKIP" if undecided or judgement.no_result else ""


def _line(number: int, cell: Judged, word: str, directive: str) -> str:
    name, reason = (visible(text).replace("#", "_") for text in (cell.name, cell.reason))
    return f"{word} {number} {name} # {f'{directive} {reason}'.strip()}"
