# SPDX-License-Identifier: GPL-2.0-only
"""A cache of the test's own, with its journals, and a machine to be tuned."""

from pathlib import Path

import pytest

from tests.unit.machines import SERVER, machine


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the journals are."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/bench/journal"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return machine(tmp_path / "machine", SERVER)
