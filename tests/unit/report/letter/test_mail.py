# SPDX-License-Identifier: GPL-2.0-only
"""A letter survives git's mail tools, whatever stands in a run."""

import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bench.model.cell import Backing, Batch, Cell, Clock, Handover, Pages, Ptes, Sample
from bench.model.method import Method
from bench.report.formats import LetterStyle
from bench.report.letter import cover_letter
from bench.report.letter.ascii import MAIL_WIDTH, ascii_line, command, mailable, wrapped
from bench.results.writer import Run, load
from tests.unit.letter_runs import check_mailable, large_run
from tests.unit.runs import CELL, facts, made_run, measured, straight, without

HEADER = "From: A <a@example.org>\nDate: Thu, 1 Jan 2026 00:00:00 +0000\nSubject: [PATCH 0/7] x\n\n"
SIGNED = "Signed-off-by: A <a@example.org>"
EVIL = (
    "From nobody Mon Sep 17 00:00:00 2001",
    ">From here",
    "diff --git a/x b/x",
    "Index: x",
    "@@ -1 +1 @@",
    "---",
    "--- a/x",
    "-- ",
    "# gone",
    "-------- >8 --------",
    "---- 8< ----",
    SIGNED,
    "Subject: another",
    "<script>alert(1)</script>",
    "a\nb\tc\rd\0e\x1b[31m",
    "\u00e9\u4e2d\U0001f9ea\udcff\u00ae\u2028",
)


def git(*words: str, cwd: Path, text: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=cwd, input=text.encode(), capture_output=True, check=True
    )
    return done.stdout.decode()


def check_round_trip(text: str, where: Path) -> None:
    """The body of a mail is the letter again, and none of it is a patch or a trailer."""
    for option in ("--no-scissors", "--scissors"):
        git("mailinfo", option, "message", "patch", cwd=where, text=f"{HEADER}{text}\n")
        assert (where / "message").read_text() == f"{text}\n"
        assert (where / "patch").read_text() == ""
    assert git("stripspace", "--strip-comments", cwd=where, text=f"{text}\n") == f"{text}\n"
    signed = git("interpret-trailers", "--trailer", SIGNED, cwd=where, text=f"x\n\n{text}\n")
    assert signed == f"x\n\n{text}\n\n{SIGNED}\n"
    assert git("interpret-trailers", "--parse", cwd=where, text=f"x\n\n{text}\n") == ""
    mailbox = f"From a@example.org Thu Jan  1 00:00:00 2026\n{HEADER}{text}\n"
    assert git("mailsplit", f"-o{where}", cwd=where, text=mailbox).strip() == "1"


@pytest.mark.parametrize("style", LetterStyle)
@pytest.mark.parametrize("clock", Clock)
def test_git_leaves_a_letter_as_it_is(style: LetterStyle, clock: Clock, tmp_path: Path) -> None:
    run = load(large_run(tmp_path / "run", clock=clock))
    check_round_trip(cover_letter([run], style=style), tmp_path)


@pytest.mark.parametrize("evil", EVIL)
def test_git_leaves_what_a_run_was_told(evil: str, tmp_path: Path) -> None:
    cells = [replace(c, device=evil) for c in (CELL, replace(CELL, method=Method.NEW_OWNER))]
    samples = [*straight(cells), without(replace(cells[0], mem=5), f"failed: {evil}")]
    changed = facts(machine={"cpu": evil}, executor={"kernel": evil}, command=evil)
    run = made_run(Path(evil.replace("\0", "")), changed, samples, damage=(evil,))
    other = replace(run, path=Path("other"))
    text = cover_letter([run, other])
    check_mailable(text)
    check_round_trip(text, tmp_path)


WORDS = st.one_of(st.text(max_size=200), st.sampled_from(EVIL))
CELLS = st.builds(
    Cell,
    device=st.one_of(st.sampled_from(["sim-net-pa", "none"]), WORDS),
    pages=st.sampled_from(Pages),
    mem=st.integers(1, 1 << 50),
    method=st.sampled_from(Method),
    backing=st.sampled_from([Backing.REAL, Backing.ALIAS]),
    file=st.integers(1, 1 << 50),
    ptes=st.sampled_from(Ptes),
    handover=st.sampled_from(Handover),
    regions=st.sampled_from(["1", "64", "qemu"]),
    batch=st.sampled_from(Batch),
    threads=st.integers(1, 4),
)
PAUSES = st.lists(st.integers(0, 10**13), min_size=1, max_size=8)


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """Some cells, each perhaps with other methods, measured or not."""
    clock, samples = draw(st.sampled_from(Clock)), list[Sample]()
    for cell in draw(st.lists(CELLS, min_size=1, max_size=4)):
        others = [m for m in Method if m.experiment is cell.method.experiment]
        for method in {cell.method, *draw(st.lists(st.sampled_from(others), max_size=3))}:
            one = replace(cell, method=method)
            if draw(st.booleans()) or not samples:
                samples += measured(one, draw(PAUSES))
            else:
                kind = draw(st.sampled_from(["failed", "skipped"]))
                samples.append(without(one, f"{kind}: {draw(WORDS)}"))
    changed = facts(
        clock,
        machine={"cpu": draw(WORDS)},
        executor={"kernel": draw(WORDS)},
        command=draw(WORDS),
    )
    stored = tuple(replace(sample, clock=clock) for sample in samples)
    missing = {cell: draw(WORDS) for cell in draw(st.lists(CELLS, max_size=1))}
    return made_run(Path("run"), changed, stored, (draw(WORDS),), missing)


@settings(deadline=None, max_examples=75, suppress_health_check=[HealthCheck.too_slow])
@given(run=runs(), style=st.sampled_from(LetterStyle))
def test_any_letter_is_ascii_of_75_columns(run: Run, style: LetterStyle) -> None:
    check_mailable(cover_letter([run], style=style))


@given(lines=st.lists(WORDS))
@example(lines=["x" * 75 + "From y", "8<" * 40, "a" * 75 + "#"])
def test_any_lines_are_made_mailable(lines: list[str]) -> None:
    text = mailable(part for line in lines for part in wrapped(line))
    if text:
        check_mailable(text)


@given(text=st.text())
def test_what_is_plain_stays_plain(text: str) -> None:
    once = ascii_line(text)
    assert once.isascii() and once.isprintable() and ascii_line(once) == once


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Intel\u00ae Xeon\u2122 \u2013 3 \u00b5s", "Intel(R) Xeon(TM) - 3 us"),
        ("caf\u00e9 \u4e2d", "cafe \\u4e2d"),
        ("a\x07\n b", "a\\x07 b"),
    ],
)
def test_transliteration(text: str, shown: str) -> None:
    assert ascii_line(text) == shown


ARGUMENT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=90)


@settings(deadline=None, max_examples=60)
@given(arguments=st.lists(st.one_of(ARGUMENT, st.sampled_from(EVIL[:12])), max_size=5))
@example(arguments=["/dev/" + "x" * 200, "'" * 100, "\U0001f9ea" * 30, "a b" * 60])
def test_a_shell_reads_the_command_again(arguments: list[str]) -> None:
    """bash itself, of the lines as they are pasted, gives the words that were typed."""
    lines = command(shlex.join(["printf", "%s\\0", *arguments]))
    assert all(len(line) <= MAIL_WIDTH and line.isascii() for line in lines)
    script = "\n".join(lines).replace("  $ ", "", 1)
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == (arguments or [""])


def test_a_command_that_no_shell_takes_is_shown_as_it_is() -> None:
    assert command("bench run 'open") == ["  bench run 'open"]
