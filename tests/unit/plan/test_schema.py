# SPDX-License-Identifier: GPL-2.0-only
"""The JSON schema of scenario files, for editors: it says what loading them says."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bench.errors import UsageError
from bench.model.device import DEVICES
from bench.model.method import Family
from bench.paths import SCENARIOS
from bench.plan.scenario import load_scenario
from bench.plan.schema import json_schema
from tests.unit.command import Bench

FILE = SCENARIOS / "scenario.schema.json"
VALIDATOR = Draft202012Validator(json.loads(json_schema()))
GOOD: dict[str, Any] = {
    "question": "?",
    "device": ["sim-net-pa"],
    "method": ["reset-owner", "new-owner"],
    "mem": ["64M", "1G:4G"],
    "pages": ["thp"],
}
# Keys and values that are as good; single values may do without a list.
ALSO_GOOD: list[dict[str, Any]] = [
    *({"device": n} for n, d in DEVICES.items() if d.family is Family.VDPA),
    {"device": "vfio-type1", "method": ["vfio-vaddr", "vfio-remap"]},
    {"device": "iommufd:0000:03:00.0", "method": ["iommufd-process", "iommufd-remap"]},
    {
        "device": ["sim-net-pa", "vfio:0000:03:00.0", "none"],
        "method": ["new-owner", "vfio-vaddr", "exec-only"],
    },
    {"device": "/dev/vhost-vdpa-0"},
    {"device": ["sim-net-pa", "/dev/vhost-vdpa-0"]},
    {"device": "none", "method": ["io-uring", "gup-test", "iotlb", "mlock", "populate"]},
    {"method": "io-uring", "threads": [1, 2, 32]},
    {"method": "io-uring", "threads": 2},
    {"executor": "guest"},
    {"method": "reopen", "mem": "64M", "pages": "4k"},
    {"backing": "alias", "ptes": ["cold", "warm"], "handover": "transfer"},
    {"handover": ["exec", "transfer"], "batch": ["on", "off"]},
    {"regions": [1, "qemu", 32]},
    {"regions": "7"},
    {"break": "wrong-address"},
    {"reps": 200, "seed": 0},
    *({"reps": text} for text in ("5", "1+", "200+", "auto")),
    {"budget": "1.5h"},
    {"budget": 90},
    {"max_pause": "100ms"},
    {"max_pause": "1.5Mi"},
    {"max_pause": ""},
]
WRONG: dict[str, list[Any]] = {
    "devise": ["sim-net-pa"],
    "broken": ["wrong-address"],
    "device": ["floppy", ["floppy"], [1], [], "dev/vhost-vdpa-0", "vfio:03:00.0"],
    "method": ["magic", ["magic"], []],
    "mem": [64, [64], []],
    "pages": ["8k", []],
    "backing": ["tape"],
    "ptes": ["tepid"],
    "handover": ["pigeon", ["pigeon"], []],
    "regions": [1.5, [0], [257], "x", []],
    "batch": ["maybe", [True]],
    "break": ["everything", ["wrong-address"]],
    "threads": [0, [0], [257], 1.5, [], True],
    "executor": ["", 1],
    "reps": [0, 201, 1.5, "0", "201", "0+", "+", "5++", "auto:0", "3.5", "", True, [5]],
    "seed": [-1],
    "budget": ["ten", "10", 0, -1, [1]],
    "max_pause": ["100", "1.2.3ms", 100],
}


def toml_of(fields: dict[str, Any]) -> str:
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in fields.items())


def write(tmp_path: Path, fields: dict[str, Any]) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(toml_of(fields))
    return path


def test_the_file_is_the_schema() -> None:
    """After a change: bench list --schema >scenarios/scenario.schema.json."""
    again = "bench list --schema >scenarios/scenario.schema.json writes it anew"
    assert FILE.read_text() == json_schema(), again


def test_the_command_prints_the_schema(bench: Bench) -> None:
    ended = bench("list", "--schema")
    assert (ended.code, ended.out, ended.err) == (0, json_schema(), "")


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(json.loads(json_schema()))


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_scenario_is_valid(path: Path) -> None:
    VALIDATOR.validate(tomllib.loads(path.read_text()))


@pytest.mark.parametrize("fields", [{}, *ALSO_GOOD], ids=str)
def test_what_loads_is_valid(fields: dict[str, Any], tmp_path: Path) -> None:
    merged = {**GOOD, **fields}
    load_scenario(str(write(tmp_path, merged)), {})
    VALIDATOR.validate(merged)


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, values in WRONG.items() for value in values]
)
def test_what_is_wrong_neither_loads_nor_is_valid(key: str, value: Any, tmp_path: Path) -> None:
    fields = {**GOOD, key: value}
    path = write(tmp_path, fields)
    with pytest.raises(UsageError) as caught:
        load_scenario(str(path), {})
    assert re.match(rf"{re.escape(str(path))}:\d+: {key}: ", caught.value.message)
    assert not VALIDATOR.is_valid(fields)


@pytest.mark.parametrize("key", ["device", "method", "mem", "pages"])
def test_what_is_required_is_missed(key: str, tmp_path: Path) -> None:
    kept = {name: value for name, value in GOOD.items() if name != key}
    path = write(tmp_path, kept)
    with pytest.raises(UsageError) as caught:
        load_scenario(str(path), {})
    assert caught.value.message.startswith(f"{path}: {key}: ")
    assert not VALIDATOR.is_valid(kept)
