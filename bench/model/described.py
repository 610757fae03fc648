# SPDX-License-Identifier: GPL-2.0-only
"""Names that say themselves what they stand for: help, lists and completion come from them."""

from enum import StrEnum
from typing import Self


class Described(StrEnum):
    """Names with a few words each: a member is defined as ``name, words``.

    It is found by its name alone, and is that name as a text.
    """

    does: str

    def __new__(cls, name: str, does: str = "") -> Self:
        """Make a member that is equal to its name."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.does = does
        return member
