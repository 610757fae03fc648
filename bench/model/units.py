# SPDX-License-Identifier: GPL-2.0-only
"""Sizes as people write them (IEC: 64G is 64 GiB) and quantities as people read them."""

import math
import re

KIB, MIB, GIB, TIB = 1 << 10, 1 << 20, 1 << 30, 1 << 40

_SUFFIX = {"": 1, "K": KIB, "M": MIB, "G": GIB, "T": TIB, "P": 1 << 50, "E": 1 << 60}
_SIZE = re.compile(r"(\d{1,19})([KMGTPE]?)(?:i?B)?", re.IGNORECASE | re.ASCII)


def parse_size(text: str) -> int:
    """Parse ``64G``, ``64GiB`` or ``4096`` into bytes; ValueError says what was expected."""
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise ValueError(f"'{text}' is not a size: write a number with K, M, G or T, as in 64G")
    size = int(match[1]) * _SUFFIX[match[2].upper()]
    if size == 0:
        raise ValueError(f"'{text}' is no memory at all: write a size above zero, as in 64G")
    return size


def parse_sizes(text: str) -> tuple[int, ...]:
    """Parse ``1G,64G`` into the bytes of each size; ``1G:64G`` is a sweep by factors of four.

    ValueError says what was expected.
    """
    sizes: list[int] = []
    for part in text.split(","):
        low, colon, high = part.partition(":")
        size = parse_size(low)
        last = parse_size(high) if colon else size
        if last < size:
            raise ValueError(f"'{part}' runs backwards: write the smaller size first")
        while size < last:
            sizes.append(size)
            size *= 4
        sizes.append(last)
    return tuple(dict.fromkeys(sizes))


_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)", re.ASCII)


def parse_duration(text: str) -> float:
    """Parse ``90s``, ``10m`` or ``1.5h`` into seconds; ValueError says what was expected."""
    match = _DURATION.fullmatch(text.strip())
    seconds = float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]] if match else 0.0
    if not 0 < seconds < math.inf:
        raise ValueError(f"'{text}' is not a duration: write a number with s, m or h, as in 10m")
    return seconds


_SHARE = re.compile(r"(\d+(?:\.\d+)?) ?(%?)", re.ASCII)
_MOST_BARE = 0.1  # of a share without a percent sign


def parse_share(text: str) -> float:
    """Parse ``0.5%`` or ``0.005`` into 0.005; ValueError says what was expected.

    Without a sign nothing from 0.1 on: whoever writes 0.5 has forgotten it, and would have a gate
    that lets all but the worst pass.
    """
    match = _SHARE.fullmatch(text.strip())
    share = float(match[1]) / (100 if match[2] else 1) if match else 0.0
    if not 0 < share < 1 or (match and not match[2] and share >= _MOST_BARE):
        raise ValueError(f"'{text}' is not a share: write percent, as in 2% or 0.5%")
    return share


_BUDGET = re.compile(r"(\d+(?:\.\d+)?) ?(ns|us|ms|s|[kMG]?i)", re.ASCII)
_TICKS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9, "i": 1.0, "ki": 1e3, "Mi": 1e6, "Gi": 1e9}


def parse_pause(text: str) -> tuple[float, str]:
    """Parse ``100ms`` (in ns) or ``20Mi`` (in instructions) into ticks and their unit.

    ValueError says what was expected.
    """
    match = _BUDGET.fullmatch(text.strip())
    if not match or not 0 < float(match[1]) < math.inf:
        raise ValueError(f"'{text}' is no pause: write 100ms, or instructions as in 20Mi")
    return float(match[1]) * _TICKS[match[2]], "instructions" if match[2].endswith("i") else "ns"


def known_pause(text: str) -> str:
    """Check a budget with `parse_pause`, and return it; an empty one means none."""
    if text:
        parse_pause(text)
    return text


def format_duration(seconds: float) -> str:
    """Spell a duration for somebody who may wait for it: ``45 s``, ``12 min``, ``1.5 h``."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def format_size(size: int) -> str:
    """Spell bytes in the largest unit that is exact: ``64 GiB``, ``1536 MiB``, ``4097 B``."""
    for unit, name in ((TIB, "TiB"), (GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if size >= unit and size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size} B"


def format_quantity(value: float, unit: str) -> str:
    """Spell nanoseconds or instructions with about four digits.

    ``1.234 s`` for ``unit="ns"``; ``1.234 G`` for ``unit="instructions"``, never a time.
    """
    scales = _TIME if unit == "ns" else _COUNT
    for scale, suffix in scales[:-1]:
        if float(f"{abs(value):.4g}") >= scale:
            return f"{_digits(value / scale)} {suffix}"
    return f"{value:.0f} {scales[-1][1]}".rstrip()


_TIME = ((1e9, "s"), (1e6, "ms"), (1e3, "us"), (1, "ns"))
_COUNT = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""))


def _digits(value: float) -> str:
    if abs(value) >= 1e6:  # of no clock: another program's file may hold it
        return f"{value:.4g}"
    decimals = 3 if abs(value) < 10 else 2 if abs(value) < 100 else 1
    return f"{value:.{decimals}f}"


def format_ratio(value: float, digits: int = 3) -> str:
    """Spell how many times one figure is another: ``0.0957x``, ``1.002x``, ``79.2x``, ``1605x``.

    At least ``digits`` significant digits, and all that stand before the point; from 0.1 to 2
    as many decimals, so that an interval around 1 can be told from 1. An exponent stands only
    from 1e6 on and below 1e-6 (``1.23e6x``). ``-`` for what is no ratio: NaN and infinity.
    """
    if not math.isfinite(value):
        return "-"
    return f"{_ratio_digits(value, digits)}x"


def number_of(number: int, noun: str) -> str:
    """Spell a number of things: ``1 cell``, ``2 cells``, ``2,000 more functions``.

    The plural of the last word takes an s, which all that is counted here does, or es.
    """
    ending = "" if number == 1 else "es" if noun.endswith(("ch", "sh", "s", "x")) else "s"
    return f"{number:,} {noun}{ending}"


def format_ratio_interval(ends: tuple[float, float] | None, to: str = "-") -> str:
    """Spell both ends of an interval of a ratio as `format_ratio` does, without the ``x``.

    ``79.1-79.4``, or ``185.02-185.04``: with as many digits as it takes for the two to differ,
    and one number where they agree in seven. ``-`` for None and for ends that are not finite.
    """
    if ends is None or not all(map(math.isfinite, ends)):
        return "-"
    for digits in range(3, 8):
        low, high = (_ratio_digits(end, digits) for end in ends)
        if float(low) != float(high):
            return f"{low}{to}{high}"
    return _ratio_digits(ends[0], 3)


def _ratio_digits(value: float, digits: int) -> str:
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    if not value or 0.1 <= value < 2:
        return f"{value:.{digits}f}"
    if not 1e-6 <= value < 1e6:
        return f"{mantissa}e{int(exponent)}"
    return f"{value:.{max(digits - 1 - int(exponent), 0)}f}"
