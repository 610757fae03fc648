# SPDX-License-Identifier: GPL-2.0-only
"""Find the directories of a user, as the XDG specification has them."""

import os
from pathlib import Path


def xdg_base(variable: str, usual: str) -> Path:
    """Return the directory that a variable names, without it the ``usual`` one below ~.

    RuntimeError where there is no home. A relative path is invalid and to be ignored.
    """
    named = Path(os.environ.get(variable, ""))
    return named if named.is_absolute() else Path(usual).expanduser()
