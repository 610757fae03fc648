# SPDX-License-Identifier: GPL-2.0-only
"""The recipes of docs/spread.md, and a place where they run on something small."""

import os
import re
import sys
import textwrap
from pathlib import Path

from bench.paths import ROOT
from tests.guest.test_elsewhere import WORDS
from tests.unit.kernel.programs import program

_KEPT = ("HOME", "PYTHONPATH", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")


def recipe(line: str, parts: int = 2) -> str:
    """Return the indented block of the document that has such a line, for so many parts."""
    text = (ROOT / "docs/spread.md").read_text()
    blocks = re.findall(r"(?:^    .*\n)+", text, re.M)
    (found,) = (each for each in blocks if line in each)
    found = found.replace("1-4", f"1-{parts}").replace("/4", f"/{parts}")
    return textwrap.dedent(found)


def lay_bench(place: Path) -> None:
    """Make `.venv/bin/bench`, by which the scenario `scaling` is the smallest one."""
    small = " ".join(word for word in WORDS if word not in ("--clock", "icount"))
    kept = " ".join(f"{name}='{os.environ[name]}'" for name in _KEPT if name in os.environ)
    program(
        place / ".venv/bin",
        "bench",
        f"""
        if [ "$1 $2" = "run scaling" ]; then shift 2; set -- {small} "$@"; fi
        exec env {kept} '{sys.executable}' -P -m bench "$@"
        """,
    )
