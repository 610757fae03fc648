# SPDX-License-Identifier: GPL-2.0-only
"""`bench --version`."""

import re
import subprocess
import sys

from bench import __version__
from bench.paths import ROOT
from bench.protocol.helper import helper_digest


def test_it_says_what_a_figure_depends_on() -> None:
    words = [sys.executable, "-m", "bench", "--version"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT)
    rows = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert rows["bench"] == __version__
    assert rows["helper"].startswith(helper_digest())
    assert re.search(r"[0-9a-f]{7}|not known", rows["revision"])
    assert {"live-update", "range-unpin"} <= {*rows["series"].split(", ")}
    assert done.stderr == ""
