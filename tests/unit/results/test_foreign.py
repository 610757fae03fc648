# SPDX-License-Identifier: GPL-2.0-only
"""Files of other programs: it is said whose they are, and what to use."""

import codecs
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from bench.errors import BenchError, UsageError
from bench.gate.compare import GateOptions, ask, read_sides
from bench.report.export.exports import FORMATS
from bench.sides import read_side
from tests.unit.command import Bench
from tests.unit.runs import counted
from tests.unit.side_files import as_baseline

JSON: dict[str, Any] = {
    "pytest-benchmark": {
        "machine_info": {"node": "x"},
        "commit_info": {},
        "benchmarks": [{"name": "a", "stats": {"median": 1.5}}],
        "version": "5.0.0",
    },
    "Google Benchmark": {"context": {"num_cpus": 2}, "benchmarks": [{"name": "BM_x"}]},
    "hyperfine": {"results": [{"command": "ls", "times": [0.1, 0.2]}]},
    "fio": {"fio version": "fio-3.36", "jobs": []},
    "k6": {"metrics": {}, "root_group": {}},
    "asv": {"commit_hash": "x", "env_name": "y", "results": {}},
    "github-action-benchmark": [{"name": "a", "unit": "ns", "value": 3}],
    "KCIDB": {"version": {"major": 5, "minor": 3}, "tests": []},
    "Bencher": {"a": {"latency": {"value": 3.0}}},
    "lkp-tests": {"vm-scalability.throughput": [1, 2]},
}
MORE: list[tuple[str, Any]] = [
    ("hyperfine", {"results": [{"command": "ls", "mean": 0.1, "stddev": None}]}),
    ("asv", {"a.time_x": {"code": "", "type": "time"}, "version": 2}),
    ("criterion", {"mean": {}, "median": {}, "median_abs_dev": {}, "slope": None, "std_dev": {}}),
    ("criterion", {"sampling_mode": "Linear", "iters": [1.0], "times": [2.0]}),
    ("criterion", {"reason": "benchmark-complete", "id": "a"}),
    ("github-action-benchmark", {"lastUpdate": 1, "repoUrl": "u", "entries": {}}),
    ("lkp-tests", {"vm-scalability.throughput": 1.5, "time.elapsed": 3}),
    ("SQUAD", {"devices/a-ns": 1.5, "devices/b-ns": 2}),
    ("JMH", [{"jmhVersion": "1.37", "benchmark": "a", "primaryMetric": {}}]),
]
BYTES = {
    "perf record": b"PERFILE2\x00\x01",
    "JUnit": b"<?xml version='1.0'?><testsuites/>",
    "zip": b"PK\x03\x04...",
    "xz": b"\xfd7zXZ\x00",
    "KTAP": b"KTAP version 1\n1..1\n",
    "another XML": b"<?xml version='1.0'?><PhoronixTestSuite/>",
    "by JUnit,": b"<testsuites name='x'/>",
    "go test": b"goos: linux\nBenchmarkX-8 100 20 ns/op\n",
    "k6": b'{"type":"Metric","data":{}}\n{"type":"Point"}\n',
    "github-action-benchmark": b"window.BENCHMARK_DATA = {}",
    "samples.jsonl": b'{"device": "x", "crc": 1}\n{"device": "y", "crc": 2}\n',
}


@pytest.mark.parametrize("who", JSON)
def test_json_of_another_program_is_named(who: str, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text(json.dumps(JSON[who]))
    with pytest.raises(UsageError, match=f"written by {who}") as caught:
        read_side(path)
    assert caught.value.hint


@pytest.mark.parametrize("who", BYTES)
def test_so_is_what_is_no_json(who: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(BYTES[who])
    with pytest.raises(UsageError, match=who) as caught:
        read_side(path)
    assert caught.value.hint


@pytest.mark.parametrize(("who", "found"), MORE)
def test_what_else_they_write(who: str, found: Any, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text(json.dumps(found))
    with pytest.raises(UsageError, match=f"written by {who},"):
        read_side(path)


def test_a_compressed_file_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(BYTES["perf record"]))
    with pytest.raises(UsageError, match="written by perf record"):
        read_side(path)


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
        assert kind == "markdown" or "written by" in ended.err


def test_a_mark_of_the_encoding_is_no_part_of_a_file(tmp_path: Path) -> None:
    path = as_baseline(counted(tmp_path / "run"), tmp_path / "base.json")
    path.write_bytes(codecs.BOM_UTF8 + path.read_bytes())
    assert read_side(path).cells


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


NUMBERS = [1e300, 1e250, 1e154, 1e-300, 5e-324, -1.0, -1e300, 0.0, 1e8, 3]


@pytest.mark.parametrize("value", NUMBERS)
@pytest.mark.parametrize("unit", ["second", "byte", "integer"])
def test_values_of_any_size_make_no_warning(value: float, unit: str, tmp_path: Path) -> None:
    """pytest makes an error of every warning; what cannot be judged is refused in a line."""
    runs = [{"values": [value, value]} for _ in range(8)]
    whole = {
        "version": "1.0",
        "metadata": {"unit": unit},
        "benchmarks": [{"metadata": {"name": "f"}, "runs": runs}],
    }
    path = tmp_path / "file.json"
    path.write_text(json.dumps(whole))
    asked = GateOptions(path, path)
    try:
        assert ask(asked, read_sides(asked)).cells
    except BenchError as error:
        assert "\n" not in error.message
