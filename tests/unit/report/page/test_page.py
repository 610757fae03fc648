# SPDX-License-Identifier: GPL-2.0-only
"""The page as HTML: what is in it, what is not, and that data never becomes markup."""

import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from bench.errors import UsageError
from bench.paths import ROOT
from bench.report.page.page import page
from bench.report.table.columns import factors
from bench.report.table.figures import figures
from bench.results.writer import Run
from tests.unit.page_runs import (
    LONG,
    SCRIPT,
    Make,
    hostile,
    html_of,
    lonely,
    mixed,
    pinned,
    profiled,
)

VOID = {"meta", "link", "br", "img", "hr"}
RUNS = (mixed, hostile, lonely, pinned, profiled)


class Outline(HTMLParser):
    """Elements with their attributes, the text outside of SVG, and whether all are closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.open += [tag] if tag not in VOID else []
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data
        if "svg" not in self.open:
            self.text.append(data)

    def having(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.mark.parametrize("make", RUNS)
def test_elements(make: Make) -> None:
    """Everything is closed, an id is there once, what is referred to exists, nothing runs."""
    outline = Outline(html_of(make))
    assert outline.open == []
    ids = [attrs["id"] for _, attrs in outline.elements if "id" in attrs]
    assert len(ids) == len({*ids})
    found = [
        word
        for _, attrs in outline.elements
        for name in ("aria-labelledby", "href", "xlink:href")
        for word in (attrs.get(name) or "").split()
    ]
    assert {word.removeprefix("#") for word in found} <= {*ids}
    tags = {tag for tag, _ in outline.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "form", "base", "foreignobject"}
    assert not [name for _, attrs in outline.elements for name in attrs if name.startswith("on")]


@pytest.mark.parametrize("make", RUNS)
def test_headings_are_in_order(make: Make) -> None:
    levels = [int(tag[1]) for tag, _ in Outline(html_of(make)).elements if tag in HEADINGS]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(level <= before + 1 for before, level in pairwise(levels))


HEADINGS = {f"h{level}" for level in range(1, 7)}


@pytest.mark.parametrize("make", RUNS)
def test_nothing_is_fetched(make: Make) -> None:
    """No address at all but the names of SVG's vocabularies."""
    html = html_of(make)
    addresses = {*re.findall(r"\w+://[^\s\"'<)]*", html)}
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"@import|url\((?!#)", html)


def test_every_cell_is_there_with_its_state() -> None:
    run = mixed()
    rows = {tuple(row[:5]): row for row in reversed(Outline(html_of(mixed)).rows)}
    for found in figures(run):
        row = rows[factors(found.cell)]
        assert (found.pause is not None) or found.state.value in row
    assert {"extrapolated", "failed", "skipped", "missing"} <= {
        cell for row in rows.values() for cell in row
    }


def test_a_count_is_never_a_time() -> None:
    text = " ".join(Outline(html_of(mixed)).text)
    assert not re.search(r"\d (ns|us|ms|s)\b", text)
    assert "not a time" in text


def test_where_a_method_gains_nothing_it_is_said() -> None:
    html = html_of(mixed)
    assert "reopen gains next to nothing, or loses, in 4 of 4 cells: 0.889x" in html
    assert "new-owner gains next to nothing" not in html


def test_names_are_text() -> None:
    html = html_of(hostile)
    assert "<script" not in html
    assert "&amp;amp;" in html  # it was no character reference to begin with
    assert "\u202e" not in html and "\x07" not in html and "\x00" not in html
    assert LONG in "".join(Outline(html).text)


MARKUP = st.sampled_from("<>&\"'\u2028]]-->{{}}{%")
# Facts come as JSON writes them, half a character included; a cell's factors are proper text.
anything = st.text(st.characters(exclude_categories=[]) | MARKUP, max_size=30)
proper = st.text(st.characters(exclude_categories=["Cs"]) | MARKUP, max_size=30)


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(device=proper, fact=anything)
def test_no_text_becomes_markup(device: str, fact: str) -> None:
    """The elements are the same whatever names say, and no text of them is lost."""
    plain = _named("x", "y")
    outline = Outline(page([_named(device + SCRIPT, fact)]))
    assert _tags(outline) == _tags(Outline(page([plain])))
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in fact)
    assert f"<{shown}>" in "".join(outline.text)


def _tags(outline: Outline) -> list[str]:
    return [tag for tag, _ in outline.elements if tag not in ("tspan", "text", "g", "path")]


def _named(device: str, fact: str) -> Run:
    run = lonely()
    by_cell = {replace(cell, device=f"d{device}"): columns for cell, columns in run.by_cell.items()}
    executor = structs.replace(run.facts.executor, kernel=f"<{fact}>")
    facts = structs.replace(run.facts, executor=executor)
    return replace(run, by_cell=by_cell, facts=facts)


@pytest.mark.slow
def test_same_bytes_in_two_processes() -> None:
    code = (
        "import hashlib; from bench.report.page.page import page;"
        " from tests.unit.page_runs import mixed;"
        " print(hashlib.sha256(page([mixed()]).encode()).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


@pytest.mark.slow
def test_several_runs_and_what_differs() -> None:
    other = replace(mixed(executor={"kernel": "6.13"}), path=Path("b/other"))
    html = page([other], base=mixed())
    rows = Outline(html).rows
    assert ["kernel", "6.12+live-update", "6.13", "yes"] in rows
    assert ["clock", "icount", "wall", "no"] in Outline(page([lonely()], base=mixed())).rows
    assert "Nothing that matters" in page([replace(mixed(), path=Path("c"))], base=mixed())
    assert "3 runs: median of the pause" in page([other, replace(other, path=Path("c"))], mixed())
    assert "runs: median of the pause" not in page([lonely()], base=mixed())
    with pytest.raises(UsageError, match="twice"):
        page([mixed()], base=mixed())


def test_what_the_samples_do_not_say_is_not_drawn() -> None:
    titles = re.findall(r"<figcaption[^>]*><strong>([^<]*)\.", html_of(lonely))
    assert titles == []
    titles = re.findall(r"<figcaption[^>]*><strong>([^<]*)\.", html_of(pinned))
    assert titles == ["Growth with memory", "Spread", "Order of measurement"]


@pytest.mark.parametrize("make", RUNS)
def test_pictures_say_what_they_show(make: Make) -> None:
    outline = Outline(html_of(make))
    pictures = outline.having("svg")
    assert all(attrs["role"] == "img" for attrs in pictures)
    said = [attrs["aria-label"] or "" for attrs in pictures]
    assert all(len(each) > 30 or re.search(r"picture \d+ of \d+$", each) for each in said)
    bars = [attrs for attrs in outline.having("div") if attrs.get("class") == "bar"]
    assert bars and all(attrs["aria-hidden"] == "true" for attrs in bars)


def test_size() -> None:
    assert max(len(html_of(make)) for make in RUNS) < 1_000_000


def test_a_section_of_more_rows_than_a_browser_shows_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = Outline(html_of(mixed))
    monkeypatch.setattr("bench.report.page.page._MOST_ROWS", 3)
    cut = Outline(page([mixed()]))
    assert len(cut.rows) < len(whole.rows)
    assert re.search(
        r"the first 3 of \d+ rows: bench report --format csv has all cells", "".join(cut.text)
    )
    assert "rows: bench report" not in "".join(whole.text)
