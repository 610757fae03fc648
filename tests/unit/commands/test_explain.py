# SPDX-License-Identifier: GPL-2.0-only
"""`bench gate` and `bench compare` with profiles: what grew is named, and never decides."""

import json
from pathlib import Path

import pytest

from bench.commands.explain import profile_cells
from bench.errors import CannotJudge
from bench.model.cell import Clock
from bench.profile import DIRECTORY
from tests.unit.command import Bench
from tests.unit.profiled import profiled_run
from tests.unit.runs import RESET, counts, write_run

GREW = "release +6.1 %: put_page_testzero() +9 a page"


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    """The second one does nine instructions more a page."""
    return profiled_run(tmp_path / "base"), profiled_run(tmp_path / "new", more=9)


def without_profiles(run: Path) -> Path:
    for path in (run / DIRECTORY).iterdir():
        path.unlink()
    (run / DIRECTORY).rmdir()
    return run


def test_a_regression_names_what_grew(bench: Bench, sides: tuple[Path, Path]) -> None:
    """Without --explain: both sides have profiles."""
    ended = bench("gate", *sides)
    assert ended.code == 1 and GREW in ended.out and "not explained" not in ended.out
    compared = bench("compare", *sides)
    assert compared.code == 0 and GREW in compared.out
    back = bench("compare", *reversed(sides))
    assert "release -5.7 %: put_page_testzero() -9 a page" in back.out


def test_it_stands_where_the_gate_writes(
    bench: Bench, sides: tuple[Path, Path], tmp_path: Path
) -> None:
    names = {option: tmp_path / option for option in ("junit", "markdown", "json")}
    words = [word for option, path in names.items() for word in (f"--{option}", path)]
    ended = bench("gate", *sides, *words, "--annotations")
    (line,) = [line for line in ended.out.splitlines() if line.startswith("::")]
    assert line.endswith(GREW.replace("%", "%25"))
    assert GREW in names["junit"].read_text()
    assert GREW in names["markdown"].read_text().replace("\\", "")
    cells = json.loads(names["json"].read_text())["cells"]
    (found,) = [cell["explanation"] for cell in cells if cell["explanation"]]
    (phase,) = found["phases"]
    assert found["text"] == GREW and phase["phase"] == "release"
    (function,) = phase["functions"]
    assert function["label"] == "put_page_testzero" and function["only"] == ""
    assert phase["new"] - phase["base"] == function["new"] - function["base"] > 0


def test_a_baseline_explains_too(bench: Bench, sides: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    assert bench("report", sides[0], "--format", "baseline", "--out", path).code == 0
    ended = bench("gate", path, sides[1])
    assert ended.code == 1 and GREW in ended.out


def test_without_profiles_nothing_is_said(bench: Bench, sides: tuple[Path, Path]) -> None:
    for run in sides:
        without_profiles(run)
    ended = bench("gate", *sides)
    assert ended.code == 1 and "explained" not in ended.out and "put_page" not in ended.out


def test_what_cannot_be_explained_is_a_line(
    bench: Bench, sides: tuple[Path, Path], tmp_path: Path
) -> None:
    """With --explain, and the exit code stays."""
    without_profiles(sides[0])
    ended = bench("gate", *sides, "--explain", "--json", tmp_path / "j", "--annotations")
    why = f"{sides[0]}: its kernel 6.12+live-update is not in the cache"
    assert ended.code == 1
    assert f"not explained: {why}" in ended.out.splitlines()
    assert f"::notice title=bench::not explained: {why}" in ended.out
    assert json.loads((tmp_path / "j").read_text())["unexplained"] == why
    assert "1 cell of" in ended.err
    assert bench("compare", *sides, "--explain").code == 0


def test_nothing_is_profiled_where_nothing_regressed(
    bench: Bench, sides: tuple[Path, Path]
) -> None:
    base = without_profiles(sides[0])
    ended = bench("gate", base, base, "--explain")
    assert ended.code == 0 and "not explained" not in ended.out and not ended.err
    improved = bench("gate", sides[1], base, "--explain")
    assert improved.code == 0 and "not explained" not in improved.out


def test_a_damaged_profile_does_not_decide(bench: Bench, sides: tuple[Path, Path]) -> None:
    for path in (sides[0] / DIRECTORY).iterdir():
        path.write_bytes(path.read_bytes()[:-9])
    ended = bench("gate", *sides)
    assert ended.code == 1
    assert ended.out.count("not explained: ") == 1 and "not a profile" in ended.out


def test_times_are_not_explained(bench: Bench, tmp_path: Path) -> None:
    base = profiled_run(tmp_path / "base", clock=Clock.WALL, boots=10)
    new = profiled_run(tmp_path / "new", more=9, clock=Clock.WALL, boots=10)
    ended = bench("gate", base, new, "--floor", "1%", "--explain")
    assert ended.code == 1 and "regression" in ended.out
    assert "put_page" not in ended.out and "not explained" not in ended.out


def test_a_pass_needs_a_run_of_a_guest_that_counts(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    file.touch()
    with pytest.raises(CannotJudge, match="a file that keeps no profile"):
        profile_cells(file, [RESET], print)
    wall = write_run(tmp_path / "wall")
    host = write_run(tmp_path / "host", counts(), Clock.ICOUNT, executor={"name": "host"})
    for run in (wall, host):
        with pytest.raises(CannotJudge, match="only a guest that counts"):
            profile_cells(run, [RESET], print)
