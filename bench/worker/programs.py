# SPDX-License-Identifier: GPL-2.0-only
"""Find and start programs alike, here and where a worker is."""

import os

# A shell that makes itself what is killed first where memory runs out, and not who waits for it.
KILLED_FIRST = "{ echo 1000 >/proc/self/oom_score_adj; } 2>/dev/null;"
# Behind the path of setpriv(1): what follows ends with the thread that has started it.
TIED = ("--pdeathsig", "KILL", "--")


def search_path() -> str:
    """Return where programs are looked for."""
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"  # not in every user's PATH


def version_in(output: str) -> str:
    """Return the version that a program has printed: its first line; "" for none."""
    return output.strip().partition("\n")[0].strip()
