# SPDX-License-Identifier: GPL-2.0-only
"""Who measured, with what and when: a run that was resumed has more than one session."""

import platform
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache

from bench import __version__
from bench.errors import BenchError
from bench.machine.facts import boot_id
from bench.model.facts import SessionFacts
from bench.paths import ROOT
from bench.process import run
from bench.protocol.helper import helper_digest


def session(arguments: Sequence[str]) -> SessionFacts:
    """Describe the session that begins now: when, where, and by which sources of bench."""
    return SessionFacts(
        began=datetime.now(UTC).isoformat(timespec="seconds"),
        bench=__version__,
        command=shlex.join(["bench", *arguments]),
        host=platform.node(),
        boot_id=boot_id(),
        revision=revision(),
        helper=helper_digest(),
    )


@cache
def revision() -> str:
    """Of the checkout, ``-dirty`` when it was changed; empty where there is none."""
    if not (ROOT / ".git").exists():
        return ""
    git = ["git", "--no-optional-locks", "-C", str(ROOT)]
    try:
        return run([*git, "describe", "--always", "--dirty", "--exclude=*"], timeout=10).strip()
    except BenchError:
        return ""
