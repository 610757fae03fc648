# SPDX-License-Identifier: GPL-2.0-only
"""The page of runs in a browser: wide and narrow, light and dark, on a screen and on paper."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from bench.paths import ROOT
from bench.report.page.page import page
from bench.results.writer import Run
from tests.page.conftest import Visit
from tests.page.view import Scheme
from tests.unit.history.test_render import moved
from tests.unit.history.test_render import page as history
from tests.unit.page_runs import LONG, SCRIPT, far_apart, hostile, lonely, mixed, pinned, profiled

Written = Callable[[str], Path]

PAGES: dict[str, Callable[[], str]] = {
    "mixed": lambda: page([mixed()]),
    "hostile": lambda: page([hostile()]),
    "lonely": lambda: page([lonely()]),
    "pinned": lambda: page([pinned()]),
    "far apart": lambda: page([far_apart()]),
    "several": lambda: page([_of_another_kernel()], base=mixed()),
    "profiled": lambda: page([profiled()]),
    "profiled twice": lambda: page([profiled(9)], base=profiled()),
    "unlike": lambda: page([lonely()], base=pinned()),
    "history": lambda: history(moved()),
    **{
        f"reference {path.parent.name}": partial(path.read_text, encoding="utf-8")
        for path in sorted((ROOT / "reports/reference").glob("[7p]*/page.html"))
    },
}


def _of_another_kernel() -> Run:
    run = mixed(executor={"kernel": "6.13"})
    return replace(run, path=Path("b/other"))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Write a page of PAGES to a file, once a module, and return its path."""
    made: dict[str, Path] = {}

    def write(name: str) -> Path:
        if name not in made:
            path = tmp_path_factory.mktemp("page") / f"{name}.html"
            path.write_text(PAGES[name](), encoding="utf-8", errors="backslashreplace")
            made[name] = path
        return made[name]

    return write


# Every width and every scheme once: pages are made of the same, and have one style sheet. Those
# with something of everything have all combinations, and a width between.
ONCE: list[tuple[int, Scheme]] = [(1280, "light"), (360, "dark")]
MORE: list[tuple[int, Scheme]] = [(1280, "dark"), (768, "light"), (360, "light")]
VIEWS = [(name, *look) for name in PAGES for look in ONCE]
VIEWS += [(name, *look) for name in ("mixed", "profiled") for look in MORE]


@pytest.mark.parametrize(("name", "width", "scheme"), VIEWS)
def test_nothing_to_complain_about(
    visit: Visit, written: Written, tmp_path: Path, name: str, width: int, scheme: Scheme
) -> None:
    view = visit(written(name), width=width, scheme=scheme)
    assert view.violations() == []
    assert view.faint_svg_text() == []
    assert view.overlapping_svg_text() == []
    assert view.svg_text_outside() == []
    assert view.overflow() == 0
    view.screenshot(tmp_path / "page.png")
    assert (view.console, view.errors, view.requests) == ([], [], [])


@pytest.mark.parametrize("name", PAGES)
def test_on_paper(visit: Visit, written: Written, tmp_path: Path, name: str) -> None:
    """A4 within its margins: nothing is cut off, and paper is white in a dark scheme too."""
    view = visit(written(name), width=720, scheme="dark", media="print")
    assert view.overflow() == 0
    background = view.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert background == "rgb(255, 255, 255)"
    assert view.faint_svg_text() == []
    view.screenshot(tmp_path / "paper.png")


def test_the_keyboard_reaches_what_scrolls(visit: Visit, written: Written) -> None:
    """The skip link first, then the contents, then every region that can be too wide."""
    view = visit(written("mixed"), width=360)
    order = view.tab_order()
    assert order[0] == "a Skip to the report"
    regions = view.page.locator("[role=region]").count()
    assert sum(stop.startswith("div ") for stop in order) == regions > 8
    assert any("Pause of a live update" in stop for stop in order)
    code = view.page.get_by_role("region", name="Python that reads the samples")
    code.focus()
    view.page.keyboard.press("ArrowRight")
    view.page.wait_for_function("e => e.scrollLeft > 0", arg=code.element_handle())


def test_a_wide_table_is_stacked_on_a_phone(visit: Visit, written: Written) -> None:
    """Nothing is cut off or scrolls, each figure has its head, and it is a table all the same."""
    view = visit(written("mixed"), width=360)
    main = view.page.locator("#run-1-main")
    table = main.get_by_role("table")
    assert main.locator(".scroll").first.evaluate("e => e.scrollWidth - e.clientWidth") == 0
    assert table.get_by_role("columnheader").count() > 8
    row = table.get_by_role("row").nth(1)
    heads = row.locator("td").evaluate_all("all => all.map((e) => e.dataset.head)")
    assert {"median", "min", "max", "n"} <= {*heads}
    shown = "e => getComputedStyle(e, '::before').content"
    assert row.locator("td[data-head=median]").evaluate(shown) == '"median"'


def test_the_first_screen_answers(visit: Visit, written: Written) -> None:
    """Verdict, then bars, and the table begins right below them."""
    view = visit(written("mixed"), width=1280)
    parts = (".verdict", ".bar", "#run-1-main")
    tops = [view.page.locator(e).first.evaluate("e => e.getBoundingClientRect().y") for e in parts]
    assert tops == sorted(tops) and tops[1] < 800


@pytest.mark.parametrize("width", [1280, 360])
def test_bars_are_as_long_as_they_say(visit: Visit, written: Written, width: int) -> None:
    """At every width the ratio of two bars is that of their figures, and names stand above."""
    view = visit(written("mixed"), width=width)
    one, two = view.page.locator(".bars li").all()[:2]
    lengths = "li => [...li.querySelectorAll('.bar i')].map((e) => e.offsetWidth)"
    sums = [sum(each.evaluate(lengths)) for each in (one, two)]
    figures = [float(e.locator(".bar-figure strong").inner_text().split()[0]) for e in (one, two)]
    assert sums[0] / sums[1] == pytest.approx(figures[0] / figures[1], rel=0.2)
    if width == 360:
        name, bar = (one.locator(each).bounding_box() for each in (".bar-name", ".bar"))
        assert name and bar and name["y"] + name["height"] <= bar["y"]


def test_the_skip_link_skips(visit: Visit, written: Written) -> None:
    view = visit(written("mixed"))
    view.page.keyboard.press("Tab")
    view.page.keyboard.press("Enter")
    assert view.page.evaluate("document.activeElement.id") == "report"


@pytest.mark.parametrize("width", [1280, 360])
def test_names_are_shown_as_they_are(visit: Visit, written: Written, width: int) -> None:
    view = visit(written("hostile"), width=width)
    assert SCRIPT in view.page.locator("h1").inner_text()
    heads = view.page.locator("tbody th").all_inner_texts()
    assert LONG in heads
    assert view.page.locator("script").count() == 0


def test_a_screen_reader_hears_the_findings(visit: Visit, written: Written) -> None:
    """Each plot is one picture whose name says what it shows; each table has a name, a row too."""
    view = visit(written("mixed"))
    pictures = view.page.get_by_role("img")
    assert pictures.count() >= view.page.locator("figure").count() > 2
    first = pictures.first.get_attribute("aria-label") or ""
    assert "grows" in first and "with reset-owner" in first
    for table in view.page.get_by_role("table").all():
        assert table.locator("caption").count() == 1
        assert table.locator("tbody tr").count() == table.locator("tbody tr:has(th)").count()


def test_profiles_have_a_part_of_their_own(visit: Visit, written: Written) -> None:
    """It is in the contents, each method has a picture, and on a phone no table scrolls."""
    view = visit(written("profiled"), width=390)
    view.page.get_by_role("navigation").get_by_text("Where every instruction went").click()
    part = view.page.locator("#run-1-functions")
    assert part.get_by_role("img").count() == 2
    names = [img.get_attribute("aria-label") or "" for img in part.get_by_role("img").all()]
    assert names[0].startswith("reset-owner, sim-net-pa thp 1 GiB real: ")
    assert "unpin_user_page" in names[0]
    assert part.locator("table").count() == 3
    wider = "e => e.scrollWidth - e.clientWidth"
    assert [each.evaluate(wider) for each in part.locator(".scroll").all()] == [0] * 5


def test_two_profiled_runs_are_held_against_each_other(visit: Visit, written: Written) -> None:
    view = visit(written("profiled twice"))
    part = view.page.locator("#functions")
    rows = part.locator("tbody tr").all_inner_texts()
    assert rows[1].split() == ["put_page_testzero", "1.835", "M", "4.194", "M", "+2.359", "M", "+9"]
    assert "no function differs: sim-net-pa thp 1 GiB real new-owner" in part.inner_text()
