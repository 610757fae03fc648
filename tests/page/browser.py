# SPDX-License-Identifier: GPL-2.0-only
"""Debian's Chromium, headless, driven by Playwright, with fonts of its own."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import matplotlib
import pytest
from playwright.sync_api import Browser, sync_playwright

# These stop the browser's own network traffic, as far as Playwright does not. Playwright also
# turns the sandbox off, which root and many containers cannot have; the pages are our own.
FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]


def find_chromium() -> str:
    """Find the browser's path. Without one the test fails: the set-up installs it."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.fail("chromium is not installed: run `make setup-tests`", pytrace=False)
    return path


def write_fonts(directory: Path) -> Path:
    """Write a fontconfig file into ``directory`` that knows DejaVu alone; returns its path.

    Boxes of text depend on the font. Tests measure in the one that plots are laid out for,
    which comes with matplotlib, whatever the machine has installed.
    """
    families = {"system-ui": "Sans", "sans-serif": "Sans", "ui-monospace": "Sans Mono"}
    families |= {"serif": "Serif", "monospace": "Sans Mono"}
    aliases = "".join(
        f"<alias binding='same'><family>{name}</family>"
        f"<prefer><family>DejaVu {font}</family></prefer></alias>"
        for name, font in families.items()
    )
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    path = directory / "fonts.conf"
    path.write_text(
        f"<fontconfig><dir>{fonts}</dir><cachedir>{directory}/fonts</cachedir>{aliases}"
        "<selectfont><rejectfont><glob>*/[!D]*</glob></rejectfont></selectfont></fontconfig>"
    )
    return path


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Run a browser. All that it writes is in a directory that is removed when it ends."""
    executable = find_chromium()
    # Not below pytest's own directories: the path of a socket has room for 107 characters.
    with tempfile.TemporaryDirectory(prefix="bench-page-") as scratch, ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TMPDIR", scratch)  # Playwright's own process makes the profile
            playwright = sync_playwright().start()
        stack.callback(playwright.stop)
        fonts = str(write_fonts(Path(scratch)))
        places = {"HOME": scratch, "TMPDIR": scratch, "FONTCONFIG_FILE": fonts}
        browser = playwright.chromium.launch(
            executable_path=executable, args=FLAGS, env={**os.environ, **places}
        )
        stack.callback(browser.close)
        yield browser
