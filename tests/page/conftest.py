# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures: one browser for all tests of this directory, a fresh profile for each page."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser

from tests.page.browser import open_browser
from tests.page.view import Media, Scheme, View, open_view


class Visit(Protocol):
    """Open the page at ``path`` in a window of ``width`` CSS pixels."""

    def __call__(
        self, path: Path, *, width: int = 1280, scheme: Scheme = "light", media: Media = "screen"
    ) -> View: ...


# Not of session scope: it would still run beside the tests after these, some of which measure.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    with ExitStack() as views:

        def open_one(
            path: Path, *, width: int = 1280, scheme: Scheme = "light", media: Media = "screen"
        ) -> View:
            return views.enter_context(open_view(browser, path, width, scheme, media))

        yield open_one
