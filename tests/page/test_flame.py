# SPDX-License-Identifier: GPL-2.0-only
"""Flame graphs in the browser: in a page and as files, on a desktop, a phone and paper."""

from pathlib import Path

import pytest

from bench.report.page import page
from bench.report.profile.flame import Graph, flame, flame_difference, flame_file, flame_svg
from bench.report.profile.portion import portion
from tests.page.conftest import Visit
from tests.page.view import Media, Scheme, View, script
from tests.unit.profiles import EXEC, hostile, large, profile
from tests.unit.runs import NEW

WIDTHS = (320, 390, 620, 1000, 1280)
PAPER = 718  # CSS pixels of A4 between Chromium's margins
STYLE = Path(page.__file__).with_name("templates") / "page.css"


def graphs() -> dict[str, Graph]:
    new = portion(profile({"release": {"syscall": 30}, "exec": EXEC}, NEW))
    return {
        "small": flame(portion(profile())),
        "large": flame(portion(large(300))),
        "hostile": flame(portion(hostile())),
        "difference": flame_difference(portion(profile()), new),
    }


def in_page(path: Path, graph: Graph) -> Path:
    """A graph as a page has its plots, between other things."""
    style = "\n".join(STYLE.read_text().splitlines()[1:])
    region = '<div class="scroll plot" role="region" aria-label="A plot" tabindex="0">'
    svg = flame_svg(graph).replace("<svg ", '<svg role="img" aria-label="A flame graph" ', 1)
    path.write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Flames</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{style}</style><body><main><h1>Flames</h1><figure>{region}{svg}</div>"
        "<figcaption>Where it went</figcaption></figure></main>"
    )
    return path


def wrong(view: View) -> list[str]:
    """What is wrong with names of frames, in the eye of a reader."""
    names: list[str] = view.page.evaluate(script("frames.js"))
    outside = [*view.svg_text_outside(), *view.overlapping_svg_text(), *view.faint_svg_text()]
    return [*names, *outside, *view.errors, *view.console, *view.requests]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["small", "large", "hostile", "difference"])
def test_a_graph_in_a_page(name: str, width: int, visit: Visit, tmp_path: Path) -> None:
    path = in_page(tmp_path / "page.html", graphs()[name])
    schemes: tuple[Scheme, ...] = ("light", "dark")
    for scheme in schemes:
        view = visit(path, width=width, scheme=scheme)
        assert wrong(view) == [] and view.overflow() == 0
        assert view.violations() == []
        view.screenshot(tmp_path / f"{scheme}.png")


@pytest.mark.parametrize(
    ("width", "media", "scheme"),
    [(390, "screen", "light"), (1280, "screen", "dark"), (PAPER, "print", "light")],
)
def test_a_graph_as_a_file(
    width: int, media: Media, scheme: Scheme, visit: Visit, tmp_path: Path
) -> None:
    path = tmp_path / "flame.svg"
    path.write_text(flame_file([*graphs().values()]))
    assert wrong(visit(path, width=width, scheme=scheme, media=media)) == []


def test_a_graph_has_as_many_names_as_there_is_room_for(visit: Visit, tmp_path: Path) -> None:
    path = in_page(tmp_path / "page.html", graphs()["large"])
    count = "() => [...document.querySelectorAll('g text')].filter(t => t.checkVisibility()).length"
    shown = [visit(path, width=width).page.evaluate(count) for width in (390, 700, 1280)]
    assert 5 < shown[0] < shown[1] < shown[2]


def test_a_name_that_is_too_wide_is_found(visit: Visit, tmp_path: Path) -> None:
    path = in_page(tmp_path / "page.html", graphs()["large"])
    path.write_text(path.read_text().replace('font-size="11"', 'font-size="24"'))
    assert any("is wider than its frame" in each for each in wrong(visit(path, width=390)))


def test_one_can_tab_to_a_graph(visit: Visit, tmp_path: Path) -> None:
    """And hear what it is, as of all plots."""
    view = visit(in_page(tmp_path / "page.html", graphs()["small"]))
    assert len(view.tab_order()) == 1
