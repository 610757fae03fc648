# SPDX-License-Identifier: GPL-2.0-only
"""The JSON schema of scenario files, for editors: it says what loading them says."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bench.errors import UsageError
from bench.model.cell import Family
from bench.model.device import DEVICES
from bench.paths import SCENARIOS
from bench.plan.scenario import json_schema, load_scenario
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
    {"budget": "1.5h"},
    {"budget": 90},
    {"max_pause": "100ms"},
    {"max_pause": "1.5Mi"},
    {"max_pause": ""},
]
BAD: list[dict[str, Any]] = [
    {"devise": "sim-net-pa"},
    {"broken": "wrong-address"},
    {"device": "floppy"},
    {"device": ["floppy"]},
    {"device": [1]},
    {"device": []},
    {"method": "magic"},
    {"method": ["magic"]},
    {"method": []},
    {"mem": 64},
    {"mem": [64]},
    {"mem": []},
    {"pages": "8k"},
    {"pages": []},
    {"backing": "tape"},
    {"ptes": "tepid"},
    {"handover": "pigeon"},
    {"handover": ["pigeon"]},
    {"handover": []},
    {"regions": 1.5},
    {"regions": [0]},
    {"regions": [257]},
    {"regions": "x"},
    {"regions": []},
    {"batch": "maybe"},
    {"batch": [True]},
    {"break": "everything"},
    {"break": ["wrong-address"]},
    {"threads": 0},
    {"threads": [0]},
    {"threads": [257]},
    {"threads": 1.5},
    {"threads": []},
    {"threads": True},
    {"executor": ""},
    {"executor": 1},
    {"device": "dev/vhost-vdpa-0"},
    {"device": "vfio:03:00.0"},
    {"reps": 0},
    {"reps": 201},
    {"seed": -1},
    {"budget": "ten"},
    {"budget": "10"},
    {"budget": 0},
    {"budget": -1},
    {"budget": [1]},
    {"max_pause": "100"},
    {"max_pause": "1.2.3ms"},
    {"max_pause": 100},
]


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


@pytest.mark.parametrize("fields", BAD, ids=str)
def test_what_is_wrong_does_not_load(fields: dict[str, Any], tmp_path: Path) -> None:
    path = write(tmp_path, {**GOOD, **fields})
    with pytest.raises(UsageError) as caught:
        load_scenario(str(path), {})
    assert caught.value.message.startswith(f"{path}: {next(iter(fields))}: ")


@pytest.mark.parametrize("fields", BAD, ids=str)
def test_what_is_wrong_is_not_valid(fields: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid({**GOOD, **fields})


@pytest.mark.parametrize("key", ["device", "method", "mem", "pages"])
def test_what_is_required_is_missed(key: str, tmp_path: Path) -> None:
    kept = {name: value for name, value in GOOD.items() if name != key}
    with pytest.raises(UsageError):
        load_scenario(str(write(tmp_path, kept)), {})
    assert not VALIDATOR.is_valid(kept)
