# SPDX-License-Identifier: GPL-2.0-only
"""What a word that is not known may have meant."""

import pytest

from bench.model.device import DEVICES
from bench.model.method import Method
from bench.model.near import near


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("html", ("page", "json"), "page"),
        ("HTML", ("page", "json"), "page"),
        ("sim-net", DEVICES, "sim-net-pa"),
        ("newowner", Method, "new-owner"),
        ("hugetlb", ("4k", "thp", "hugetlb-2m"), "hugetlb-2m"),
        ("jsno", ("page", "json"), "json"),
        ("devices", ("devices_of_vm", "device", "method"), "device"),
        ("reset", Method, "reset-owner"),  # which is longer, but begins so; resume is more like it
    ],
)
def test_the_nearest_is_named(word: str, known: tuple[str, ...], meant: str) -> None:
    assert near(word, known).startswith(f"did you mean {meant}? known are ")


@pytest.mark.parametrize("word", ["", "zzzzzz", "\x00", "x" * 10_000])
def test_what_is_like_nothing_is_not_guessed(word: str) -> None:
    assert near(word, ("page", "json")) == "known are page, json"
