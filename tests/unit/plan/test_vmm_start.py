# SPDX-License-Identifier: GPL-2.0-only
"""The scenario of a VMM's start, what does not go with it, and what its helper is told."""

import re
from pathlib import Path
from typing import Any

import pytest

from bench.errors import UsageError
from bench.executors.choose import check
from bench.executors.guest import helper_command
from bench.model.method import Experiment, Method, Phase
from bench.model.vmm import VMM_MEMORY
from bench.plan.duration import block_seconds
from bench.plan.matrix import make_plan
from bench.plan.scenario import load_scenario

MISFITS: list[tuple[dict[str, Any], str, str]] = [
    ({"method": "start-vmm,new-owner"}, "method", "measure new-owner apart"),
    ({"method": "start-vmm,mlock"}, "method", "measure mlock apart"),
    ({"device": "sim-net-pa"}, "device", "no device but 'none'"),
    ({"device": "none,sim-net-pa"}, "device", "no device but 'none'"),
    ({"break": "wrong-address"}, "method", "--break is for a live update"),
    ({"handover": "fork"}, "method", "it has no handover"),
    ({"ptes": "warm"}, "method", "it has no ptes"),
    ({"threads": "2"}, "method", "it has no threads"),
    ({"mem": "132K"}, "mem", "132 KiB is not a whole number of MiB"),
]


def test_it_is_planned_and_told_the_helper() -> None:
    (block,) = make_plan(load_scenario("vmm-start", {"mem": "256M"})).blocks
    assert block.experiment is Experiment.VMM_START
    assert block.experiment.phases == (Phase.EXEC,)
    assert {cell.method for cell in block.cells} == {Method.START_HELPER, Method.START_VMM}
    words = helper_command(block).split()
    at = words.index("--")
    assert words[at - 2 : at] == ["--lease", VMM_MEMORY]
    assert words[at + 1] == "/bin/qemu-system-x86_64" and "256M" in words
    assert f"mem-path={VMM_MEMORY}" in helper_command(block) and "size=268435456" in words[-3]
    assert block_seconds(block) < 60


@pytest.mark.parametrize(("fields", "key", "words"), MISFITS)
def test_what_does_not_go_with_it_is_named(fields: dict[str, Any], key: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_scenario("vmm-start", fields)
    named = key in fields
    where = f"--{key}: " if named else rf"vmm-start\.toml:\d+: {key}: "
    assert re.search(where, caught.value.message) and words in caught.value.message


def test_it_is_refused_on_the_host() -> None:
    scenario = load_scenario("vmm-start", {"executor": "host"})
    with pytest.raises(UsageError, match="is measured in a guest"):
        check(scenario, make_plan(scenario), None)


ALSO = """device = "sim-net-pa"
method = ["reset-owner", "new-owner"]
mem = "64G"
pages = "thp"
reps = 5
[[also]]
pages = "4k"
mem = ["1G", "2G"]
"""


def kinds(scenario: object) -> set[tuple[str, int]]:
    blocks = make_plan(scenario).blocks  # type: ignore[arg-type]
    return {(cell.pages.value, cell.mem >> 30) for block in blocks for cell in block.cells}


def own(tmp_path: Path, text: str, **overrides: Any) -> Any:
    path = tmp_path / "own.toml"
    path.write_text(text)
    return load_scenario(str(path), overrides)


def test_cells_beside_the_matrix(tmp_path: Path) -> None:
    scenario = own(tmp_path, ALSO)
    assert kinds(scenario) == {("thp", 64), ("4k", 1), ("4k", 2)}
    stored = scenario.model_dump(mode="json", by_alias=True)
    assert stored["also"] == [{"mem": [1 << 30, 2 << 30], "pages": ["4k"]}]
    assert kinds(type(scenario).from_dump(stored)) == kinds(scenario)


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({"mem": "2G"}, {("thp", 2)}),
        ({"pages": "hugetlb-2m"}, {("hugetlb-2m", 64)}),
        ({"reps": "7"}, {("thp", 64), ("4k", 1), ("4k", 2)}),
    ],
)
def test_who_names_sizes_or_pages_has_those_alone(
    tmp_path: Path, options: dict[str, Any], left: set[tuple[str, int]]
) -> None:
    assert kinds(own(tmp_path, ALSO, **options)) == left


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('pages = "4k"', 'pages = "5k"'), "also.pages: '5k' is unknown: did you mean 4k?"),
        (('pages = "4k"', 'device = "none"'), "also.device: no such key: known are mem, pages"),
        (('"1G", "2G"', '"1X"'), "'1X' is not a size"),
        (('"1G", "2G"', '"1G", "6K"'), "6 KiB is not a whole number of 4k pages"),
    ],
)
def test_tables_that_are_wrong(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        own(tmp_path, ALSO.replace(*change))
    assert words in caught.value.message


def test_the_usual_question_has_its_worst_pages_too() -> None:
    scenario = load_scenario("live-update", {})
    assert kinds(scenario) == {("thp", 64), ("hugetlb-2m", 64), ("4k", 1)}
