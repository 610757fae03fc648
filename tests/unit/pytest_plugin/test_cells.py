# SPDX-License-Identifier: GPL-2.0-only
"""Cells as tests of pytest-benchmark, in a pytest that loads the plugin."""

import json
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.model.cell import Clock
from bench.paths import ROOT
from tests.unit.runs import FAILED, LARGE, NEW, RESET, SKIPPED, VALUES, noisy, write_run
from tests.unit.streams import make_scenario, recording, write_lines
from tests.unit.streams import small_plan as plan_of

pytest_plugins = "pytester"
pytestmark = pytest.mark.slow  # each starts a pytest, or two

RESET_ID = "bench::sim-net-pa thp 1GiB reset-owner"
SAVE = ("--benchmark-save=base", "--benchmark-save-data")
COMPARE = ("--benchmark-compare", "--benchmark-compare-fail=median:2%")

Pytest = Callable[..., pytest.RunResult]


# What else is installed here does not matter: only these two are loaded.
PLUGINS = ("-p", "benchmark", "-p", "bench.pytest_plugin")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hand nothing of this pytest down: a worker of xdist switches pytest-benchmark off."""
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def run_pytest(pytester: pytest.Pytester, alone: None) -> Pytest:
    def run(*words: str | Path) -> pytest.RunResult:
        return pytester.runpytest_subprocess(*PLUGINS, "-p", "no:cacheprovider", *map(str, words))

    return run


def saved(directory: Path) -> dict[str, Any]:
    (path,) = directory.glob(".benchmarks/*/*_base.json")
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded


def said(result: pytest.RunResult) -> str:
    return result.stdout.str() + result.stderr.str()


def test_a_saved_file_has_the_values_of_the_run(run_pytest: Pytest, pytester: Any) -> None:
    write_run(pytester.path / "run")
    result = run_pytest("--bench-run", "run", *SAVE)
    result.assert_outcomes(passed=2)
    found = saved(pytester.path)
    data = {bench["fullname"]: bench["stats"]["data"] for bench in found["benchmarks"]}
    assert data[RESET_ID] == [value / 1e9 for value in VALUES[RESET][1]]
    assert len(data) == 2
    assert found["machine_info"]["bench"]["kernel"] == "6.12+live-update"
    (extra, _) = (bench["extra_info"] for bench in found["benchmarks"])
    assert extra["unit"] == "seconds" and extra["mem"] == RESET.mem


@pytest.mark.parametrize(("scale", "code"), [(1.0, 0), (1.05, 1), (0.9, 0)])
def test_a_slower_run_is_red_and_no_other(
    scale: float, code: int, run_pytest: Pytest, pytester: Any
) -> None:
    write_run(pytester.path / "one", noisy(1))
    write_run(pytester.path / "two", noisy(2, scale))
    assert run_pytest("--bench-run", "one", *SAVE).ret == 0
    result = run_pytest("--bench-run", "two", *COMPARE)
    assert result.ret == code, said(result)
    assert ("Performance has regressed" in said(result)) == bool(code)


def test_several_runs_are_more_boots(run_pytest: Pytest, pytester: Any) -> None:
    write_run(pytester.path / "one")
    others = {cell: {1: [pause + 7 for pause in boots[1]]} for cell, boots in VALUES.items()}
    write_run(pytester.path / "two", others)
    run_pytest("--bench-run", "one", "--bench-run", "two", *SAVE).assert_outcomes(passed=2)
    first = saved(pytester.path)["benchmarks"][0]
    assert first["stats"]["rounds"] == 6 and first["extra_info"]["boots"] == 2


def test_instructions_are_refused_as_times(run_pytest: Pytest, pytester: Any) -> None:
    write_run(pytester.path / "run", clock=Clock.ICOUNT)
    result = run_pytest("--bench-run", "run")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "instructions" in said(result) and "Traceback" not in said(result)


def test_time_is_refused_as_instructions(run_pytest: Pytest, pytester: Any) -> None:
    write_run(pytester.path / "run")
    assert run_pytest("--bench-run", "run", "--bench-ticks").ret == pytest.ExitCode.USAGE_ERROR


def test_instructions_are_shown_as_such(run_pytest: Pytest, pytester: Any) -> None:
    write_run(pytester.path / "run", clock=Clock.ICOUNT)
    result = run_pytest("--bench-run", "run", "--bench-ticks", *SAVE)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["Name (time in M instructions)*", "*5.1990*5.2010*"])
    assert "OPS" not in result.stdout.str().split("Legend")[0]
    first = saved(pytester.path)["benchmarks"][0]
    assert first["stats"]["data"] == [*VALUES[RESET][1]]
    assert first["fullname"] == f"{RESET_ID} instructions"
    assert first["extra_info"]["unit"] == "instructions"


def test_what_was_skipped_skips_and_what_failed_fails(run_pytest: Pytest, pytester: Any) -> None:
    write_run(pytester.path / "mixed", {RESET: {1: [7]}}, without={NEW: FAILED, LARGE: SKIPPED})
    result = run_pytest("--bench-run", "mixed", "-rs", "-W", "error", *SAVE)
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    assert "VmPin is 0 kB" in said(result) and "left out by --budget" in said(result)
    assert "Traceback" not in said(result)
    assert [bench["fullname"] for bench in saved(pytester.path)["benchmarks"]] == [RESET_ID]


def test_unlike_runs_are_not_compared(run_pytest: Pytest, pytester: Any) -> None:
    write_run(pytester.path / "one")
    write_run(pytester.path / "two", machine={"cpu": "another"})
    assert run_pytest("--bench-run", "one", *SAVE).ret == 0
    result = run_pytest("--bench-run", "two", *COMPARE)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "cpu: A CPU in BASE, another in NEW" in said(result)
    assert run_pytest("--bench-run", "two", "--bench-force", *COMPARE).ret == 0


def test_another_kernel_is_what_is_compared(run_pytest: Pytest, pytester: Any) -> None:
    write_run(pytester.path / "one")
    write_run(pytester.path / "two", executor={"kernel": "6.14", "kernel_digest": "x"})
    assert run_pytest("--bench-run", "one", *SAVE).ret == 0
    assert run_pytest("--bench-run", "two", *COMPARE).ret == 0


def test_a_cell_without_a_base_is_not_green(run_pytest: Pytest, pytester: Any) -> None:
    write_run(pytester.path / "one", {RESET: VALUES[RESET]})
    write_run(pytester.path / "two")
    assert run_pytest("--bench-run", "one", *SAVE).ret == 0
    result = run_pytest("--bench-run", "two", *COMPARE)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "BASE does not have this cell" in said(result)


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("--benchmark-disable", "benchmarks are off"),
        ("--benchmark-skip", "leaves all cells out"),
        ("--benchmark-storage=file://elsewhere", "no saved run was loaded"),
    ],
)
def test_a_threshold_that_is_not_applied_is_an_error(
    word: str, why: str, run_pytest: Pytest, pytester: Any
) -> None:
    """A run twice as slow must not pass because nothing was compared."""
    write_run(pytester.path / "one", noisy(1))
    write_run(pytester.path / "two", noisy(2, 2.0))
    assert run_pytest("--bench-run", "one", *SAVE).ret == 0
    result = run_pytest("--bench-run", "two", *COMPARE, word)
    assert result.ret == pytest.ExitCode.USAGE_ERROR, said(result)
    assert f"compares nothing: {why}" in said(result) or why in said(result)
    assert "INTERNALERROR" not in said(result)


SKIPS = """
import pytest

def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.skip("slow"))
"""


@pytest.mark.parametrize("word", ["--setup-only", "--setup-plan", ""])
def test_a_cell_that_was_not_run_is_not_green(word: str, run_pytest: Pytest, pytester: Any) -> None:
    write_run(pytester.path / "one", noisy(1))
    write_run(pytester.path / "two", noisy(2, 2.0))
    assert run_pytest("--bench-run", "one", *SAVE).ret == 0
    if not word:
        pytester.makeconftest(SKIPS)
    result = run_pytest("--bench-run", "two", *COMPARE, *word.split())
    assert result.ret == pytest.ExitCode.USAGE_ERROR, said(result)
    assert "was not applied to bench::sim-net-pa" in said(result)
    assert run_pytest("--bench-run", "two", *word.split()).ret == 0


def test_cells_that_are_left_out_by_name_are_not_missed(run_pytest: Pytest, pytester: Any) -> None:
    write_run(pytester.path / "one", noisy(1))
    assert run_pytest("--bench-run", "one", *SAVE).ret == 0
    result = run_pytest("--bench-run", "one", *COMPARE, "-k", "new-owner")
    assert result.ret == 0
    result.assert_outcomes(passed=1, deselected=1)


def test_so_it_is_with_workers(run_pytest: Pytest, pytester: Any) -> None:
    """xdist switches pytest-benchmark off; without a threshold cells are replayed all the same."""
    write_run(pytester.path / "one", noisy(1))
    assert run_pytest("--bench-run", "one", *SAVE).ret == 0
    workers = ("-p", "xdist", "-n", "2")
    result = run_pytest("--bench-run", "one", *COMPARE, *workers)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "with xdist" in said(result)
    assert run_pytest("--bench-run", "one", *workers).ret == 0


def test_a_threshold_without_a_saved_run_is_an_error(run_pytest: Pytest, pytester: Any) -> None:
    write_run(pytester.path / "one")
    result = run_pytest("--bench-run", "one", "--benchmark-compare-fail=median:2%")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--benchmark-compare=ID" in said(result)


def test_what_base_has_and_new_lacks_is_an_error(run_pytest: Pytest, pytester: Any) -> None:
    write_run(pytester.path / "one")
    write_run(pytester.path / "less", {RESET: VALUES[RESET]})
    write_run(pytester.path / "skipped", {RESET: VALUES[RESET]}, without={NEW: SKIPPED})
    assert run_pytest("--bench-run", "one", *SAVE).ret == 0
    less = run_pytest("--bench-run", "less", *COMPARE)
    assert less.ret == pytest.ExitCode.USAGE_ERROR
    assert "NEW does not have bench::sim-net-pa thp 1GiB new-owner" in said(less)
    skipped = run_pytest("--bench-run", "skipped", *COMPARE)
    skipped.assert_outcomes(passed=1, failed=1)
    assert "left out by --budget" in said(skipped)


@pytest.mark.parametrize("words", [(), ("-rs",), ("--collect-only",)])
def test_benchmarks_that_a_project_skips_are_skipped(
    words: tuple[str, ...], run_pytest: Pytest, pytester: Any
) -> None:
    write_run(pytester.path / "run")
    pytester.makeini("[pytest]\naddopts = --benchmark-skip\n")
    result = run_pytest("--bench-run=run", *words)
    assert result.ret == 0 and "INTERNALERROR" not in said(result)
    if not words:
        result.assert_outcomes(skipped=2)


@pytest.mark.parametrize("spelling", ["--bench-run {}", "--bench-run={}"])
def test_a_run_elsewhere_is_not_where_pytest_looks_for_its_ini_file(
    spelling: str, run_pytest: Pytest, pytester: Any
) -> None:
    mine = pytester.mkdir("mine")
    write_run(pytester.path / "elsewhere/run")
    for place in (mine, pytester.path / "elsewhere"):
        (place / "pytest.ini").write_text("[pytest]\nmarkers = x\n")
    pytester.chdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(mine)
        result = run_pytest(*spelling.format(pytester.path / "elsewhere/run").split())
    result.assert_outcomes(passed=2)
    assert f"rootdir: {mine}" in said(result)
    assert "configfile: pytest.ini" in said(result)


def test_options_of_the_wrong_ini_file_are_refused(run_pytest: Pytest, pytester: Any) -> None:
    """They were taken before the plugin was there."""
    mine = pytester.mkdir("mine")
    write_run(pytester.path / "elsewhere/run")
    (pytester.path / "elsewhere/pytest.ini").write_text("[pytest]\naddopts = -v\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(mine)
        result = run_pytest("--bench-run", pytester.path / "elsewhere/run")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "write --bench-run=DIR" in said(result)


@pytest.mark.parametrize("words", [("--bench-run", "nowhere"), ("--bench-scenario", "nowhere")])
def test_what_is_not_there_is_one_line(words: tuple[str, ...], run_pytest: Pytest) -> None:
    result = run_pytest(*words)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: bench: " in said(result) and "Traceback" not in said(result)


def test_other_tests_run_only_when_they_are_named(run_pytest: Pytest, pytester: Any) -> None:
    write_run(pytester.path / "run")
    pytester.makepyfile("def test_mine(): pass")
    run_pytest("--bench-run", "run").assert_outcomes(passed=2)
    named = "test_other_tests_run_only_when_they_are_named.py"
    run_pytest(named, "--bench-run", "run").assert_outcomes(passed=3)
    run_pytest("--bench-run", "run", "-k", "reset-owner").assert_outcomes(passed=1, deselected=1)


@pytest.mark.parametrize(
    "option", ["--benchmark-disable", "--benchmark-only", "--benchmark-cprofile=cumtime"]
)
def test_options_of_pytest_benchmark_work(option: str, run_pytest: Pytest, pytester: Any) -> None:
    write_run(pytester.path / "run")
    run_pytest("--bench-run", "run", option).assert_outcomes(passed=2)


def scenario_file(directory: Path, lines: list[str]) -> Path:
    replay = write_lines(directory / "recording", lines)
    path = directory / "small.toml"
    fields = {**make_scenario().model_dump(mode="json"), "executor": f"replay:{replay}"}
    kept = ("device", "method", "pages", "reps", "executor")
    rows = [f"{name} = {json.dumps(fields[name])}" for name in kept]
    path.write_text("\n".join([*rows, 'mem = "64M"', ""]))
    return path


def test_a_scenario_is_measured_once(run_pytest: Pytest, pytester: Any) -> None:
    path = scenario_file(pytester.path, recording(plan_of()))
    out = pytester.path / "out"
    words = ("--bench-scenario", path, "--bench-out", out, "--bench-ticks", *SAVE)
    run_pytest(*words).assert_outcomes(passed=2)
    rows = [json.loads(line) for line in (out / "samples.jsonl").read_text().splitlines()]
    assert len(rows) == 5
    for bench in saved(pytester.path)["benchmarks"]:
        method = bench["extra_info"]["method"]
        want = [r["pause"] for r in rows if r["method"] == method and r["status"] == "ok"]
        assert bench["stats"]["data"] == want
    again = run_pytest("--bench-scenario", path, "--bench-out", out, "--bench-ticks")
    again.assert_outcomes(failed=2)
    assert "exists" in said(again) and "Traceback" not in said(again)


def test_a_scenario_that_gives_nothing_is_red(run_pytest: Pytest, pytester: Any) -> None:
    path = scenario_file(pytester.path, ["rubbish"])
    words = ("--bench-scenario", path, "--bench-out", pytester.path / "out", "--bench-ticks")
    result = run_pytest(*words)
    result.assert_outcomes(failed=2)
    assert "Traceback" not in said(result)


def test_the_plugin_is_light_unless_cells_are_asked_for(run_pytest: Pytest, pytester: Any) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_nothing_heavy():
            ours = {name for name in sys.modules if name.split(".")[0] == "bench"}
            assert ours == {"bench", "bench.pytest_plugin"}
            assert not {"numpy", "pandas", "scipy", "pydantic", "pyperf"} & set(sys.modules)
        """
    )
    run_pytest().assert_outcomes(passed=1)


def test_no_pytest_loads_the_plugin_unasked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "pytest11" not in project.get("entry-points", {})


def test_a_conftest_loads_the_plugin(alone: None, pytester: Any) -> None:
    write_run(pytester.path / "run")
    pytester.makeconftest('pytest_plugins = ["bench.pytest_plugin"]')
    result = pytester.runpytest_subprocess("-p", "benchmark", "--bench-run", "run")
    result.assert_outcomes(passed=2)


def test_without_pytest_benchmark_it_says_what_to_install(alone: None, pytester: Any) -> None:
    lacking = (
        "import sys; sys.modules['pytest_benchmark'] = None; import pytest; sys.exit(pytest.main())"
    )
    words = ["-p", "bench.pytest_plugin", "--bench-run", "run", "--benchmark-save=base"]
    done = pytester.run(sys.executable, "-c", lacking, *words)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in (*done.outlines, *done.errlines) if line]
    assert line == "ERROR: bench: pytest-benchmark is not installed: pip install 'bench[pytest]'"


def test_switched_off_pytest_benchmark_is_named(run_pytest: Pytest, pytester: Any) -> None:
    write_run(pytester.path / "run")
    result = run_pytest("-p", "no:benchmark", "--bench-run", "run")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "drop -p no:benchmark" in said(result)
