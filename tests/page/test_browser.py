# SPDX-License-Identifier: GPL-2.0-only
"""The browser is found, has fonts of its own, and leaves no process or file behind."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bench.paths import ROOT
from tests.page.browser import find_chromium
from tests.page.conftest import Visit
from tests.unit.children import eventually

# A test in a file of its own, with the fixtures of this directory.
VISIT = """
import os, signal
def test_it(visit, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<title>A page</title>")
    visit(page)
    {end}
"""


def processes_of(scratch: Path) -> list[psutil.Process]:
    """Find the processes whose temporary files are below ``scratch``."""

    def belongs(process: psutil.Process) -> bool:
        try:
            return process.environ().get("TMPDIR", "").startswith(str(scratch))
        except psutil.Error:
            return False

    return [process for process in psutil.process_iter() if belongs(process)]


@pytest.fixture
def scratch() -> Iterator[Path]:
    """Make a directory whose path is short enough for Chromium's sockets."""
    with tempfile.TemporaryDirectory(prefix="bench-left-") as path:
        yield Path(path)


@pytest.mark.parametrize("end", ["assert False", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_nothing_is_left(tmp_path: Path, scratch: Path, end: str) -> None:
    """Of a test that fails, and of one that is killed."""
    (tmp_path / "test_it.py").write_text(VISIT.format(end=end))
    plugins = ["-p", "tests.page.conftest", "-p", "no:cacheprovider"]
    places = [
        f"--basetemp={tmp_path}/pytest",
        f"--rootdir={tmp_path}",
        str(tmp_path / "test_it.py"),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, *places],
        env={
            **os.environ,
            "TMPDIR": str(scratch),
            "PYTHONPATH": str(ROOT),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -9 or "1 failed" in done.stdout, done.stdout
    assert eventually(lambda: not processes_of(scratch), 10)
    profiles = "**/playwright*"
    assert eventually(lambda: not list(scratch.glob(profiles)), 10)
    assert done.returncode == -9 or not list(scratch.iterdir())


def test_fonts_are_those_of_matplotlib(visit: Visit, tmp_path: Path) -> None:
    """Whatever the machine has: Debian has no DejaVu Sans Display, a desktop has an Arial."""
    wanted = {
        "DejaVu Sans Display": "DejaVu Sans Display",
        "Arial": "DejaVu Sans",
        "system-ui": "DejaVu Sans",
        "monospace": "DejaVu Sans Mono",
    }
    path = tmp_path / "page.html"
    path.write_text("".join(f"<p style='font-family: {name}'>&sum;" for name in wanted))
    page = visit(path).page
    devtools = page.context.new_cdp_session(page)
    devtools.send("DOM.enable")
    devtools.send("CSS.enable")
    root = devtools.send("DOM.getDocument")["root"]["nodeId"]
    nodes = devtools.send("DOM.querySelectorAll", {"nodeId": root, "selector": "p"})["nodeIds"]
    for node, family in zip(nodes, wanted.values(), strict=True):
        fonts = devtools.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
        assert [font["familyName"] for font in fonts] == [family]


def test_no_browser_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match="run `make setup-tests`"):
        find_chromium()
