# SPDX-License-Identifier: GPL-2.0-only
"""Files of other programs: it is said whose they are, and what to use."""

import codecs
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from bench.errors import BenchError, CannotJudge, UsageError
from bench.report.export.exports import FORMATS
from bench.results.writer import load
from bench.sides import read_side
from tests.unit.command import Bench
from tests.unit.runs import counted
from tests.unit.side_files import as_baseline


def rows(**table: Any) -> list[dict[str, Any]]:
    return [table]


PYTEST = {"benchmarks": rows(name="a", stats={"median": 1.5}), "version": "5.0.0"}
JSON: list[tuple[str, Any]] = [
    ("pytest-benchmark", {**PYTEST, "machine_info": {"node": "x"}, "commit_info": {}}),
    ("pytest-benchmark", PYTEST),
    ("Google Benchmark", {"context": {"num_cpus": 2}, "benchmarks": rows(name="BM_x")}),
    ("mitata", {"context": {"arch": "x"}, "benchmarks": rows(alias="a")}),
    ("hyperfine", {"results": rows(command="ls", times=[0.1, 0.2])}),
    ("hyperfine", {"results": rows(command="ls", mean=0.1, stddev=None)}),
    ("nanobench", {"results": [{"name": "a", "median(elapsed)": 1e-9}]}),
    ("fio", {"fio version": "fio-3.36", "jobs": []}),
    ("iperf3", {"start": {}, "intervals": [], "end": {}}),
    ("k6", {"metrics": {}, "root_group": {}}),
    ("asv", {"commit_hash": "x", "env_name": "y", "results": {}}),
    ("asv", {"commit_hash": "x", "results": {}, "profiles": {}, "version": 1}),
    ("asv", {"a.time_x": {"code": "", "type": "time"}, "version": 2}),
    ("asv", dict.fromkeys(("arch", "cpu", "machine", "num_cpu", "os", "ram"), "x")),
    ("criterion", {"mean": {}, "median": {}, "median_abs_dev": {}, "slope": None, "std_dev": {}}),
    ("criterion", {"sampling_mode": "Linear", "iters": [1.0], "times": [2.0]}),
    ("criterion", {"group_id": "a", "full_id": "a/b"}),
    ("criterion", {"reason": "benchmark-complete", "id": "a"}),
    ("critcmp", {"name": "base", "benchmarks": {"a": {"fullname": "a"}}}),
    ("github-action-benchmark", rows(name="a", unit="ns", value=3)),
    ("github-action-benchmark", {"lastUpdate": 1, "repoUrl": "u", "entries": {}}),
    ("KCIDB's JSON", {"version": {"major": 5, "minor": 3}, "tests": []}),
    ("KCIDB's JSON", {"version": {"major": 4, "minor": 0}, "issues": [], "incidents": []}),
    ("BMF", {"a": {"latency": {"value": 3.0}}}),
    ("BMF", {"a": {"latency": {"value": 3}, "size": {"value": 1}}, "b": {"size": {"value": 1}}}),
    ("SQUAD's JSON", {"devices/a-ns": 1.5, "devices/b-ns": 2}),
    ("SQUAD's JSON", {"devices/a": {"value": 1.5, "unit": "ns"}}),
    ("lkp-tests", {"vm-scalability.throughput": [1, 2]}),
    ("lkp-tests", {"vm-scalability.throughput": 1.5, "time.elapsed": 3}),
    ("JMH", rows(jmhVersion="1.37", benchmark="a", primaryMetric={})),
    ("LAVA", rows(name="a", result="pass", measurement="1.0")),
    ("BenchmarkDotNet", {"HostEnvironmentInfo": {}, "Benchmarks": []}),
    ("speedscope", {"$schema": "https://www.speedscope.app/file-format-schema.json"}),
    ("a trace", {"traceEvents": []}),
]
BYTES = [
    ("perf record", b"PERFILE2\x00\x01"),
    ("perf record", b"2ELIFREP\x00\x01"),
    ("perf stat", b'{"counter-value": "1", "event": "a"}\n{"counter-value": "2", "event": "b"}\n'),
    ("perf stat", b"# started on Fri\n\n1.02,msec,task-clock,1,100.00,0.8,CPUs utilized\n"),
    ("perf stat", b"1.02,msec,task-clock,1,100.00,0.8,CPUs utilized\n"),
    ("trace-cmd", b"\x17\x08Dtracing6"),
    ("JUnit XML", b"<?xml version='1.0'?><testsuites/>"),
    ("JUnit XML", b"\n <!-- by a CI -->\n<testsuite name='x'/>"),
    ("JUnit XML", codecs.BOM_UTF8 + b"<?xml version='1.0'?>\n<testsuite/>"),
    ("Catch2", b"<?xml version='1.0'?><Catch2TestRun/>"),
    ("an XML file", b"<?xml version='1.0'?><other/>"),
    ("Phoronix", b"<?xml version='1.0'?><PhoronixTestSuite/>"),
    ("an HTML page", b"\n<!DOCTYPE html>\n<html></html>"),
    ("a zip archive", b"PK\x03\x04..."),
    ("a zip archive", b"PK\x05\x06" + bytes(18)),
    ("a tar archive", bytes(257) + b"ustar" + bytes(250)),
    ("by xz", b"\xfd7zXZ\x00"),
    ("KTAP", b"KTAP version 1\n1..1\n"),
    ("TAP", b"TAP version 13\n1..1\n"),
    ("TAP", b"1..2\nok 1 - a\n"),
    ("KTAP", b"[    1.5] Linux\n[    2.5] KTAP version 1\n"),
    ("go test", b"goos: linux\nBenchmarkX-8 100 20 ns/op\n"),
    ("go test", b"BenchmarkX-8 100 20 ns/op\nPASS\n"),
    ("go test", b'{"Action": "start", "Package": "p"}\n{"Action": "run", "Package": "p"}\n'),
    ("criterion", b'{"reason": "benchmark-complete"}\n{"reason": "group-complete"}\n'),
    ("criterion", b"group,function,value,throughput_num,throughput_type\n"),
    ("k6", b'{"type":"Metric","data":{}}\n{"type":"Point","data":{}}\n'),
    ("fio", b'fio: a warning\n{\n  "fio version" : "fio-3.36"\n}'),
    ("fio", b"3;fio-3.36;job;0;0\n"),
    ("hyperfine", b"command,mean,stddev,median,user,system,min,max\n"),
    ("Google Benchmark", b"a comment\nname,iterations,real_time,cpu_time,time_unit\n"),
    ("github-action-benchmark", b"window.BENCHMARK_DATA = {}"),
    ("samples.jsonl", b'{"device": "x", "method": "a", "rep": 1, "crc": 1}\n{"device": "y"}\n'),
]


@pytest.mark.parametrize(("who", "found"), JSON)
def test_json_of_another_program_is_named(who: str, found: Any, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text(json.dumps(found))
    with pytest.raises(UsageError) as caught:
        read_side(path)
    assert who in caught.value.message and caught.value.hint
    with pytest.raises(UsageError) as again:
        load(path)
    assert again.value.message == caught.value.message


@pytest.mark.parametrize(("who", "data"), BYTES)
def test_so_is_what_is_no_json(who: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    for each in (data, gzip.compress(data)):
        path.write_bytes(each)
        with pytest.raises(UsageError) as caught:
            read_side(path)
        assert who in caught.value.message and caught.value.hint


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_mark_of_the_encoding_is_no_part_of_a_file(encoding: str, tmp_path: Path) -> None:
    """As editors and shells of Windows write it."""
    path = as_baseline(counted(tmp_path / "run"), tmp_path / "base.json")
    path.write_text(path.read_text(), encoding=encoding)
    assert read_side(path).cells
    path.write_text(json.dumps(PYTEST), encoding=encoding)
    with pytest.raises(UsageError, match="written by pytest-benchmark"):
        read_side(path)


def test_text_and_tables_of_nobody_are_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for data in (b"", b" \n", b"3", b"[]", b"{}", b'{"a": 1}', b"\xff", b"a text", b"<" * 9999):
        path.write_bytes(data)
        with pytest.raises(UsageError) as caught:
            read_side(path)
        assert caught.value.message.startswith(f"{path}: ")
        with pytest.raises(UsageError):
            load(path)


@pytest.mark.parametrize("command", ["report", "profile"])
def test_commands_that_take_runs_say_what_a_file_is(
    command: str, bench: Bench, tmp_path: Path
) -> None:
    run = counted(tmp_path / "run")
    (tmp_path / "hyperfine.json").write_text(json.dumps({"results": rows(command="ls")}))
    as_baseline(run, tmp_path / "base.json")
    wanted = {
        "hyperfine.json": "written by hyperfine",
        "base.json": "a baseline",
        "run/run.json": "run.json of a run",
        "run/samples.jsonl": "samples.jsonl of a run",
    }
    for name, said in wanted.items():
        ended = bench(command, tmp_path / name)
        assert ended.code == 2 and said in ended.complaints[0], ended.err
        assert len(ended.complaints) == 2


def test_so_do_those_that_take_other_files(bench: Bench, tmp_path: Path) -> None:
    run, path = counted(tmp_path / "run"), tmp_path / "hyperfine.json"
    path.write_text(json.dumps({"results": rows(command="ls")}))
    scenario = tmp_path / "it.toml"
    scenario.write_bytes(path.read_bytes())
    for words in (("report", run, "--seconds", path), ("run", scenario), ("run", "--resume", path)):
        ended = bench(*words)
        assert ended.code == 2 and "written by hyperfine" in ended.err


def test_a_directory_of_another_program_is_named(bench: Bench, tmp_path: Path) -> None:
    """As .benchmarks of pytest-benchmark, .asv/results, target/criterion."""
    below = tmp_path / "theirs/Linux-CPython-3.13"
    below.mkdir(parents=True)
    (below / "0001_x.json").write_text(json.dumps(PYTEST))
    run = counted(tmp_path / "run")
    said = "no run is in it; 0001_x.json is written by pytest-benchmark"
    for words, code in ((("report",), 2), (("gate", run), 125), (("compare", run), 125)):
        ended = bench(*words, tmp_path / "theirs")
        assert ended.code == code and said in ended.err
    (tmp_path / "empty").mkdir()
    assert "empty/run.json: No such file" in bench("report", tmp_path / "empty").err
    (tmp_path / "up/and").mkdir(parents=True)
    counted(tmp_path / "up/and/run")
    ended = bench("report", tmp_path / "up")
    assert f"name {tmp_path / 'up/and/run'}" in ended.err


@pytest.mark.parametrize("kind", [*FORMATS, "page", "verdict", "run.json"])
def test_what_bench_wrote_itself_is_not_measured(kind: str, bench: Bench, tmp_path: Path) -> None:
    """Each is made of a run, which is what to compare; pyperf and a baseline hold one whole."""
    run, path = counted(tmp_path / "run"), tmp_path / "file"
    if kind == "run.json":
        path = run / kind
    elif kind == "verdict":
        bench("gate", run, run, "--json", path)
    else:
        assert bench("report", run, "--format", kind, "--out", path).code == 0
    ended = bench("compare", path, path)
    if kind == "pyperf":
        assert ended.code == 0
    else:
        assert ended.code == 2 and len(ended.complaints) == 2
        assert kind == "markdown" or "not for bench to read" in ended.err


@pytest.mark.parametrize(
    "runs",
    [
        [],
        [{}],
        [{"warmups": [[1, 0.5]]}],
        [{"metadata": {}, "values": []}],
        [{"values": [True]}],
        [{"values": ["1.5"]}],
        [{"values": [1 << 400]}],
        [{"values": [float("inf")]}],
        [{"values": [float("nan")]}],
        [{"values": [None]}],
    ],
    ids=str,
)
def test_a_pyperf_file_without_a_usable_value(runs: list[Any], tmp_path: Path) -> None:
    benchmark = {"metadata": {"name": "f"}, "runs": runs}
    whole = {"version": "1.0", "metadata": {"unit": "second"}, "benchmarks": [benchmark]}
    path = tmp_path / "file.json"
    path.write_text(json.dumps(whole))
    with pytest.raises(BenchError) as caught:
        read_side(path)
    assert "\n" not in caught.value.message and str(path) in caught.value.message


NUMBERS = [1e300, 1e250, 1e154, 1e-300, 5e-324, -1.0, -1e300, 0.0, 1e8, 3, 1e90, 10**20]


def of_pyperf(path: Path, unit: str, **benchmarks: list[list[Any]]) -> Path:
    """Write a file that pyperf could have written, each list of values a process."""
    rows = [
        {"metadata": {"name": name}, "runs": [{"values": values} for values in runs]}
        for name, runs in benchmarks.items()
    ]
    whole = {"version": "1.0", "metadata": {"unit": unit}, "benchmarks": rows}
    path.write_text(json.dumps(whole))
    return path


@pytest.mark.parametrize("value", NUMBERS)
@pytest.mark.parametrize("unit", ["second", "byte", "integer"])
def test_values_of_any_size_make_no_warning(
    value: float, unit: str, bench: Bench, tmp_path: Path
) -> None:
    """pytest makes an error of every warning; what cannot be judged is refused in a line."""
    far = [[value * (100 + n) / 100, value] for n in range(8)]
    new = of_pyperf(tmp_path / "new.json", unit, f=far)
    near = of_pyperf(tmp_path / "base.json", unit, f=[[1.0 + n / 100, 1.0] for n in range(8)])
    options = ["--max-pause", "10ms"] if unit == "second" else []
    for base in (near, new):
        ended = bench("gate", base, new, *options)
        assert ended.code in (0, 1, 2, 125)
        assert len(ended.complaints) in ((2,) if ended.code == 2 else (0, 1, 2))
    if options and value in NUMBERS[8:]:
        assert ended.code == 1 and "over its budget" in ended.out


def test_a_benchmark_of_values_that_are_too_large_costs_no_other(tmp_path: Path) -> None:
    path = of_pyperf(tmp_path / "a.json", "second", f=[[1e300]] * 2, g=[[1.0], [2.0]])
    side = read_side(path)
    assert [*side.cells] == ["g"] and "1e+300 is beyond" in side.without["f"]
    alone = of_pyperf(tmp_path / "b.json", "second", f=[[1e300]] * 2)
    with pytest.raises(CannotJudge, match=r"has a value to judge: failed: 1e\+300 is beyond"):
        read_side(alone)
