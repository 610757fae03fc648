# SPDX-License-Identifier: GPL-2.0-only
"""Hold the documents to the tree: links, command lines, options, file names, the results format."""

import json
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import typer.main
from jsonschema import Draft202012Validator

from bench.cli import app
from bench.model.cell import Backing, Batch, Break, Handover, Pages, Ptes
from bench.model.device import DEVICES
from bench.model.method import Method
from bench.paths import ROOT, SCENARIOS
from bench.plan.scenario import Scenario, load_scenario
from tests.test_linters import TRACKED
from tests.unit.stored_runs import measured

DOCS = ROOT / "docs"
DOCUMENTS = [path for path in TRACKED if path.suffix == ".md"]
NAMING = (ROOT / "CONTRIBUTING.md", DOCS / "internals.md")  # documents that name files
CLI = cast(Any, typer.main.get_command(app))
FIELDS = {field.alias or name for name, field in Scenario.model_fields.items()}


_COMPLETE = ("run", "list", "doctor", "kernel")  # alone; of others `bench gate` is but a name


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def code(text: str) -> list[str]:
    """The lines of a document's indented blocks, and its spans of code."""
    blocks = re.findall(r"^    +(.*)$", text, re.M)
    return [*blocks, *re.findall(r"`([^`\n]+)`", prose(text, spans=True))]


def prose(text: str, spans: bool = False) -> str:
    """A document without its indented blocks, and without its spans of code."""
    text = re.sub(r"^    .*$", "", text, flags=re.M)
    return text if spans else re.sub(r"`[^`\n]*`", "", text)


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub spells them."""
    headings = re.findall(r"^#+ (.+)$", prose(text, spans=True), re.M)
    plain = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", each).lower() for each in headings]
    return {re.sub(r"[^\w\- ]", "", each).replace(" ", "-") for each in plain}


def broken_links(path: Path, text: str) -> list[str]:
    """Relative links of a document whose file or heading is not there."""
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(text)):
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        known = text if not name else target.read_text() if anchor and target.is_file() else ""
        there = not name or target.exists()
        if not re.match(r"https?:", link) and not (
            there and (not anchor or anchor in anchors(known))
        ):
            broken.append(link)
    return broken


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_links_lead_somewhere(path: Path) -> None:
    assert not broken_links(path, path.read_text())


def test_a_broken_link_is_found() -> None:
    text = "# A `b` c\n[a](#a-b-c) [b](#a) [c](docs/none.md) [d](LICENSE) [e](https://e.org)"
    assert broken_links(ROOT / "x.md", text) == ["#a", "docs/none.md"]


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


@pytest.mark.parametrize("path", [*ROOT.glob("*.md"), *DOCS.glob("*.md")], ids=relative)
def test_contents_are_complete(path: Path) -> None:
    """Every section is linked before the first one begins; docs/README.md links every document."""
    text = path.read_text()
    if path == DOCS / "README.md":
        assert {each.name for each in DOCS.glob("*") if each != path} <= set(
            re.findall(r"\(([\w.-]+)\)", text)
        )
        return
    head, *rest = text.split("\n## ")
    wanted = anchors("\n".join(f"## {section.splitlines()[0]}" for section in rest))
    assert wanted == set(re.findall(r"\(#([\w-]+)\)", head))


def command_lines(text: str) -> Iterator[list[str]]:
    """The words behind `bench` of each command line in a document's code."""
    begin = re.compile(rf"(?:^|[\s/])bench ((?:{'|'.join(CLI.commands)})\b.*)")
    for line in code(text):
        for found in begin.findall(line):
            words = shlex.split(re.split(r"&&|[|;>]", found)[0], comments=True)
            if words[1:] or words[0] in _COMPLETE:
                yield words


def check_command(words: list[str]) -> None:
    """Parse a command line and load its scenario; raises what the command would complain of."""
    name, *rest = words
    parsed = CLI.commands[name].make_context(name, rest, parent=CLI.make_context("bench", []))
    fields = {key.rstrip("_"): value for key, value in parsed.params.items() if value is not None}
    scenario = fields.get("scenario", "")
    if (SCENARIOS / f"{scenario}.toml").exists() and "resume" not in fields:
        load_scenario(scenario, {key: fields[key] for key in FIELDS & fields.keys()})


def test_command_lines_parse() -> None:
    seen = 0
    for path in DOCUMENTS:
        for words in command_lines(path.read_text()):
            seen += 1
            try:
                check_command(words)
            except Exception as error:
                raise AssertionError(f"{relative(path)}: bench {words}: {error}") from error
    assert seen > 50


@pytest.mark.parametrize(
    "line", ["bench run --banana", "bench run --mem 3K", "bench doctor x", "`bench gate --floor`"]
)
def test_a_wrong_command_line_is_found(line: str) -> None:
    (words,) = command_lines(line if "`" in line else f"    {line}  # why")
    with pytest.raises(Exception, match=r"banana|3 KiB|unexpected|requires an argument"):
        check_command(words)


def options(command: str) -> set[str]:
    """The options of a command, and of commands below it."""
    top = CLI.commands[command]
    below = getattr(top, "commands", {}).values()
    params = [param for each in (top, *below) for param in each.params]
    return {name for each in params for name in each.opts if "--" in name}


def described(command: str) -> set[str]:
    """The options in the first columns of a command's tables in docs/command-line.md."""
    section = (DOCS / "command-line.md").read_text().split(f"\n## bench {command}\n")[1]
    rows = re.findall(r"^\|(.*?)\|", section.split("\n## ")[0], re.M)
    return {name for row in rows for name in re.findall(r"`(--[\w-]+)", row)}


@pytest.mark.parametrize("command", CLI.commands)
def test_options_are_described(command: str) -> None:
    assert described(command) == options(command)


@pytest.mark.parametrize("values", [DEVICES, Method, Pages, Backing, Ptes, Handover, Batch, Break])
def test_values_are_described(values: Iterable[str]) -> None:
    text = (DOCS / "devices-and-methods.md").read_text()
    assert [value for value in values if f"`{value}`" not in text] == []


def test_options_of_pytest_are_described() -> None:
    plugin = (ROOT / "bench/pytest_plugin/__init__.py").read_text()
    names = set(re.findall(r'"(--bench-\w+)"', plugin))
    assert names
    assert names == set(re.findall(r"^\| `(--bench-\w+)", (DOCS / "gate.md").read_text(), re.M))


def lost_files(text: str) -> list[str]:
    """Names of files in spans of code that are not in the tree; <...> makes one a pattern."""
    name = r"(?!/|~)(?:[\w.*-]+/)+[\w.*-]*|[\w-]+\.(?:py|c|h|md|toml|json)"
    spans = [span for span in re.findall(r"`([^`\n]+)`", text) if re.fullmatch(name, span)]
    assert spans
    return [span for span in spans if not any(ROOT.glob(span))]


@pytest.mark.parametrize("path", NAMING, ids=relative)
def test_files_that_are_named_are_there(path: Path) -> None:
    assert not lost_files(path.read_text())


def test_a_file_that_is_not_there_is_found() -> None:
    assert lost_files("`bench/cli.py` `bench/none/` `none.py` `tests/<x>.py`") == [
        "bench/none/",
        "none.py",
    ]


def test_every_package_has_its_line() -> None:
    text = (DOCS / "internals.md").read_text()
    packages = {f"`{relative(path.parent)}/`" for path in (ROOT / "bench").glob("*/__init__.py")}
    assert {name for name in packages if name not in text} == set()


SCHEMA = json.loads((DOCS / "results.schema.json").read_text())
RUN, SAMPLE = (
    Draft202012Validator({**SCHEMA, "anyOf": [{"$ref": f"#/$defs/{name}"}]})
    for name in ("run", "sample")
)


def check_run(path: Path) -> list[dict[str, Any]]:
    """Hold a run directory against the schema; its samples."""
    RUN.validate(json.loads((path / "run.json").read_text()))
    rows = [json.loads(line) for line in (path / "samples.jsonl").read_text().splitlines()]
    for row in rows:
        SAMPLE.validate(row)
    return rows


REFERENCE = ROOT / "reports/reference"
RUNS = sorted(path.parent for path in REFERENCE.rglob("run.json"))


@pytest.mark.parametrize("run", RUNS, ids=lambda run: str(run.relative_to(REFERENCE)))
def test_reference_runs_are_of_the_schema(run: Path) -> None:
    assert check_run(run)


def test_a_fresh_run_is_of_the_schema(tmp_path: Path) -> None:
    """With facts of this machine, a cell that failed, and warm-ups."""
    rows = check_run(measured(tmp_path / "run"))
    assert {row["status"].partition(":")[0] for row in rows} == {"ok", "failed", "warmup"}
    versions = re.findall(r"^\| (\d) \|", (DOCS / "results-format.md").read_text(), re.M)
    assert str(json.loads((tmp_path / "run/run.json").read_text())["format"]) in versions


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row.pop("pause"),
        lambda row: row.update(pause=-1),
        lambda row: row.update(pause=1.5),
        lambda row: row.update(unit="ns"),
        lambda row: row.update(more=1),
        lambda row: row.update(runs=1, extents=1),
        lambda row: row["phases"].update(lunch=1),
        lambda row: row.update(rep=None),
    ],
)
def test_a_wrong_row_is_not(change: Change) -> None:
    lines = (REFERENCE / "6.12-more/devices/samples.jsonl").read_text().splitlines()
    row = next(row for row in map(json.loads, lines) if row["status"] == "ok")
    SAMPLE.validate(row)
    change(row)
    assert not SAMPLE.is_valid(row)


def names_in(schema: Any) -> Iterator[str]:
    """Every key that a schema knows."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
    for value in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(value, dict | list):
            yield from names_in(value)


def test_every_key_is_described() -> None:
    text = (DOCS / "results-format.md").read_text()
    assert {name for name in names_in(SCHEMA) if f"`{name}`" not in text} == set()
