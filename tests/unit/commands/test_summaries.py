# SPDX-License-Identifier: GPL-2.0-only
"""The line of each command in the help of the one above it."""

import pytest

from tests.unit.command import Bench


@pytest.mark.parametrize("words", [(), ("kernel",)])
def test_no_summary_is_cut_at_80_columns(
    words: tuple[str, ...], bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    commands = bench(*words, "--help").out.partition("Commands:\n")[2].partition("\n\n")[0]
    assert commands.count("\n") >= 2
    assert [line for line in commands.splitlines() if line.endswith(("...", "\u2026"))] == []
