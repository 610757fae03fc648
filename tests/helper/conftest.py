# SPDX-License-Identifier: GPL-2.0-only
"""The helper, built once as it is shipped and once with sanitizers."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helper.running import build


@pytest.fixture(scope="session")
def builds() -> Iterator[Path]:
    """Not below pytest's own directories, which are closed to other users."""
    with tempfile.TemporaryDirectory(prefix="bench-helper-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture(scope="session")
def helper(builds: Path) -> Path:
    """Stops at the first address or undefined-behaviour error."""
    build("sanitize", builds, "CC=gcc")
    return builds / "bench-helper-sanitize"


@pytest.fixture(scope="session")
def shipped(builds: Path) -> Path:
    build("all", builds, "CC=gcc")
    return builds / "bench-helper"
