# SPDX-License-Identifier: GPL-2.0-only
"""Read fragments of a kernel's configuration, lay them over each other, and see what survived."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.errors import CannotJudge, UsageError

_SET = re.compile(r"(CONFIG_\w+)=(\S+|\".*\")(\s+# where known)?")
_UNSET = re.compile(r"# (CONFIG_\w+) is not set(\s+# where known)?")


@dataclass(frozen=True)
class Option:
    """An option that is asked for; "n" is one that is off."""

    name: str  # CONFIG_...
    value: str
    where_known: bool = False  # some versions of the kernel do not have it

    def __str__(self) -> str:
        return f"# {self.name} is not set" if self.value == "n" else f"{self.name}={self.value}"


def read_fragment(path: Path) -> list[Option]:
    """Return the options of a file; UsageError for a line that is none."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not text"
        raise UsageError(f"--config: {path}: {why}") from None
    found = []
    for number, line in enumerate(lines, 1):
        option = parse_option(line.strip())
        if option:
            found.append(option)
        elif line.strip() and not line.lstrip().startswith("#"):
            raise UsageError(
                f"--config: {path}:{number}: '{line.strip()}' is no option",
                "write CONFIG_NAME=y, or # CONFIG_NAME is not set",
            )
    return found


def parse_option(line: str) -> Option | None:
    """Return the option that a line of a configuration sets, None for any other line."""
    if match := _SET.fullmatch(line):
        return Option(match[1], match[2], bool(match[3]))
    if match := _UNSET.fullmatch(line):
        return Option(match[1], "n", bool(match[2]))
    return None


def merge(fragments: Iterable[Iterable[Option]]) -> list[Option]:
    """Lay fragments over each other: of several values the last one holds."""
    merged = {option.name: option for fragment in fragments for option in fragment}
    return [*merged.values()]


def check_survivors(
    wanted: Iterable[Option], config: str, tree: Path, architecture: str = "x86"
) -> None:
    """Hold the options that were asked for against the ``.config`` that came of them.

    ``architecture`` is a directory of arch/. CannotJudge names the first that did not survive,
    and what it depends on.
    """
    final = {
        option.name: option.value for line in config.splitlines() if (option := parse_option(line))
    }
    lost = [option for option in wanted if final.get(option.name, "n") != option.value]
    known = _definitions(tree, {option.name for option in lost}, architecture)
    gone = [option for option in lost if option.name in known or not option.where_known]
    if gone:
        first, others = gone[0], len(gone) - 1
        more = f", and {others} more" if others else ""
        raise CannotJudge(f"{first} did not survive{more}: {_why(first, known)}")


def _why(option: Option, known: Mapping[str, tuple[Path, str]]) -> str:
    if option.name not in known:
        return "this tree has no such option"
    path, block = known[option.name]
    needs = re.findall(r"^\s+depends on (.+)$", block, re.MULTILINE)
    said = f"it depends on {' && '.join(needs)}" if needs else "another option decides it"
    return f"{said} ({path})"


def _definitions(tree: Path, names: set[str], architecture: str) -> dict[str, tuple[Path, str]]:
    """Find where options are defined: the Kconfig file, and the lines below ``config NAME``."""
    found: dict[str, tuple[Path, str]] = {}
    if not names:
        return found
    plain = "|".join(name.removeprefix("CONFIG_") for name in names)
    block = re.compile(rf"^(?:menu)?config ({plain})$\n((?:(?:[ \t].*)?\n)*)", re.MULTILINE)
    for path in sorted(tree.rglob("Kconfig*")):
        words = path.relative_to(tree).parts
        ours = words[0] != "arch" or len(words) == 2 or words[1] == architecture
        if ours and path.is_file():
            for match in block.finditer(path.read_text(errors="replace") + "\n"):
                place = (path.relative_to(tree), match[2])
                found.setdefault(f"CONFIG_{match[1]}", place)
    return found


def without_modules(config: str) -> list[Option]:
    """Return the options of a distribution's configuration, what it builds as modules left out."""
    options = map(parse_option, config.splitlines())
    return [option for option in options if option and option.value != "m"]
