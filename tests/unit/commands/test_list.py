# SPDX-License-Identifier: GPL-2.0-only
"""bench list: everything that has a name, from the tables that the code goes by."""

import json
from collections.abc import Collection
from pathlib import Path

import pytest
import typer.main

from bench.cli import app
from bench.commands.list import LISTINGS
from bench.commands.list_line import SECTIONS
from bench.kernel.name import known_bases
from bench.kernel.series import names_of_series
from bench.model.cell import Break, Pages
from bench.model.device import DEVICES
from bench.model.method import Method
from bench.paths import SCENARIOS
from bench.report.formats import NAMES, HistoryFormat, LetterStyle, ProfileFormat
from tests.unit.command import Bench

WANTED: dict[str, Collection[str]] = {
    "scenarios": sorted(path.stem for path in SCENARIOS.glob("*.toml")),
    "methods": [*Method],
    "devices": [*DEVICES],
    "pages": [*Pages],
    "breaks": [*Break],
    "formats": NAMES,
    "styles": [*LetterStyle],
    "profile-formats": [*ProfileFormat],
    "history-formats": [*HistoryFormat],
    "series": [*names_of_series(), "stock"],
}


def test_every_section_is_tested() -> None:
    assert {*LISTINGS} == {*WANTED, "kernels"}
    assert tuple(LISTINGS) == SECTIONS


@pytest.mark.parametrize("section", WANTED)
def test_a_section_has_what_the_code_knows_and_says_what_it_is(section: str, bench: Bench) -> None:
    found = json.loads(bench("list", section, "--json").out)
    assert [row["name"] for row in found[section]] == [*WANTED[section]]
    assert all(len(row["about"]) > 4 for row in found[section])


def test_kernels_are_what_can_be_named_and_what_is_built(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    names = [row["name"] for row in json.loads(bench("list", "kernels", "--json").out)["kernels"]]
    assert names == known_bases()
    (tmp_path / "bench/kernels/6.12.1+mine-0123").mkdir(parents=True)
    assert "6.12.1+mine-0123  built 2" in bench("list", "kernels").out


def test_all_sections_stand_below_one_another(bench: Bench) -> None:
    heads = [part.split("  ")[0] for part in bench("list").out.split("\n\n")]
    assert heads == [each.heads[0] for each in LISTINGS.values()]


def test_an_unknown_section_has_a_near_word(bench: Bench) -> None:
    ended = bench("list", "method")
    assert ended.code == 2
    assert ended.complaints[0] == "bench: there is no list of 'method'"
    assert "did you mean methods?" in ended.complaints[1]


def test_the_schema_stands_alone(bench: Bench) -> None:
    assert bench("list", "methods", "--schema").code == 2
    assert json.loads(bench("list", "--schema").out)["title"] == "Scenario"


def test_help_of_options_names_what_the_lists_have() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for command, option, names in (
        ("report", "format_", NAMES),
        ("report", "style", LetterStyle),
        ("profile", "format_", ProfileFormat),
        ("history", "format_", HistoryFormat),
    ):
        (found,) = (each for each in commands[command].params if each.name == option)
        assert [name for name in names if name not in found.help] == []
