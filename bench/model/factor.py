# SPDX-License-Identifier: GPL-2.0-only
"""Say how one factor of a cell is named, asked for, shown and passed to the helper."""

from dataclasses import MISSING, Field, dataclass
from enum import StrEnum
from typing import Any

from bench.model.limits import Bounds
from bench.model.method import Experiment


@dataclass(frozen=True)
class Words:
    """What a factor says in each place. ``{}`` stands for its value.

    ``label`` is what a label shows of a value that is not the default, ``phrase`` the same
    within a sentence, ``head`` the head of a column. ``helper`` is the option that the helper
    is given then; a factor without a default is always given. ``only`` is the experiment that
    has the factor, None for both. ``limits`` are those of a count, ``names`` can stand for one.
    """

    help: str
    label: str = "{}"
    phrase: str = "{}"
    head: str = ""
    helper: str = ""
    limits: Bounds | None = None
    names: tuple[str, ...] = ()
    only: Experiment | None = None


@dataclass(frozen=True)
class Factor:
    """One field of a cell. ``kind`` is its type; ``default`` is None where it has to be given."""

    name: str
    kind: type
    default: Any
    words: Words

    @classmethod
    def of_field(cls, field: "Field[Any]") -> "Factor":
        """Read a dataclass field that has its `Words` in the metadata."""
        assert isinstance(field.type, type)  # no annotation of a factor is a string
        default = None if field.default is MISSING else field.default
        return cls(field.name, field.type, default, field.metadata["words"])

    @property
    def head(self) -> str:
        """Return the head of its column: its name, unless the table says otherwise."""
        return self.words.head or self.name

    @property
    def values(self) -> tuple[Any, ...]:
        """List the values that it can have, as they are defined; none for numbers and texts."""
        return tuple(self.kind) if issubclass(self.kind, StrEnum) else ()

    def rank(self, value: Any) -> Any:
        """Return what sorts a value: its place among `values`, or the value itself."""
        return self.values.index(value) if self.values else value
