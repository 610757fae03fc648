# SPDX-License-Identifier: GPL-2.0-only
"""Words near to one that is not known: what its writer may have meant."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher

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
# Likeness, of difflib: of a letter or two that are wrong, which tells more than that a name begins
# as the word does; and the least that is worth a guess.
_SLIP, _LEAST = 0.8, 0.5


def near(word: str, known: Iterable[str]) -> str:
    """Say what may have been meant, and what is known: ``did you mean page? known are ...``."""
    names = [*map(str, known)]
    guess = _guess(word.lower(), names) if word else ""
    return f"{f'did you mean {guess}? ' * bool(guess)}known are {', '.join(names)}"


def _guess(word: str, names: Sequence[str]) -> str:
    """Return the name that was meant: another program's, misspelled, begun, or like it; else ""."""
    meant = _MEANT.get(word, "")
    if meant in names:
        return meant
    like = {name: _likeness(word, name.lower()) for name in names}
    closest = max(names, key=lambda name: like[name], default="")  # of equals the first
    longer = [name for name in names if name.lower().startswith(word)]
    if longer and like[closest] < _SLIP:
        return longer[0]
    return closest if closest and like[closest] >= _LEAST else ""


def _likeness(word: str, name: str) -> float:
    matcher = SequenceMatcher(None, word, name)
    return matcher.ratio() if matcher.real_quick_ratio() >= _LEAST else 0.0
