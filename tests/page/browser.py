# SPDX-License-Identifier: GPL-2.0-only
"""Debian's Chromium, headless, driven by Playwright; it leaves nothing behind."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

# No traffic of the browser's own, beside what Playwright turns off. It turns the sandbox off
# too: root cannot have it, nor many containers, and the pages are ours.
FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]


def find_chromium() -> str:
    """The path of the browser; the test fails where there is none: it is part of the set-up."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.fail("chromium is not installed: run `make setup-tests`", pytrace=False)
    return path


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A running browser. Whatever it writes is in a directory that goes when it ends."""
    executable = find_chromium()
    # Not below pytest's own directories: the path of a socket has room for 107 characters.
    with tempfile.TemporaryDirectory(prefix="bench-page-") as scratch, ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TMPDIR", scratch)  # Playwright's own process makes the profile
            playwright = sync_playwright().start()
        stack.callback(playwright.stop)
        places = {"HOME": scratch, "TMPDIR": scratch}
        browser = playwright.chromium.launch(
            executable_path=executable, args=FLAGS, env={**os.environ, **places}
        )
        stack.callback(browser.close)
        yield browser
