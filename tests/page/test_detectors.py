# SPDX-License-Identifier: GPL-2.0-only
"""Each detector of View finds the fault that it is for, and nothing on a page without one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.page.conftest import Visit
from tests.page.view import Media, Scheme

# What a page of ours may have: a policy that allows nothing, both schemes, inline SVG,
# a table that is wider than a telephone and can be scrolled.
STYLE = """
:root { color-scheme: light dark; background: Canvas; --dim: light-dark(#595959, #a6a6a6); }
p { color: var(--dim); }
text { fill: currentColor; }
td { padding: 0 9em; }
@media print { :root { color-scheme: light; } }
"""
CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
CLEAN = """
<h1 id="top">A page</h1> <p>with a <a href="#top">link</a>.</p>
<svg role="img" aria-label="a chart" width="300" height="60">
  <rect x="0" y="20" width="100" height="20" fill="#000"/>
  <text x="10" y="15">over</text>
  <text x="10" y="35" style="fill: #fff">in it</text>
  <text x="10" y="55">two <tspan font-weight="bold">pieces</tspan></text>
</svg>
<div role="region" aria-label="cells" tabindex="0" style="overflow-x: auto">
  <table><tr><td>1</td><td>2</td></tr></table>
</div>
<details><summary>More</summary><svg><text x="-9" y="5">unseen</text></svg></details>
"""

Page = Callable[[str], Path]


@pytest.fixture
def page(tmp_path: Path) -> Page:
    def write(body: str) -> Path:
        path = tmp_path / "page.html"
        path.write_text(
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title>'
            f'<meta http-equiv="Content-Security-Policy" content="{CSP}">'
            f"<style>{STYLE}</style><main>{body}</main></html>"
        )
        return path

    return write


def svg(body: str) -> str:
    return f'<svg role="img" aria-label="a chart" width="200" height="60">{body}</svg>'


@pytest.mark.parametrize(("scheme", "media"), [("light", "screen"), ("dark", "print")])
def test_a_clean_page(
    visit: Visit, page: Page, tmp_path: Path, scheme: Scheme, media: Media
) -> None:
    view = visit(page(CLEAN), width=360, scheme=scheme, media=media)
    assert view.violations() == []
    assert view.faint_svg_text() == []
    assert view.overlapping_svg_text() == []
    assert view.svg_text_outside() == []
    assert view.overflow() == 0
    assert view.tab_order() == ["a link", "div cells", "summary More"]
    view.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
    assert (view.console, view.errors, view.requests) == ([], [], [])


def test_what_a_page_says(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<script>console.warn('careful'); throw new Error('torn')</script>")
    view = visit(path)
    assert view.console == ["warning: careful"]
    assert view.errors == ["torn"]


def test_a_policy_that_is_violated(visit: Visit, page: Page) -> None:
    (said,) = visit(page("<script>document.title = 'x'</script>")).console
    assert "Content Security Policy" in said


def test_what_a_page_fetches(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(
        "<img alt='' src='http://192.0.2.1/a.png'><iframe src='other.html'></iframe>"
        "<style>@import 'http://192.0.2.1/a.css'</style>"
    )
    fetched = [
        "http://192.0.2.1/a.css",
        "http://192.0.2.1/a.png",
        f"{tmp_path.as_uri()}/other.html",
    ]
    assert sorted(visit(path).requests) == sorted(fetched)


def test_what_wcag_forbids(visit: Visit, page: Page) -> None:
    body = """
    <h1 style="color: #949494; background: #fff">large, 3:1</h1>
    <p style="color: #949494; background: #fff">3:1</p>
    <div style="background: linear-gradient(red, blue)">on what?</div>
    <img src="data:,"> <b tabindex="0" role="button"></b>
    """
    found = visit(page(body)).violations()
    assert [finding.split(": ")[:2] for finding in found] == [
        ["aria-command-name", "b"],
        ["color-contrast", "h1"],
        ["color-contrast", "p"],
        ["image-alt", "img"],
        ["color-contrast (undecided)", "div"],
    ]


def test_a_page_without_a_background(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<!doctype html><html lang='en'><title>A page</title><p>text</p></html>")
    (found,) = visit(path, scheme="dark").violations()
    assert found.startswith("no-background: html: ")


def test_contrast_that_only_one_scheme_lacks(visit: Visit, page: Page) -> None:
    body = page(
        "<p style='color: #333'>dark</p>" + svg("<text y='20' style='fill: #333'>on</text>")
    )
    light, dark = visit(body, scheme="light"), visit(body, scheme="dark")
    assert (light.violations(), light.faint_svg_text()) == ([], [])
    assert len(dark.violations()) == len(dark.faint_svg_text()) == 1


def test_overflow(visit: Visit, page: Page) -> None:
    body = page("<div style='width: 400px; margin: -8px'>x</div>")
    assert visit(body, width=360).overflow() == 40
    assert visit(body, width=400).overflow() == 0


def test_overflow_that_cannot_be_scrolled_to(visit: Visit, page: Page) -> None:
    body = "<style>body { overflow-x: hidden }</style><div style='width: 500px'>x</div>"
    assert visit(page(body), width=360).overflow() > 140


def test_tab_order_is_what_the_key_does(visit: Visit, page: Page) -> None:
    links = "<a href='#a'>second</a><a href='#b' tabindex='1'>first</a><a href='#c' hidden>no</a>"
    view = visit(page(links))
    assert view.tab_order() == view.tab_order() == ["a first", "a second"]


def test_a_blank_screenshot(visit: Visit, page: Page, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"blank\.png is blank"):
        visit(page("<p style='color: transparent'>x</p>")).screenshot(tmp_path / "blank.png")


def test_svg_text_that_overlaps(visit: Visit, page: Page) -> None:
    two = "<text x='10' y='20'>one</text><text x='30' y='25'>two</text>"
    lines = "<text x='10' y='20'>upper<tspan x='10' dy='5'>lower</tspan></text>"
    turned = (
        "<text x='10' y='20'>flat</text><text transform='rotate(-90 20 40)' x='20' y='40'>up</text>"
    )
    view = visit(page(svg(two) + svg(lines) + svg(turned)))
    assert view.overlapping_svg_text() == [
        "'one' overlaps 'two'",
        "'upper' overlaps 'lower'",
        "'flat' overlaps 'up'",
    ]


def test_svg_text_that_runs_out(visit: Visit, page: Page) -> None:
    places = {"right": (190, 20), "left": (-9, 20), "top": (9, 5), "bottom": (9, 64), "in": (9, 40)}
    texts = [svg(f"<text x='{x}' y='{y}'>{word}</text>") for word, (x, y) in places.items()]
    assert visit(page("<br>".join(texts))).svg_text_outside() == [
        f"{word!r} runs out of its svg" for word in ("right", "left", "top", "bottom")
    ]


def test_svg_text_that_is_faint(visit: Visit, page: Page) -> None:
    bodies = [
        "<text x='9' y='20' style='fill: #949494'>grey</text>",
        "<text x='9' y='20' style='fill: #000' opacity='0.42'>pale</text>",
        "<rect width='99' height='40'/><text x='9' y='20' style='fill: #111'>dark on dark</text>",
        "<rect x='25' width='99' height='40'/><text x='9' y='20'>partly</text>",
        "<linearGradient id='g'><stop stop-color='#fff'/></linearGradient>"
        "<rect width='99' height='40' fill='url(#g)'/><text x='9' y='20'>shaded</text>",
    ]
    assert visit(page("".join(map(svg, bodies)))).faint_svg_text() == [
        "'grey': contrast 3.03",
        "'pale': contrast 3.03",
        "'dark on dark': contrast 1.11",
        "'partly': contrast 1.00",
        "'shaded': contrast nan",
    ]
