# SPDX-License-Identifier: GPL-2.0-only
"""What a cell is called where a name is all there is: pyperf, pytest, JUnit."""

from urllib.parse import quote

from bench.model.cell import Backing, Cell
from bench.model.units import format_size
from bench.sides.side import Key

# Of what a path has, all but white space, '%' and what is no ASCII.
_PLAIN = "/-_.:~+@,="


def cell_name(cell: Cell) -> str:
    """``sim-net-pa thp 64GiB alias=1GiB new-owner``: no other cell has the same.

    What is as usual is not said; the method is last, so that methods stand together.
    """
    words = [*group_words(cell), cell.method.value]
    return " ".join(words)


def group_name(cell: Cell) -> str:
    """The name of all cells that differ only in their method."""
    return " ".join(group_words(cell))


def group_words(cell: Cell) -> list[str]:
    words = [quote(cell.device, safe=_PLAIN), cell.pages.value, _size(cell.mem)]
    if cell.backing is not Backing.REAL or cell.file != cell.mem:
        words.append(f"{cell.backing}={_size(cell.file)}")
    variant = cell.variant().items()
    return words + [f"{name}={quote(value, safe=_PLAIN)}" for name, value in variant]


def key_name(key: Key) -> str:
    return key if isinstance(key, str) else cell_name(key)


def _size(size: int) -> str:
    return format_size(size).replace(" ", "")
