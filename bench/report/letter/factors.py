# SPDX-License-Identifier: GPL-2.0-only
"""Which factors of cells get a column, which head a group of rows, which are said once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

from bench.model.cell import FACTORS, VARIANTS, Backing, Cell, usual
from bench.model.factor import Factor
from bench.model.units import format_size
from bench.report.letter.ascii import MAIL_WIDTH, ascii_line

_LONGEST = 20  # columns of a device's name: others are abbreviated
LETTER_GAP = 2  # blanks between columns


@dataclass(frozen=True)
class LetterFactor:
    """A factor of the table as a letter spells it; ``usual`` goes without saying in a row."""

    factor: Factor
    usual: str = ""

    @property
    def head(self) -> str:
        """Return the head of its column."""
        return self.factor.head

    @property
    def always(self) -> bool:
        """Tell whether it is said above a table even if it is as usual."""
        return self.factor.name == "ptes"

    def of(self, cell: Cell) -> str:
        """Spell the value of a cell; a star marks memory that is not all distinct."""
        if self.factor.name == "mem":
            return format_size(cell.mem) + ("*" if cell.backing is Backing.ALIAS else "")
        return str(getattr(cell, self.factor.name))

    def phrase(self, cell: Cell) -> str:
        """Spell the value of a cell within a sentence."""
        return self.factor.words.phrase.format(self.of(cell))


MEM, METHOD = LetterFactor(FACTORS["mem"]), LetterFactor(FACTORS["method"])
_VARIANTS = tuple(LetterFactor(FACTORS[name], str(usual(name))) for name in VARIANTS)
LETTER_FACTORS = (
    MEM,
    LetterFactor(FACTORS["pages"]),
    LetterFactor(FACTORS["device"], "none"),
    METHOD,
    *_VARIANTS,
)


class LetterTable(NamedTuple):
    """A table of any style, as lines of ASCII."""

    said: str  # what is the same in all rows
    lines: list[str]
    notes: list[str]  # below it


class Names:
    """Devices as a table has room for them: a path can be longer than a line."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        devices = dict.fromkeys(cell.device for cell in cells)
        odd = [d for d in devices if len(ascii_line(d)) > _LONGEST or ascii_line(d) != d]
        self._short = {device: f"dev{number}" for number, device in enumerate(odd, 1)}

    def shown(self, cell: Cell) -> Cell:
        return replace(cell, device=self._short.get(cell.device, cell.device))

    @property
    def legend(self) -> list[tuple[str, str]]:
        return [(short, ascii_line(device)) for device, short in self._short.items()]


def cell_place(cell: Cell) -> str:
    """Name a cell without its method: ``sim-net-pa thp 64 GiB``, and what is not a default."""
    words = [cell.device, cell.pages.value, MEM.of(cell)]
    words += [each.phrase(cell) for each in _VARIANTS if each.of(cell) != each.usual]
    return ", ".join([" ".join(words[:3]), *words[3:]])


def cell_order(cell: Cell) -> tuple[object, ...]:
    """Make a sort key by which the sizes of one kind stand together."""
    return cell.sort_key("device", "pages", *VARIANTS, "mem", "file")


@dataclass(frozen=True)
class Arrangement:
    """Of the factors of some cells. ``said`` is what is the same in all of them."""

    columns: tuple[LetterFactor, ...]
    groups: tuple[LetterFactor, ...]
    said: str

    def group(self, cell: Cell) -> str:
        return ", ".join(factor.phrase(cell) for factor in self.groups)

    def factor_key(self, cell: Cell) -> str:
        """Spell all columns of a cell as one word: ``64GiB-thp``."""
        return "-".join(factor_key(factor.of(cell)) for factor in self.columns)

    def grouped(self, cells: Sequence[Cell]) -> list[tuple[str, list[int]]]:
        """Group the indices of cells, in the order in which groups first occur."""
        names = [self.group(cell) for cell in cells]
        first = {name: names.index(name) for name in names}
        places = sorted(range(len(cells)), key=lambda at: (first[names[at]], at))
        return [(name, [*found]) for name, found in groupby(places, names.__getitem__)]


def arrange(
    cells: Sequence[Cell],
    taken: int,
    leave: Sequence[LetterFactor] = (METHOD,),
    spell: Callable[[str], str] = str,
) -> Arrangement:
    """Give each factor that varies a column, while ``taken`` columns of figures leave room.

    Factors to ``leave`` out are said elsewhere; ``spell`` is how a value is written.
    """
    known = [factor for factor in LETTER_FACTORS if factor not in leave]
    varying = [f for f in known if f is MEM or len({f.of(cell) for cell in cells}) > 1]
    fixed = [f for f in known if f not in varying and (f.always or f.of(cells[0]) != f.usual)]
    columns = [*varying]
    while len(columns) > 1 and taken + _width(columns, cells, spell) > MAIL_WIDTH:
        columns.pop()
    groups = tuple(factor for factor in varying if factor not in columns)
    said = ", ".join(factor.phrase(cells[0]) for factor in fixed)
    return Arrangement(tuple(columns), groups, said)


def _width(
    columns: Iterable[LetterFactor], cells: Sequence[Cell], spell: Callable[[str], str]
) -> int:
    return sum(
        LETTER_GAP + max(len(f.head), *(len(spell(f.of(cell))) for cell in cells)) for f in columns
    )


def factor_key(text: str) -> str:
    """Spell a factor's value as part of a word: without blanks and without the star of alias."""
    return text.replace(" ", "").replace("*", "-alias")


def alias_note(cells: Iterable[Cell]) -> list[str]:
    """Explain the star behind a size, where there is one."""
    files = sorted({cell.file for cell in cells if cell.backing is Backing.ALIAS})
    if not files:
        return []
    sizes = " to ".join(map(format_size, dict.fromkeys((files[0], files[-1]))))
    return [f"*: alias: {sizes} of distinct memory, mapped again and again"]


def alias_legend(cells: Iterable[Cell]) -> list[str]:
    """Write `alias_note` for tables in which a size is a `factor_key`."""
    return [note.removeprefix("*: ") for note in alias_note(cells)]
