# SPDX-License-Identifier: GPL-2.0-only
"""Files of the kernel as values: what is not understood is None, and nothing raises."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.machine.sysfs import cpu_list, cpus_text, field, flag, integer, read, selected


def spelled(cpus: set[int]) -> str:
    """As the kernel prints a mask: runs of CPUs."""
    runs: list[list[int]] = []
    for cpu in sorted(cpus):
        if runs and runs[-1][-1] == cpu - 1:
            runs[-1].append(cpu)
        else:
            runs.append([cpu])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)


@given(st.sets(st.integers(0, 8191), max_size=50))
def test_a_list_of_cpus_is_read_back(cpus: set[int]) -> None:
    assert cpu_list(spelled(cpus)) == tuple(sorted(cpus))
    assert cpu_list(f"{spelled(cpus)}\n") == tuple(sorted(cpus))


@given(st.text())
def test_any_text_is_a_value_or_none(text: str) -> None:
    assert all(cpu >= 0 for cpu in cpu_list(text))
    assert (
        integer(text) is None or str(integer(text)) == text.lstrip("0") or text.strip("-0") != text
    )
    assert flag(text) is None or text in "01"
    assert selected(text) is None or f"[{selected(text)}]" in text
    assert field(text, "name") is None or "name" in text


@pytest.mark.parametrize("text", [None, "", "(null)", "3-1", "1-", "-1", "a", "1,,2", "0-99999"])
def test_what_is_no_list_of_cpus_is_empty(text: str | None) -> None:
    assert cpu_list(text) == ()
    assert cpus_text(text) is None


@pytest.mark.parametrize("text", [None, "", "max", "0x10", "1_0", "1.0", "٣", "1" * 20, " 1"])
def test_what_is_no_number_is_none(text: str | None) -> None:
    assert integer(text) is None


@given(st.integers(-(10**18), 10**18))
def test_a_number_is_read_back(value: int) -> None:
    assert integer(str(value)) == value


def test_words_in_brackets_and_fields() -> None:
    assert selected("always defer+madvise [madvise] never") == "madvise"
    assert selected("always never") is None
    assert field("a : 1\nb: 2: 3\na : 4", "a") == "1"
    assert field("a : 1\nb: 2: 3", "b") == "2: 3"
    assert flag("2") is None


def test_a_file_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "bytes").write_bytes(b"\xff\x00\n")
    assert read(tmp_path, "missing") is None
    assert read(tmp_path, "directory") is None
    assert read(tmp_path, "a\0b") is None
    assert read(tmp_path, "bytes") == "\ufffd\0"
