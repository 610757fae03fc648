# SPDX-License-Identifier: GPL-2.0-only
"""Write man pages: one for bench and one for each of its commands, of the tree of the parser."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import __version__
from bench.commands.examples import EXAMPLES
from bench.commands.outcome import Outcome
from bench.errors import UsageError
from bench.model.settings import VARIABLES
from bench.model.xdg import xdg_base

_CODES = (
    ("0", "good; skipped cells are no failure as long as something was measured"),
    ("1", "a failed proof, a leak, a damaged run, or a regression"),
    ("2", "the command line, a scenario or a file is wrong"),
    ("125", "nothing could be measured, or something could not be judged"),
    ("128", "of bench gate in a bisection: no commit can be judged"),
    ("129", "a bug of bench"),
    ("130", "interrupted"),
)


def man_pages(group: Any) -> Iterator[tuple[str, str]]:
    """Yield the name of each file and its text, in the order of the commands."""
    for words, command in commands_of(group):
        name = "-".join(["bench", *words])
        yield f"{name}.1", _page(words, name, command)


def commands_of(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command with the words that it is called by, bench itself first."""
    yield words, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands_of(below, (*words, name))


def _page(words: tuple[str, ...], name: str, command: Any) -> str:
    below = getattr(command, "commands", {})
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    about = " ".join((command.help or "").split())
    lines = [
        f'.TH {_text(name.upper())} 1 "{_today()}" "bench {__version__}" "bench"',
        *(".SH NAME", rf"{_text(name)} \- {_text(_first(about))}"),
        *(".SH SYNOPSIS", f".B {_text(' '.join(['bench', *words]))}"),
        *_synopsis(options, arguments, bool(below)),
        *(".SH DESCRIPTION", _text(about)),
    ]
    if below:
        lines.append(".SH COMMANDS")
        for key, each in below.items():
            page = _text("-".join([name, key]))
            lines += [".TP", f".BR {page} (1)", _text(_first(each.help or ""))]
    lines += _entries("ARGUMENTS", [(_metavar(each), each.help or "") for each in arguments])
    spelled = [(_spelled(each), each.help or "") for each in options]
    if not words:  # which bench.cli answers itself
        spelled.append((r"\-\-version", "Say what of a figure is bench's own."))
    lines += _entries("OPTIONS", [*spelled, (r"\-\-help", "Show a summary and exit.")])
    lines += [".SH EXAMPLES", ".nf", *map(_text, EXAMPLES[" ".join(words)]), ".fi"]
    lines += _entries("EXIT STATUS", _CODES) if not words else []
    lines += _environment() if not words else [".SH SEE ALSO", ".BR bench (1)"]
    return "\n".join(lines) + "\n"


def _today() -> str:
    """Return the day that pages are dated by: today, or that of a reproducible build."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    when = datetime.fromtimestamp(int(epoch), UTC) if epoch.isdecimal() else datetime.now(UTC)
    return f"{when:%Y-%m-%d}"


def _environment() -> Iterator[str]:
    known = ((variable, f"The default of {name}.") for name, variable in VARIABLES.items())
    yield from _entries("ENVIRONMENT", [*known, ("XDG_CACHE_HOME", "Where the cache is.")])
    yield from _entries("FILES", [("~/.config/bench/config.toml", "Defaults of a user.")])


def _synopsis(options: list[Any], arguments: list[Any], group: bool) -> Iterator[str]:
    if options or not group:
        yield r".RI [ options ]"
    for each in arguments:
        name = _metavar(each)
        yield f".I {name}" if each.required else f".RI [ {name} ]"
    if group:
        yield r".I command"


def _entries(title: str, pairs: Any) -> Iterator[str]:
    """Write a section of terms, each with what it means; nothing where there are none."""
    found = [*pairs]
    if found:
        yield f".SH {title}"
    for term, about in found:
        yield from (".TP", f".B {term}", _text(about) or r"\&")


def _metavar(argument: Any) -> str:
    """Return the name of an argument in capitals, with dots where it can stand several times."""
    name = re.sub(r"[\[\].]", "", argument.metavar or argument.name).upper()
    return f"{name}..." if argument.nargs == -1 else name


def _spelled(option: Any) -> str:
    names = ", ".join(name.replace("-", r"\-") for name in (*option.opts, *option.secondary_opts))
    return names if option.is_flag else rf"{names} \fI{option.name.strip('_').upper()}\fP"


def _first(text: str) -> str:
    """Return the first sentence, without its point."""
    return " ".join(text.split()).partition(". ")[0].rstrip(".")


def _text(text: str) -> str:
    """Escape what roff takes for its own."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"^([.'])", r"\\&\1", escaped, flags=re.M)


def write_man_pages(group: Any, directory: Path) -> Outcome:
    """Write all pages into a directory, which is made; UsageError where that cannot be."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in man_pages(group):
            (directory / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}", "name another directory") from None
    return Outcome(0, f"man pages: {directory}")


def usual_place() -> Path:
    """Return where man looks for pages of programs in ~/.local/bin."""
    return xdg_base("XDG_DATA_HOME", "~/.local/share") / "man/man1"
