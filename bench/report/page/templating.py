# SPDX-License-Identifier: GPL-2.0-only
"""Fill templates of HTML pages."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bench.model.visible import visible


def templates_of(*directories: Path) -> Environment:
    """Make the environment of templates: every value is escaped that is not Markup."""
    return Environment(
        loader=FileSystemLoader(directories),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_shown,
    )


def _shown(value: Any) -> Any:
    """Escape control characters, and those that turn the direction of text."""
    return visible(value) if type(value) is str else value
