# SPDX-License-Identifier: GPL-2.0-only
"""A page in the browser, and detectors for what is wrong with it."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import combinations
from pathlib import Path
from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, FloatRect, Page, Request, ViewportSize

from tests.page.svg_text import Text

Scheme = Literal["light", "dark"]
Media = Literal["screen", "print"]

HEIGHT = 800  # of the window; what is below it can be scrolled to
MOST_PIXELS = 3000  # of a picture's height: a long page takes many seconds


@cache
def script(name: str) -> str:
    return Path(__file__).with_name(name).read_text()


@dataclass(frozen=True)
class View:
    """An open page.

    ``console`` and ``errors`` are what it logged and threw, ``requests`` the URLs that it asked
    for, its own excepted. Detectors return findings, a line each; none if nothing is wrong.
    """

    page: Page
    console: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def violations(self) -> list[str]:
        """Find what breaks WCAG 2.0 to 2.2, A and AA, by axe; large text needs 4.5 as well.

        What axe cannot decide is a finding, but for SVG text: see faint_svg_text().
        """
        self.page.evaluate(AXE_SCRIPT)
        found: list[str] = self.page.evaluate(script("wcag.js"))
        return found

    def faint_svg_text(self) -> list[str]:
        """Find SVG text whose contrast with what is below it is less than 4.5, or unknown."""
        return [f"{text}: contrast {text.contrast:.2f}" for text in self._texts if text.is_faint()]

    def overflow(self) -> int:
        """Measure by how many pixels the page is wider than the window."""
        pixels: int = self.page.evaluate(
            "() => document.scrollingElement.scrollWidth - document.documentElement.clientWidth"
        )
        return pixels

    def tab_order(self) -> list[str]:
        """Press Tab until it leaves the page; return each element's tag and text, in order."""
        self.page.evaluate("() => { document.activeElement.blur(); window.visited = new Set(); }")
        order: list[str] = []
        while True:
            self.page.keyboard.press("Tab")
            focused: str | None = self.page.evaluate(script("focused.js"))
            if focused is None:
                return order
            order.append(focused)

    def screenshot(self, path: Path) -> None:
        """Write the page as a PNG file, if not its end; AssertionError if it has one colour."""
        width, height = self.page.evaluate(
            "() => [document.documentElement.clientWidth, document.documentElement.scrollHeight]"
        )
        clip = FloatRect(x=0, y=0, width=width, height=min(height, MOST_PIXELS))
        png = self.page.screenshot(path=path, full_page=True, clip=clip)
        blank = self.page.context.new_page()
        colours: int = blank.evaluate(script("colours.js"), base64.b64encode(png).decode())
        blank.close()
        assert colours > 1, f"{path} is blank"

    def overlapping_svg_text(self) -> list[str]:
        """Find pairs of SVG texts that stand on one another."""
        return [f"{a} overlaps {b}" for a, b in combinations(self._texts, 2) if a.overlaps(b)]

    def svg_text_outside(self) -> list[str]:
        """Find SVG texts that are not wholly within their svg."""
        return [f"{text} runs out of its svg" for text in self._texts if text.is_outside()]

    @cached_property
    def _texts(self) -> list[Text]:
        return [Text(**box) for box in self.page.evaluate(script("svg_text.js"))]


@contextmanager
def open_view(
    browser: Browser, path: Path, width: int, scheme: Scheme, media: Media
) -> Iterator[View]:
    """Open ``path`` in a new window without a network: requests are recorded, and fail."""
    window = ViewportSize(width=width, height=HEIGHT)
    with browser.new_context(viewport=window, color_scheme=scheme, offline=True) as context:
        page = context.new_page()
        page.emulate_media(media=media)
        view = View(page)
        own = path.absolute().as_uri()

        def note(request: Request) -> None:
            if request.url != own:
                view.requests.append(request.url)

        page.on("console", lambda said: view.console.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: view.errors.append(str(error)))
        page.on("request", note)
        page.goto(own)
        yield view
