# SPDX-License-Identifier: GPL-2.0-only
"""Words near to one that is not known: what its writer may have meant."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

# Names that other programs have for a thing.
_MEANT: Mapping[str, str] = {
    "html": "page",
    "htm": "page",
    "web": "page",
    "md": "markdown",
    "letter": "cover-letter",
    "mail": "cover-letter",
    "tap": "ktap",
    "xml": "junit",
    "bmf": "bencher",
    "hugetlb": "hugetlb-2m",
    "2m": "hugetlb-2m",
    "1g": "hugetlb-1g",
    "huge": "thp",
}
_LEAST = 0.5  # likeness, of difflib


def near(word: str, known: Iterable[str]) -> str:
    """Say what may have been meant, and what is known: ``did you mean page? known are ...``."""
    names = [*map(str, known)]
    meant = _MEANT.get(word.lower(), "")
    spelled = {name.lower(): name for name in reversed(names)}
    longer = [name for name in names if word and name.lower().startswith(word.lower())]
    close = [meant] if meant in names else longer
    close = close or [spelled[name] for name in get_close_matches(word.lower(), spelled, 1, _LEAST)]
    asked = f"did you mean {close[0]}? " if close else ""
    return f"{asked}known are {', '.join(names)}"
