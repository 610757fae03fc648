# SPDX-License-Identifier: GPL-2.0-only
"""What a gate writes: text, Markdown, JSON, annotations and JUnit, for any name and reason."""

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from junitparser import JUnitXml

from bench.gate import render as verdicts
from bench.gate.judge import CellPair, Judgement, Limits
from tests.unit.command import Bench
from tests.unit.report.junit_rules import complaints
from tests.unit.runs import RESET_NAME, counted, few, judged

SLOW, FAST, WIDE = few(*[1.1e6] * 5), few(*[0.9e6] * 5), few(1e6, 1.01e6, 1.02e6, 1.05e6, 1.07e6)
SAME, SHORT = few(*[1e6] * 5), few(2e6)
EVIL = '<script>alert("x")</script> & \']]> --> | [a](http://example.org) ![b](c) `d` *e* _f_ \\|'


def every(name: str = "cell", why: str = "failed: it died") -> Judgement:
    """One cell of each verdict; ``name`` begins all of their names."""
    pairs = [
        CellPair(f"{name} regression", SAME, SLOW),
        CellPair(f"{name} missing", SAME, None, why_no_new=why),
        CellPair(f"{name} inconclusive", SAME, WIDE),
        CellPair(f"{name} blind", SAME, SHORT),
        CellPair(f"{name} improvement", SAME, FAST),
        CellPair(f"{name} no-change", SAME, SAME),
    ]
    found = judged(pairs, threshold=0.02)
    assert [cell.verdict for cell in found.cells] == [
        *("regression", "missing", "inconclusive", "inconclusive", "improvement", "no-change")
    ]
    return found


def test_the_text_has_the_worst_first_and_says_why() -> None:
    text = verdicts.judgement_text(every())
    head, table, why = text.split("\n\n")
    verdict, assumed = head.splitlines()
    assert verdict == (
        "1 regression, 1 missing, 2 inconclusive, 1 improvement, 1 no change (threshold 2.00%)"
    )
    assert assumed.startswith("assumes that boots differ no more than reps do")
    order = [line.split()[1] for line in table.splitlines()[1:]]
    assert order == ["regression", "missing", "blind", "inconclusive", "improvement", "no-change"]
    assert "+10.00 %" in table and "-10.00 %" in table
    lines = why.splitlines()
    assert lines[0] == "Why" and len(lines) == 5
    assert lines[2] == "  cell missing: NEW has no value (failed: it died)"


def test_the_floor_stands_beside_the_threshold() -> None:
    found = judged([CellPair("x", SAME, SAME)], threshold=0.001, floor=0.03)
    assert verdicts.headline(found) == "1 no change (threshold 0.10%, noise floor 3.00%)"
    assert verdicts.headline(judged([])).startswith("no cell (")


@settings(max_examples=200)
@example(EVIL)
@example("a\nb\x1b[2J\u2028\x00\ufffe\ud800")
@given(st.text(st.characters(), min_size=1, max_size=200))
def test_no_name_and_no_reason_breaks_a_line(text: str) -> None:
    found = every(text, text)
    assert len(verdicts.judgement_text(found).splitlines()) == 3 + 7 + 1 + 1 + 4
    assert len(verdicts.judgement_markdown(found).splitlines()) == 2 + 2 + 6 + 1 + 5
    for written in (
        verdicts.judgement_text(found),
        verdicts.judgement_markdown(found),
        verdicts.annotations(found),
    ):
        assert all(char.isprintable() or char == "\n" for char in written)


def cells_of(row: str) -> list[str]:
    """As a reader of GitHub's tables splits it: not at a pipe with a backslash before it."""
    return [cell.strip() for cell in re.findall(r"((?:\\.|[^|\\])*)\|", row.removeprefix("|"))]


def shown(text: str) -> str:
    """What is left of Markdown's backslashes."""
    return re.sub(r"\\(.)", r"\1", text)


def test_markdown_shows_a_name_as_it_is() -> None:
    lines = verdicts.judgement_markdown(every(EVIL, EVIL)).splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert {len(cells_of(line)) for line in table} == {7}
    assert [shown(cells_of(line)[0]) for line in table[2:4]] == [
        *(f"{EVIL} regression", f"{EVIL} missing")
    ]
    for line in lines[4:]:
        assert not re.search(r"(?<!\\)[<>\[\]`*_&]", re.sub(r"\\\\", "", line))


@settings(max_examples=200)
@given(st.text("|\\<&`a ", max_size=12))
def test_no_name_moves_a_column(name: str) -> None:
    rows = verdicts.judgement_markdown(every(f"x{name}")).splitlines()[4:10]
    for row in rows:
        assert cells_of(row)[1] in row.split(" | ") and len(cells_of(row)) == 7
        assert shown(cells_of(row)[0]).startswith(" ".join(f"x{name}".split()))


def test_json_is_what_was_found() -> None:
    found = every(EVIL)
    whole = json.loads(verdicts.as_json(found), parse_constant=pytest.fail)
    assert (whole["format"], whole["code"]) == (2, 1)
    assert whole["rule"]["threshold"] == 0.02 and whole["rule"]["floor"] is None
    assert [cell["cell"] for cell in whole["cells"]] == [cell.name for cell in found.cells]
    assert [cell["verdict"] for cell in whole["cells"]] == [cell.verdict for cell in found.cells]
    assert whole["cells"][0]["decision"]["ratio"] == pytest.approx(1.1)
    assert whole["cells"][1]["decision"] is None
    assert whole["cells"][3]["decision"]["mde"] is None  # infinite


def test_json_without_any_figure() -> None:
    """No ratio, no interval: none of NaN and Infinity is JSON."""
    found = judged([CellPair("zero", few(*[0.0] * 5), SAME), CellPair("x", None, None)])
    text = verdicts.as_json(found)
    whole = json.loads(text, parse_constant=pytest.fail)
    assert whole["cells"][0]["decision"]["ratio"] is None and whole["code"] == 125


def test_annotations_are_a_line_each() -> None:
    lines = verdicts.annotations(every("100 %\n::error::x,y")).splitlines()
    assert [line.partition(" ")[0] for line in lines] == [
        *("::error", "::error", "::error", "::warning")
    ]
    assert lines[0].startswith("::error title=bench regression::100 %25 ::error::x,y regression: ")
    assert not any(re.search("%(?!25)", line) for line in lines)
    assert verdicts.annotations(judged([CellPair("x", SAME, SAME)])) == ""


def junit(judgement: Judgement, path: Path) -> list[tuple[str, str]]:
    """Name and outcome of each case, as two parsers have them alike."""
    verdicts.write_junit(judgement, path)
    root = ElementTree.parse(path).getroot()
    cases = [
        (case.attrib["name"], next((e.tag for e in case if e.tag != "system-out"), "passed"))
        for case in root.iter("testcase")
    ]
    assert complaints(path.read_text()) == []
    suite = next(iter(JUnitXml.fromfile(str(path))))
    again = [
        (case.name, case.result[0]._elem.tag if case.result else "passed")  # noqa: SLF001
        for case in suite
    ]
    assert cases == again
    kinds = [kind for _, kind in cases]
    for element in (root, root[0]):
        for name, kind in (("failures", "failure"), ("errors", "error")):
            assert int(element.attrib[name]) == kinds.count(kind)
        assert int(element.attrib["tests"]) == len(cases)
    assert int(root[0].attrib["skipped"]) == kinds.count("skipped")
    return cases


def test_junit_has_a_case_a_cell(tmp_path: Path) -> None:
    found = junit(every(), tmp_path / "gate.xml")
    assert found == [
        ("cell regression", "failure"),
        ("cell missing", "error"),
        ("cell inconclusive", "skipped"),
        ("cell blind", "error"),
        ("cell improvement", "passed"),
        ("cell no-change", "passed"),
    ]
    strict = replace(every(), limits=replace(every().limits, strict=True))
    assert junit(strict, tmp_path / "gate.xml")[2] == ("cell inconclusive", "error")


def test_junit_says_why(tmp_path: Path) -> None:
    verdicts.write_junit(every(), tmp_path / "gate.xml")
    case = next(ElementTree.parse(tmp_path / "gate.xml").iter("testcase"))
    assert case[0].tag == "failure" or case[1].tag == "failure"
    failure = next(case.iter("failure"))
    assert (
        failure.attrib["message"].startswith("+10.00 %") and failure.attrib["type"] == "regression"
    )
    assert "+10.00 %" in str(next(case.iter("system-out")).text)


@settings(max_examples=100)
@example(name=EVIL)
@example(name="x" * 200)
@example(name="\x00\x01\x1b\x7f\x85\ud800\ufffe\uffff")
@given(name=st.text(st.characters(), min_size=1, max_size=200))
def test_junit_is_xml_whatever_the_name(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = junit(every(name, name), tmp_path_factory.mktemp("junit") / "gate.xml")
    plain = "".join(char if char.isprintable() else " " for char in name)
    assert found[0][0] == f"{plain} regression" and len(found) == 6


def test_all_files_of_one_gate(bench: Bench, tmp_path: Path) -> None:
    sides = counted(tmp_path / "base"), counted(tmp_path / "new", 1.1)
    names = {option: tmp_path / option for option in ("junit", "markdown", "json")}
    words = [word for option, path in names.items() for word in (f"--{option}", path)]
    ended = bench("gate", *sides, *words, "--annotations")
    assert ended.code == 1
    assert ended.out.count(f"::error title=bench regression::{RESET_NAME}") == 1
    assert len(JUnitXml.fromfile(str(names["junit"]))) == 1
    assert RESET_NAME in names["markdown"].read_text()
    assert json.loads(names["json"].read_text())["code"] == 1
    assert "::error" not in bench("gate", *sides).out


def test_a_gate_that_is_green_writes_them_too(bench: Bench, tmp_path: Path) -> None:
    base = counted(tmp_path / "base")
    assert bench("gate", base, base, "--json", tmp_path / "j", "--annotations").code == 0
    assert json.loads((tmp_path / "j").read_text())["code"] == 0


def test_limits_have_their_defaults() -> None:
    assert Limits(every().limits.rule) == every().limits
