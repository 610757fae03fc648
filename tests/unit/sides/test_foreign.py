# SPDX-License-Identifier: GPL-2.0-only
"""Files of other programs: it is said whose they are, and what to use."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.errors import BenchError, UsageError
from bench.gate.compare import GateOptions, ask, read_sides
from bench.sides import read_side

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
BYTES = {
    "perf record": b"PERFILE2\x00\x01",
    "JUnit": b"<?xml version='1.0'?><testsuites/>",
    "zip": b"PK\x03\x04...",
    "xz": b"\xfd7zXZ\x00",
    "KTAP": b"KTAP version 1\n1..1\n",
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
