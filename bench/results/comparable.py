# SPDX-License-Identifier: GPL-2.0-only
"""Say what has to be the same in two runs: to compare them, or to be sessions of one run."""

import json
from collections.abc import Iterable, Mapping

from msgspec import to_builtins

from bench.model.cell import Clock
from bench.model.facts import RunFacts
from bench.model.units import format_size
from bench.results.fact_table import FACTS, SEED, Match
from bench.results.foreign_facts import FOREIGN

_DIGITS = 20  # of more bytes than any memory has
_OF_KERNEL = ("kernel", "kernel build", "kernel version", "cmdline", "QEMU -m")
_ALL = (*FACTS, *FOREIGN)
_LATE = frozenset(fact.name for fact in _ALL if fact.late)
_TIMES_ALONE = frozenset(
    fact.name for fact in _ALL if fact.late and fact.match in (Match.TIMED, Match.SIDES)
)


def facts_of(run: RunFacts) -> dict[str, str]:
    """Return the facts by name, each as one line of text; without those that are not known.

    What shapes times alone, and came late, is no matter where instructions are counted.
    """
    timed = run.clock is Clock.WALL
    facts = [fact for fact in FACTS if timed or fact.name not in _TIMES_ALONE]
    texts = {fact.name: text_of(fact.value(run)) for fact in facts}
    return {name: text for name, text in sorted(texts.items()) if text}


def by_new_names(facts: Mapping[str, str]) -> dict[str, str]:
    """Return the facts of a file by the names that they have now, spelled as they are now."""
    found = dict(facts)
    if text := found.pop("guest memory", ""):
        known = text.isdecimal() and len(text) < _DIGITS
        found["QEMU -m"] = format_size(int(text)) if known else text
    return found


def text_of(value: object) -> str:
    """Spell a value as one line, the same for the same value; None as ""."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(to_builtins(value), sort_keys=True)
    return " ".join(text.split())


def must_match(base: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return the names of the facts that forbid comparing two runs where they differ.

    Both are facts as `facts_of` gives them. A fact that came late forbids nothing where one of
    the two is of before.
    """
    wanted = {Match.ALWAYS}
    if _timed(base, new):
        wanted.add(Match.TIMED)
        if "guest" in (base.get("executor"), new.get("executor")):
            wanted.add(Match.TIMED_GUEST)
    unknown = _LATE - (base.keys() & new.keys())
    return [fact.name for fact in _ALL if fact.match in wanted and fact.name not in unknown]


def unlike(base: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return a line for each fact that forbids comparing two runs, or making one side of them."""
    return unequal(base, new, must_match(base, new))


def unlike_sides(base: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return a line for each fact that forbids comparing two sides."""
    names = [fact.name for fact in _ALL if fact.match is Match.SIDES and _timed(base, new)]
    apart = [
        name
        for name in names
        if name in base and name in new and not {*_each(base[name])} & {*_each(new[name])}
    ]
    return sorted([*unlike(base, new), *unequal(base, new, apart)])


def said(base: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return a line for each fact that differs and may, and one for those of newer files only."""
    forbidding = {line.partition(":")[0] for line in unlike_sides(base, new)}
    names = {*base, *new} - {*must_match(base, new)} - forbidding
    unknown = names & (_LATE - (base.keys() & new.keys()))
    lines = unequal(base, new, names - unknown)
    for facts, side in ((base, "BASE"), (new, "NEW")):
        if missing := sorted(unknown - facts.keys()):
            lines.append(f"not known in {side}: {', '.join(missing)}")
    return lines


def _timed(base: Mapping[str, str], new: Mapping[str, str]) -> bool:
    return Clock.WALL in (base.get("clock"), new.get("clock"))


AND = " and "  # between values of a fact that runs of one side differ in


def _each(text: str) -> list[str]:
    return text.split(AND)


def joined_fact(name: str, values: Iterable[str]) -> str:
    """Spell what runs of one side have of a fact: each once, of seeds the ranges."""
    found = [*dict.fromkeys(values)]
    if name != SEED or not all(value.isdecimal() for value in found):
        return AND.join(found)
    numbers = sorted(map(int, found))
    starts = [n for at, n in enumerate(numbers) if not at or numbers[at - 1] != n - 1]
    ends = [n for at, n in enumerate(numbers) if at + 1 == len(numbers) or numbers[at + 1] != n + 1]
    pairs = zip(starts, ends, strict=True)
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in pairs)


def unequal(base: Mapping[str, str], new: Mapping[str, str], names: Iterable[str]) -> list[str]:
    """Return a line for each of the named facts that differs, or that only one of them knows."""
    pairs = {name: (base.get(name, ""), new.get(name, "")) for name in names}
    return [
        f"{name}: {before or 'not known'} in BASE, {after or 'not known'} in NEW"
        for name, (before, after) in sorted(pairs.items())
        if before != after
    ]


def continuity_problems(then: RunFacts, now: RunFacts, of_kernel: bool = True) -> list[str]:
    """Return a line for each fact that keeps ``now`` from being a further session of ``then``.

    Without ``of_kernel`` the kernels may be two.
    """
    before, after = facts_of(then), facts_of(now)
    apart = () if of_kernel else _OF_KERNEL
    names = [fact.name for fact in FACTS if fact.session and fact.name not in apart]
    pairs = {name: (before.get(name), after.get(name)) for name in names}
    pairs["--tune"] = (_tuned(then), _tuned(now))
    return [
        f"{name} was {old or 'not known'}, is {new or 'not known'}"
        for name, (old, new) in pairs.items()
        if old != new
    ]


def _tuned(run: RunFacts) -> str:
    """Tell whether --tune was given: a report names settings that hold for all of its samples."""
    return "given" if run.tune or run.tuned else "not given"
