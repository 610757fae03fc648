# SPDX-License-Identifier: GPL-2.0-only
"""`bench report --seconds` and `bench calibrate`: estimates that are marked, and refusals."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.model.cell import Backing, Cell, Clock, Pages, Ptes
from bench.model.facts import MachineFacts
from bench.model.method import Method
from bench.model.units import GIB
from bench.report.export.exports import FORMATS
from tests.unit.calibrations import DIGEST, written
from tests.unit.command import Bench
from tests.unit.runs import write_run

TRIED = GIB // 4
SMALL = Cell("sim-net-pa", Method.RESET_OWNER, TRIED, Pages.SMALL, Backing.REAL, TRIED)
CELLS = (
    SMALL,
    replace(SMALL, method=Method.NEW_OWNER),
    replace(SMALL, ptes=Ptes.WARM),
    replace(SMALL, pages=Pages.THP),
    replace(SMALL, device="vp-vdpa"),
    replace(SMALL, devices_of_vm=2),
)
PAUSE = 1_000_000_000  # of which release is 40 % and map 15 %


def counted(path: Path, digest: str = DIGEST, clock: Clock = Clock.ICOUNT) -> Path:
    return stored(path, CELLS, digest, clock)


def stored(path: Path, cells: Iterable[Cell], digest: str, clock: Clock) -> Path:
    kernel = {"kernel": "7.3.4+live-update", "kernel_digest": digest}
    values = {cell: {1: [PAUSE] * 7} for cell in cells}
    return write_run(path, values, clock, executor=kernel)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return counted(tmp_path / "run")


def test_estimates_are_marked_and_of_what_was_calibrated(
    run: Path, bench: Bench, tmp_path: Path
) -> None:
    plain = bench("report", run)
    ended = bench("report", run, "--seconds", written(tmp_path / "c.json"))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(plain.out.rstrip("\n"))  # nothing of what was measured changes
    own = ended.out.removeprefix(plain.out.rstrip("\n"))
    assert "Estimated, not measured: seconds on A CPU" in own
    assert "they make no pause" in own and "7.3.4-uml+live-update" in own
    rows = [line for line in own.splitlines() if "about" in line]
    assert len(rows) == 2 and all("reset-owner" in row and " 4k" in row for row in rows)
    # 400 M instructions at 0.25 ns, 150 M at 0.1 ns.
    assert all("about 100.0 ms [" in row and "about 15.00 ms [" in row for row in rows)
    assert all("about 115.0 ms [" in row for row in rows)


def test_what_was_foretold_far_off_is_left_out(run: Path, bench: Bench, tmp_path: Path) -> None:
    ended = bench("report", run, "--seconds", written(tmp_path / "c.json", last=0.5))
    assert "no estimate of map with cold page tables: 256 MiB was foretold +100% off" in ended.out
    (cold, warm) = [line for line in ended.out.splitlines() if "about" in line]
    assert cold.count("about") == 1 and warm.count("about") == 3


def test_a_run_without_such_a_cell_says_so(bench: Bench, tmp_path: Path) -> None:
    run = stored(tmp_path / "run", [replace(SMALL, pages=Pages.THP)], DIGEST, Clock.ICOUNT)
    ended = bench("report", run, "--seconds", written(tmp_path / "c.json"))
    assert ended.code == 0
    assert "no cell of this run is reset-owner on sim-net-pa with 4k pages" in ended.out


def test_sizes_above_those_that_were_tried_have_no_estimate(bench: Bench, tmp_path: Path) -> None:
    path = written(tmp_path / "c.json")
    said = "no estimate above 256 MiB, the largest that was tried"
    large = replace(SMALL, mem=GIB, file=GIB)
    runs = [stored(tmp_path / str(c.mem), [c], DIGEST, Clock.ICOUNT) for c in (SMALL, large)]
    outs = [bench("report", run, "--seconds", path).out for run in runs]
    assert [said in out for out in outs] == [False, True]
    assert ["about" in out for out in outs] == [True, False]


def test_another_host_is_named(run: Path, bench: Bench, tmp_path: Path) -> None:
    host = MachineFacts(cpu="Another CPU", untrustworthy=("the host is busy",))
    ended = bench("report", run, "--seconds", written(tmp_path / "c.json", host=host))
    assert "seconds on Another CPU" in ended.out
    assert "this run was counted on another host: A CPU" in ended.out
    assert "warning: when it was calibrated, the host is busy" in ended.out


@pytest.mark.parametrize(
    ("digest", "clock", "said"),
    [
        ("f" * 12, Clock.ICOUNT, "the calibration is of 7.3.4+live-update"),
        (DIGEST, Clock.WALL, "is by the wall clock"),
    ],
)
def test_a_calibration_that_is_not_of_this_run(
    digest: str, clock: Clock, said: str, bench: Bench, tmp_path: Path
) -> None:
    run = counted(tmp_path / "run", digest, clock)
    ended = bench("report", run, "--seconds", written(tmp_path / "c.json"))
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.complaints[0] and len(ended.complaints) == 2


@pytest.mark.parametrize("kind", [*FORMATS, "cover-letter", "page", "baseline"])
def test_no_other_format_has_estimates(kind: str, run: Path, bench: Bench, tmp_path: Path) -> None:
    path = written(tmp_path / "c.json")
    ended = bench("report", run, "--seconds", path, "--format", kind, "--out", tmp_path / "x")
    assert ended.code == 2 and "no estimate goes into" in ended.err
    assert not (tmp_path / "x").exists()


def test_a_file_that_is_none(run: Path, bench: Bench, tmp_path: Path) -> None:
    ended = bench("report", run, "--seconds", run / "run.json")
    assert ended.code == 2 and "it is no calibration" in ended.err


def test_nothing_is_gated_on_a_calibration(run: Path, bench: Bench, tmp_path: Path) -> None:
    path = written(tmp_path / "c.json")
    for sides in ((path, run), (run, path), (path, path)):
        ended = bench("gate", *sides)
        assert ended.code in (2, 125) and len(ended.complaints) <= 2, ended.err
    assert bench("gate", run, run, "--seconds", path).code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--mem", "1G"], "--mem: 1G: it takes 2 sizes, and a larger one to foretell"),
        (["--mem", "1G,2G"], "--mem: 1G,2G: it takes 2 sizes"),
        (["--mem", "x"], "--mem: 'x' is not a size"),
        (["--kernel", "6.12"], "--kernel: live-update cannot be calibrated"),
        (["--kernel", "7.3-uml"], "--kernel: 7.3-uml+live-update cannot be calibrated"),
        (["--kernel", "nothing"], "--kernel: there is no series of patches 'nothing'"),
        (["--boots", "2"], "--boots: 2: an interval takes 6 boots"),
        (["--boots", "0"], "--boots: 0"),
    ],
)
def test_what_cannot_be_calibrated(
    words: list[str], said: str, bench: Bench, tmp_path: Path
) -> None:
    ended = bench("calibrate", "--out", tmp_path / "c.json", *words)
    assert ended.code == 2 and said in ended.complaints[0], ended.err
    assert not (tmp_path / "c.json").exists()


def test_a_calibration_is_not_overwritten(bench: Bench, tmp_path: Path) -> None:
    path = written(tmp_path / "c.json")
    before = path.read_bytes()
    ended = bench("calibrate", "--out", path)
    assert ended.code == 2 and "exists" in ended.err
    assert path.read_bytes() == before
