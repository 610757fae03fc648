# SPDX-License-Identifier: GPL-2.0-only
"""Defaults of a user: variables, a file, what is built in, and what is wrong with them."""

import json
from pathlib import Path

import pytest

from bench.commands.defaults import with_defaults
from bench.commands.run import RunOptions
from bench.doctor.defaults import examine_defaults
from bench.errors import UsageError
from bench.model.settings import SETTINGS, VARIABLES, WORKER_CACHE, Default
from bench.paths import cache_path, check_defaults, default_of, reports_path
from bench.worker.files import CACHE
from tests.unit.command import Bench

OWN = """
device = "none"
method = "mlock"
mem = "64M"
pages = "4k"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "bench").mkdir()
    return tmp_path / "bench/config.toml"


def test_what_is_built_in() -> None:
    assert default_of("jobs") == Default("auto")
    assert default_of("reps") == Default("auto")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("cache", "/var/tmp/bench", "/var/tmp/bench"),
        ("out", "~/runs", str(Path("~/runs").expanduser())),
        ("jobs", "3", "3"),
        ("jobs", "auto", "auto"),
        ("reps", "5+", "5+"),
    ],
)
def test_a_variable_is_before_the_file_and_that_before_what_is_built_in(
    name: str, text: str, value: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(f'# mine\n{name} = "{text}"\n')
    assert default_of(name) == Default(value, f"{file}:2")
    monkeypatch.setenv(VARIABLES[name], text)
    file.write_text(f'{name} = "/elsewhere"' if name in ("cache", "out") else f"{name} = 7")
    assert default_of(name) == Default(value, VARIABLES[name])


def test_the_places_are_used(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/general")
    assert str(cache_path()) == "/general/bench"
    file.write_text('cache = "/own/cache"\nout = "/own/runs"')
    assert (str(cache_path()), str(reports_path())) == ("/own/cache", "/own/runs")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\njob = 1", ":2: job: no such key"),
        ('reps = "lots"', ":1: reps: 'lots' is neither"),
        ("\n\njobs = 0", ":3: jobs: '0' is neither auto nor"),
        ('cache = "here"', ":1: cache: 'here' is not an absolute path"),
        ("reps = [1]", ":1: reps: [1] is not text"),
        ("reps = true", ":1: reps: True is not text"),
        ("reps = ", ":1: not TOML: "),
    ],
)
def test_what_is_wrong_in_the_file_is_a_line_with_its_place(
    text: str, words: str, file: Path, bench: Bench
) -> None:
    file.write_text(text)
    ended = bench("list", "pages")
    assert (ended.code, ended.out) == (2, "")
    assert ended.complaints[0].startswith(f"bench: {file}{words}")
    assert len(ended.complaints) <= 2
    assert bench("list", "--help").code == 0


@pytest.mark.parametrize(
    ("variable", "text", "words"),
    [
        ("BENCH_JOBS", "many", "BENCH_JOBS: 'many' is neither auto nor"),
        ("BENCH_REPS", "0", "BENCH_REPS: '0' is neither"),
        ("BENCH_OUT", "runs", "BENCH_OUT: 'runs' is not an absolute path"),
        ("BENCH_KCIDB_ORIGIN", "My Lab", "BENCH_KCIDB_ORIGIN: 'My Lab' is no origin"),
        ("BENCH_REP", "5", "BENCH_REP: no such variable"),
        ("BENCH_CACHES", "/x", "BENCH_CACHES: no such variable"),
        ("BENCH_WORKER_CASHE", "/x", "BENCH_WORKER_CASHE: no such variable"),
    ],
)
def test_what_is_wrong_in_a_variable_names_it(
    variable: str, text: str, words: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, text)
    ended = bench("list", "pages")
    assert ended.code == 2 and ended.complaints[0].startswith(f"bench: {words}")
    assert ("did you mean" in ended.err) == ("no such" in words)


def test_variables_of_others_are_nothing_to_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_TOKEN", "x")
    monkeypatch.setenv("BENCH_BRANCH", "main")
    monkeypatch.setenv(WORKER_CACHE, "/x")  # of its workers
    check_defaults()


def test_a_file_that_may_not_be_read_is_named(file: Path) -> None:
    file.mkdir()
    with pytest.raises(UsageError, match=r"config.toml: Is a directory"):
        check_defaults()


def reps_of(run: Path) -> tuple[object, str]:
    facts = json.loads((run / "run.json").read_text())
    return facts["scenario"]["reps"], facts["command"]


def test_reps_of_a_user_are_in_the_run_and_in_its_command(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever repeats the command without these defaults measures as many."""
    own = tmp_path / "own.toml"
    own.write_text(OWN)
    monkeypatch.setenv("BENCH_REPS", "2")
    monkeypatch.setenv("BENCH_OUT", str(tmp_path / "runs"))
    ended = bench("run", own, "--executor", "host")
    assert "reps: 2, by BENCH_REPS" in ended.err
    (run,) = (tmp_path / "runs").iterdir()
    stored, command = reps_of(run)
    assert stored == 2 and command.endswith("--reps 2")


def test_what_a_scenario_or_an_option_says_is_before_it(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(f"{OWN}reps = 3\n")
    monkeypatch.setenv("BENCH_REPS", "2")
    ended = bench("run", own, "--executor", "host", "--out", tmp_path / "a")
    assert "BENCH_REPS: own has reps = 3; --reps replaces it" in ended.err
    assert reps_of(tmp_path / "a")[0] == 3
    bench("run", own, "--executor", "host", "--out", tmp_path / "b", "--reps", "4")
    assert reps_of(tmp_path / "b")[0] == 4


def test_reps_that_do_not_go_with_a_scenario_name_who_asked(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.toml"
    own.write_text('device="sim-net-pa"\nmethod="new-owner"\nmem="64M"\npages="4k"\nreps=2\n')
    monkeypatch.setenv("BENCH_REPS", "5+")
    text = own.read_text().replace("reps=2\n", "handovers=100\n")
    own.write_text(text)
    ended = bench("run", own)
    assert ended.code == 2  # as without it


def test_doctor_says_what_is_in_force(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.doctor.defaults import examine_defaults

    assert [f.topic for f in examine_defaults()] == ["defaults"]
    assert f"there is no {file}" in examine_defaults()[0].text
    file.write_text("jobs = 2")
    monkeypatch.setenv("BENCH_REPS", "9")
    found = {finding.topic: finding.text for finding in examine_defaults()}
    assert found["default jobs"] == f"2, by {file}:1"
    assert found["default reps"] == "9, by BENCH_REPS"
    places = f"cache {cache_path()}, out {reports_path()}"
    assert found["defaults"] == f"{places}, kcidb_origin bench; {file} is read"
    assert {*VARIABLES} == {*SETTINGS}


def test_more_jobs_than_there_is_room_for_are_fewer_where_a_default_asks() -> None:
    from bench.executors.base import Room
    from bench.measure.jobs import choose_jobs

    room = Room(1, 1, "the clock", harmful=True)
    said: list[str] = []
    assert choose_jobs(4, room, said.append, "BENCH_JOBS") == 1
    assert said == ["BENCH_JOBS: 1 instead of 4: the clock"]
    with pytest.raises(UsageError, match="--jobs: 4 are too many"):
        choose_jobs(4, room, said.append)


def test_a_worker_reads_the_variable_that_is_known() -> None:
    assert WORKER_CACHE == CACHE


def test_doctor_says_what_else_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WORKER_CACHE, "/srv/bench")
    (found,) = (each for each in examine_defaults() if each.topic == WORKER_CACHE)
    assert found.text == "/srv/bench, by the environment"


def test_rows_beside_the_matrix_that_an_option_leaves_out_are_said() -> None:
    said: list[str] = []
    for overrides in ({}, {"mem": "2X"}, {"mem": "2G"}, {"mem": "2G", "pages": "thp"}):
        with_defaults(RunOptions("live-update", overrides, []), None, said.append)
    assert said == [
        "--mem: without the rows beside the matrix (4k 1 GiB)",
        "--mem and --pages: without the rows beside the matrix (4k 1 GiB)",
    ]
