# SPDX-License-Identifier: GPL-2.0-only
"""A letter of several kernels: the best baseline first, then each of them."""

from pathlib import Path

from bench.model.cell import Cell, Clock
from bench.report.letter.ascii import MAIL_WIDTH
from bench.report.letter.letter import cover_letter
from bench.results.writer import Run, load
from tests.unit.runs import NEW, RESET, write_run

FIRST = "6.12.117+deb12-amd64+live-update"
BETTER = f"{FIRST}+range-unpin"
BEST = f"{BETTER}+file-pin"


def measured(tmp_path: Path, kernel: str, reset: int, new: int = 100) -> Run:
    values: dict[Cell, dict[int, list[int]]] = {RESET: {1: [reset] * 6}, NEW: {1: [new] * 6}}
    at = tmp_path / str(len([*tmp_path.iterdir()]))
    return load(write_run(at, values, clock=Clock.ICOUNT, executor={"kernel": kernel}))


def test_a_letter_of_several_kernels_begins_with_the_best_baseline(tmp_path: Path) -> None:
    runs = [
        measured(tmp_path, kernel, reset)
        for kernel, reset in ((FIRST, 9000), (BETTER, 3000), (BEST, 300))
    ]
    letter = cover_letter(runs)
    said, _, table = letter.partition("\n\n")
    assert " ".join(said.split()) == (
        "New-owner saves 200 instructions of reset-owner's pause at its best, with "
        "+range-unpin+file-pin (3.00x), at sim-net-pa thp 1 GiB. Instructions are "
        "counted as the guest executes them: no figure is a time."
    )
    rows = [line.split()[2:] for line in table.split("Run 0:")[0].splitlines()]
    assert [row for row in rows if row and row[-1].endswith("x")] == [
        ["live-update", "9000.0", "8900.0", "90.0x"],
        ["+range-unpin", "3000.0", "2900.0", "30.0x"],
        ["+file-pin", "300.0", "200.0", "3.00x"],
    ]
    assert max(map(len, letter.splitlines())) <= MAIL_WIDTH
    plain = " ".join(letter.split())
    assert f"live-update: {FIRST}; +: one series more than the kernel before" in plain
    assert "file-pin: and pins memory of files by folios" in plain
    assert "None of these series has been posted." in plain


def test_kernels_of_which_none_is_on_top_of_another_keep_their_names(tmp_path: Path) -> None:
    runs = [measured(tmp_path, FIRST, 9000), measured(tmp_path, "7.3.4+live-update", 8000)]
    letter = cover_letter(runs)
    assert f"{FIRST}  " in letter
    assert "7.3.4+live-update  " in letter


def test_a_letter_of_one_kernel_has_no_ladder(tmp_path: Path) -> None:
    assert "under each kernel" not in cover_letter([measured(tmp_path, FIRST, 9000)])


def test_what_a_baseline_does_already_is_not_asked_for(tmp_path: Path) -> None:
    """A report of a kernel that unpins by range does not say that it unpins page by page."""
    for kernel, said in ((FIRST, "unpins page by page"), (BETTER, "unpins by range here")):
        assert said in " ".join(cover_letter([measured(tmp_path, kernel, 9000)]).split())
    best = cover_letter([measured(tmp_path, BEST, 300)])
    assert "page by page" not in best


def test_intervals_say_what_they_cover(tmp_path: Path) -> None:
    letter = " ".join(cover_letter([measured(tmp_path, FIRST, 9000)]).split())
    assert "95% CI: over reps of one boot: how far boots differ is not in them" in letter
