# SPDX-License-Identifier: GPL-2.0-only
"""The examples of every --help: each is read by the parser that it is an example for."""

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from bench.cli import app
from bench.commands.examples import EXAMPLES
from bench.paths import SCENARIOS
from bench.plan.scenario import load_scenario
from tests.unit.command import Bench

FIELDS = {"mem", "pages", "reps", "method"}
CLI: Any = typer.main.get_command(app)


def commands(group: Any = CLI, before: str = "") -> Iterator[str]:
    """Every command, as it is typed; bench itself is empty."""
    yield before
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, f"{before} {name}".strip())


def parse(words: list[str]) -> tuple[str, dict[str, Any]]:
    """Read a command line as bench does; returns the command and its parameters."""
    group, context, command = CLI, CLI.make_context("bench", []), ""
    while hasattr(group, "commands") and words:
        name, *words = words
        group = group.commands[name]
        inner = [] if hasattr(group, "commands") and words else words
        context = group.make_context(name, [*inner], parent=context)
        command = f"{command} {name}".strip()
    return command, context.params


def test_every_command_has_examples_and_nothing_else_has() -> None:
    assert {*commands()} == {*EXAMPLES}
    assert [name for name, lines in EXAMPLES.items() if not 2 <= len(lines) <= 4] == []


@pytest.mark.parametrize("command", EXAMPLES)
def test_examples_are_command_lines_of_it(command: str) -> None:
    parsed = []
    for line in EXAMPLES[command]:
        assert len(line) < 79
        found, given = parse(shlex.split(line.partition("bench ")[2]))
        parsed.append(found)
        name = given.get("scenario", "")
        if (SCENARIOS / f"{name}.toml").exists():
            named = {key: value for key, value in given.items() if value is not None}
            load_scenario(name, {key: named[key] for key in FIELDS & named.keys()})
    assert any(each.startswith(command) for each in parsed)


def test_a_wrong_example_is_found() -> None:
    with pytest.raises(Exception, match="--banana"):
        parse(["kernel", "build", "--banana"])


@pytest.mark.parametrize("command", EXAMPLES)
def test_help_ends_in_them_line_by_line(command: str, bench: Bench) -> None:
    lines = [line.strip() for line in bench(*command.split(), "--help").out.splitlines()]
    assert lines[lines.index("Examples:") + 1 :] == [*EXAMPLES[command]]
