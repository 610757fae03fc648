# SPDX-License-Identifier: GPL-2.0-only
"""What gcc and sparse say of a part of a kernel while it is built, and checkpatch of a patch."""

import os
import re
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

ALL_WARNINGS = ("W=1", "CHECK=sparse")  # of make; C=1 or C=2 says of which files sparse

_NO_GIT = ("--ignore", "UNKNOWN_COMMIT_ID")


def built(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Counter[str]:
    """Call make; return its warnings and how often each came.

    They are without the numbers of their lines, which move. AssertionError when it fails.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    lines = (re.sub(r":\d+:\d+:", ":", line) for line in done.stderr.splitlines())
    return Counter(line for line in lines if "warning:" in line or "error:" in line)


def assert_checkpatch_is_clean(source: Path, patch: Path) -> None:
    """Call checkpatch of a kernel; AssertionError with what it has to say.

    It looks for a commit that a patch fixes, and the repository of these tests is not the kernel's.
    """
    script = source / "scripts/checkpatch.pl"
    done = subprocess.run(
        ["perl", script, "--strict", "--no-tree", "--show-types", *_NO_GIT, patch],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GIT_DIR": "none"},
    )
    assert done.returncode == 0, done.stdout
    assert "0 errors, 0 warnings, 0 checks" in done.stdout
