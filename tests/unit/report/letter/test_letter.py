# SPDX-License-Identifier: GPL-2.0-only
"""The letter of a run in each style, and what it says where there is less to say.

BENCH_UPDATE_GOLDEN=1 writes the golden letters anew.
"""

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from bench.errors import CannotJudge, UsageError
from bench.model.cell import Clock, Pages, Ptes
from bench.model.method import Method
from bench.model.patch_series import PatchSeries
from bench.model.units import GIB
from bench.paths import ROOT
from bench.report.formats import LetterStyle
from bench.report.letter import cover_letter
from bench.results.writer import Run, load
from tests.unit.letter_runs import check_mailable, large_run, letter_of
from tests.unit.runs import (
    CELL,
    FACTS,
    FAILED,
    NEW,
    RESET,
    counts,
    facts,
    measured,
    noisy,
    run_of,
    sized,
    straight,
    without,
    write_run,
)

GOLDEN = ROOT / "tests" / "golden"
SERIES = PatchSeries(
    "0123456789" * 4,
    7,
    (
        " Documentation/a.png                              | Bin 0 -> 9 bytes",
        " .../deep/deep/deep/deep/mlx5_vnet.c              |   5 +-",
        " drivers/vhost/vdpa.c                             | 128 +++++++++++-",
        " include/uapi/linux/{v.h => vhost.h}              |   9 +",
        " 4 files changed, 132 insertions(+), 10 deletions(-)",
        " rename include/uapi/linux/{v.h => vhost.h} (90%)",
    ),
)
TIME = re.compile(r"\d\s?(?:ns|us|ms|s|seconds?)\b|\((?:ns|us|ms|s)\)|wall")
NEW_CELL = replace(CELL, method=Method.NEW_OWNER)
SIZES = (1, 2, 4, 16)


@pytest.mark.parametrize("style", LetterStyle)
def test_the_letter_is_the_golden_one(style: LetterStyle, tmp_path: Path) -> None:
    run = load(large_run(tmp_path / "run"))
    text = cover_letter([run], style=style, series=SERIES) + "\n"
    path = GOLDEN / f"letter-{style}.txt"
    if os.environ.get("BENCH_UPDATE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()
    check_mailable(text.rstrip("\n"))


def flat(text: str) -> str:
    """On one line, so that it does not matter where a sentence was broken."""
    return " ".join(text.split())


def of(*samples: Any, **fields: Any) -> str:
    text = cover_letter([replace(run_of(s for each in samples for s in each), **fields)])
    check_mailable(text)
    return text


@pytest.mark.parametrize("style", LetterStyle)
def test_a_count_is_never_a_time(style: LetterStyle, tmp_path: Path) -> None:
    text = letter_of(large_run(tmp_path / "run", clock=Clock.ICOUNT), style=style)
    body = text.replace("10 min: it would take 1.0 h", "")
    assert not TIME.search(body)
    assert "a count, not a time" in flat(text) and "insn" in text
    assert TIME.search(letter_of(large_run(tmp_path / "wall"), style=style))


def test_one_method_is_compared_with_nothing() -> None:
    text = of(straight([sized(NEW_CELL, gib) for gib in SIZES]))
    assert flat(text).startswith("Nothing is compared: only new-owner has a figure.")
    assert "ratio" not in text and "Worst" not in text and "x " not in text.split("Environ")[0]
    assert re.search(r"16 GiB\* +\S+ +- +3$", text, re.MULTILINE)


def test_the_control_alone_is_compared_with_nothing() -> None:
    text = of(straight([replace(CELL, method=Method.EXEC_ONLY)]))
    assert text.startswith("Nothing is compared: only exec-only has a figure.")


def test_an_extrapolated_cell_is_marked_and_has_no_n() -> None:
    cells = [sized(cell, gib) for cell in (CELL, NEW_CELL) for gib in SIZES]
    text = of(straight(cells), [without(sized(c, 64)) for c in (CELL, NEW_CELL)])
    (row,) = [line for line in text.splitlines() if line.startswith("64 GiB*")]
    assert re.fullmatch(r"64 GiB\* +~[\d.]+ +~[\d.]+ +~\d[\d.]*x +extrapolated +-", row)
    assert "~: extrapolated" in text and "extrapolated: sim-net-pa thp 64 GiB*" in text
    assert "of 4: " in text  # the worst of those that were measured
    for style, mark in ((LetterStyle.MMTESTS, "Extrap  64GiB"), (LetterStyle.LKP, "~")):
        other = cover_letter(
            [run_of([*straight(cells), *(without(sized(c, 64)) for c in (CELL, NEW_CELL))])],
            style=style,
        )
        assert mark in other and "extrapolated from the line" in flat(other)


@pytest.mark.parametrize("style", LetterStyle)
@pytest.mark.parametrize(
    ("status", "word"), [(FAILED, "failed"), ("skipped: no device (needs: one)", "skipped")]
)
def test_a_cell_without_a_figure_is_in_the_table(
    style: LetterStyle, status: str, word: str
) -> None:
    samples = straight([sized(c, gib) for c in (CELL, NEW_CELL) for gib in (1, 4)])
    run = run_of([*samples, *straight([sized(NEW_CELL, 2)]), without(sized(CELL, 2), status)])
    text = cover_letter([run], style=style)
    (row,) = [
        line
        for line in text.splitlines()
        if re.search(r"\b2 ?GiB.*", line) and word in line and "sim" not in line
    ]
    assert not re.search(r"\d[%x]", row)  # nothing is compared in it
    assert f"  {word}: sim-net-pa thp 2 GiB* (reset-owner): {status.split(': ')[1]}" in flat_list(
        text
    )


def flat_list(text: str) -> str:
    return re.sub(r"\n {4}", " ", text)


def test_a_cell_that_is_missing_is_said() -> None:
    gone = sized(NEW_CELL, 2)
    why = "not measured: the run was interrupted"
    text = of(
        straight([CELL, NEW_CELL]), missing={gone: why, replace(gone, method=CELL.method): why}
    )
    assert re.search(r"^2 GiB\* +missing +missing +- +- +-$", text, re.MULTILINE)
    assert f"missing: sim-net-pa thp 2 GiB* (new-owner, reset-owner): {why}" in flat(text)


def test_few_reps_have_no_interval() -> None:
    text = of(straight([CELL, NEW_CELL]))
    assert re.search(r"^1 GiB.* +1\.000x +- +3$", text, re.MULTILINE)
    assert "which takes 5 reps a side" in text and "no interval, n=3" in text
    many = of(
        measured(CELL, [9000, 9100, 9150, 9200, 9300]),
        measured(NEW_CELL, [300, 310, 320, 325, 330]),
    )
    assert "takes 5 reps" not in many and re.search(r"x +27\.3-31\.0 +5$", many, re.MULTILINE)


def test_damage_and_what_is_wrong_on_purpose_come_before_tables() -> None:
    broken = structs.replace(FACTS, scenario={"broken": "wrong-address"})
    text = of(straight([CELL, NEW_CELL]), facts=broken, damage=("samples.jsonl:3: not a sample",))
    table = text.index("Median pause")
    assert 0 < text.index("NO RESULT: --break wrong-address") < table
    assert 0 < text.index("DAMAGED") < text.index("samples.jsonl:3: not a sample") < table


@pytest.mark.parametrize("name", ["/dev/" + "vhost-vdpa-" * 18, "/dev/\u00fcber\u4e2d", "<script>"])
def test_names_of_devices_fit(name: str) -> None:
    cells = [replace(cell, device=name) for cell in (CELL, NEW_CELL)]
    text = of(straight([*cells, CELL, NEW_CELL]), [without(sized(cells[0], 4), f"failed: {name}")])
    shown = name.encode("ascii", "backslashreplace").decode().replace("\\xfc", "u")
    assert shown in re.sub(r"\n +", "", text)
    if name != "<script>":
        assert re.search(r"^  dev1 +/dev/", text, re.MULTILINE)
        assert re.search(r"^ *1 GiB\* +dev1 ", text, re.MULTILINE)


def test_what_does_not_fit_beside_figures_heads_a_group() -> None:
    devices, kinds = ("sim-net-pa-nobatch", "vp-vdpa"), (Pages.THP, Pages.FRAGMENTED)
    cells = [
        replace(cell, device=device, pages=pages, ptes=ptes)
        for cell in (CELL, NEW_CELL)
        for device in devices
        for pages in kinds
        for ptes in Ptes
    ]
    text = of(straight(cells))
    heads = re.findall(r"^(?:(\S+), )?(cold|warm) page tables:$", text, re.MULTILINE)
    assert [head[1] for head in heads].count("cold") == len(heads) / 2 > 0


def test_two_runs_have_a_part_each(tmp_path: Path) -> None:
    text = letter_of(large_run(tmp_path / "one"), write_run(tmp_path / "two"))
    assert text.startswith("Run one:") and "\n\nRun two:\n" in text
    assert text.count("Environment:") == 2 and text.count("Costs") == 1
    assert text.count("$ bench run") == 2


def test_runs_that_are_refused(tmp_path: Path) -> None:
    wall, count = (load(write_run(tmp_path / c, clock=c)) for c in Clock)
    for runs, base in (([wall, count], []), ([wall], [count])):
        with pytest.raises(UsageError, match="a time is not compared with a count"):
            cover_letter(runs, base)
    for runs, base in (([wall, wall], []), ([wall], [wall])):
        with pytest.raises(UsageError, match="named twice"):
            cover_letter(runs, base)
    empty = Run(Path("empty"), facts(), {})
    with pytest.raises(CannotJudge, match="no cell was measured"):
        cover_letter([empty])


def test_kernels_that_are_refused(tmp_path: Path) -> None:
    run = load(write_run(tmp_path / "run"))
    other = load(write_run(tmp_path / "other", machine={"cpu": "Another CPU"}))
    with pytest.raises(CannotJudge, match=r"cannot be compared: cpu: Another CPU"):
        cover_letter([run], [other])
    with pytest.raises(CannotJudge, match="is damaged"):
        cover_letter([replace(run, damage=("a line",))], [load(write_run(tmp_path / "base"))])
    alone = load(write_run(tmp_path / "alone", {RESET: {1: [5]}}))
    with pytest.raises(UsageError, match="no cell was measured in both"):
        cover_letter([load(write_run(tmp_path / "rest", {NEW: {1: [5]}}))], [alone])


@pytest.mark.parametrize("style", LetterStyle)
def test_two_kernels_method_by_method(style: LetterStyle, tmp_path: Path) -> None:
    stock = {"kernel": "6.12+stock", "kernel_digest": "ba9876543210"}
    base = load(write_run(tmp_path / "base", noisy(1), executor=stock))
    new = load(
        write_run(tmp_path / "new", noisy(2, 0.9), without={replace(NEW, mem=4 * GIB): FAILED})
    )
    text = cover_letter([new], [base], style)
    check_mailable(text)
    assert re.match(r"The pause of new-owner with base is 1\.1\d\dx that with new, in wall", text)
    assert "  base       6.12+stock (build ba9876543210), 5 boots" in text
    assert "kernel: 6.12+stock in BASE, 6.12+live-update in NEW" in text
    assert "missing" in text and "failed: sim-net-pa thp 4 GiB (new-owner with new)" in flat(text)


def test_a_letter_of_two_kernels_says_which_phase(tmp_path: Path) -> None:
    base = load(write_run(tmp_path / "base", counts(), Clock.ICOUNT))
    slower = counts(scales={RESET: 1.1, NEW: 1.0})
    text = cover_letter([load(write_run(tmp_path / "new", slower, Clock.ICOUNT))], [base])
    check_mailable(text)
    part = flat(text).partition("Where the difference comes from, in instructions")[2]
    assert "Where" not in part  # nothing of new-owner differs
    said = re.search(r"sim-net-pa thp 1 GiB: (\w+) ([\d.]+) (.) to ([\d.]+) (.) \((\d+) %\)", part)
    assert said
    phase, before, unit, after, other, share = said.groups()
    assert phase in RESET.method.experiment.phases and unit == other
    steps = {"k": 1e3, "M": 1e6}[unit] * (float(after) - float(before))
    assert int(share) == pytest.approx(100 * steps / 520_000, abs=1)


def test_one_boot_of_a_kernel_is_said_to_be_one(tmp_path: Path) -> None:
    base, new = (load(write_run(tmp_path / n, noisy(1, boots=1))) for n in ("base", "new"))
    text = flat(cover_letter([new], [base]))
    assert "One boot cannot tell kernels from boots: there is no interval" in text
    assert "-: one boot a side: no interval between kernels" in text
    assert re.search(r"1 GiB +[\d.]+ +[\d.]+ +1\.000x +- +10", text) and "reps a side" not in text
    marked = flat(cover_letter([new], [base], LetterStyle.MMTESTS))
    assert "never marked here: one boot a side" in marked and "%*" in marked


def test_counts_of_one_boot_have_an_interval_that_is_said_to_be_of_reps(tmp_path: Path) -> None:
    """Boots of one number are alike where instructions are counted."""
    runs = [load(write_run(tmp_path / n, counts(), Clock.ICOUNT)) for n in ("base", "new")]
    text = flat(cover_letter(runs[1:], runs[:1]))
    assert "from boots: intervals hold the noise of reps only" in text
    assert re.search(r"1 GiB .* 1\.000x +[01]\.\d+-1\.\d+ +5 ", text)


def test_the_statistics_of_a_series() -> None:
    text = cover_letter([run_of(straight([CELL, NEW_CELL]))], series=SERIES)
    check_mailable(text)
    assert "\n7 patches:\n Documentation/a.png  " in text
    assert f"\nbase-commit: {SERIES.base}\n" in text
    assert "\n 4 files changed, 132 insertions(+), 10 deletions(-)\n" in text
    assert "\n rename include/uapi/linux/{v.h => vhost.h} (90%)\n" in text
