# SPDX-License-Identifier: GPL-2.0-only
"""Debian's Chromium, headless, driven by Playwright; it leaves nothing behind."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import matplotlib
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
    """A running browser. Whatever it writes is in a directory that goes when it ends."""
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
