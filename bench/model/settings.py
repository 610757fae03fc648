# SPDX-License-Identifier: GPL-2.0-only
"""Read a user's defaults: variables BENCH_*, then a file, then what is built in."""

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from bench.model.jobs import AUTO_JOBS, parse_job_count
from bench.model.near import near
from bench.model.reps import AUTO, parse_reps
from bench.model.toml_lines import line_of, no_toml
from bench.model.xdg import xdg_base

_PREFIX = "BENCH_"
MIRROR = "BENCH_DEBIAN_MIRROR"  # before that of the machine's apt
WORKER_CACHE = "BENCH_WORKER_CACHE"  # read by bench/worker/, which runs without this module
# Set by tests alone: --clock wall takes its whole way under plain TCG, see CONTRIBUTING.md.
TEST_WALL = "BENCH_TEST_WALL_UNDER_TCG"
_ALIKE = 0.7  # likeness, of difflib: a variable that is this near to one of ours is a typo


class WrongSetting(ValueError):
    """A line that says what is wrong and where; ``hint`` says what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def _place(text: str) -> str:
    """Return an absolute path; ValueError for any other, which means a place for each command."""
    path = Path(text).expanduser()
    if not path.is_absolute():
        raise ValueError(f"'{text}' is not an absolute path, as in /var/tmp/bench")
    return str(path)


def _jobs(text: str) -> str:
    parse_job_count(text)
    return text


def _reps(text: str) -> str:
    return str(parse_reps(text))


def _origin(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9_]+", text):
        raise ValueError(f"'{text}' is no origin of KCIDB: lower-case letters, digits, _")
    return text


@dataclass(frozen=True)
class _Kind:
    read: Callable[[str], str]  # ValueError for a wrong one
    built_in: str = ""  # "" where it depends on other things


_KINDS: Mapping[str, _Kind] = {
    "cache": _Kind(_place),
    "jobs": _Kind(_jobs, AUTO_JOBS),
    "reps": _Kind(_reps, str(AUTO)),
    "out": _Kind(_place),
    "kcidb_origin": _Kind(_origin, "bench"),
}
SETTINGS = tuple(_KINDS)
VARIABLES = {name: f"{_PREFIX}{name.upper()}" for name in SETTINGS}


@dataclass(frozen=True)
class Default:
    """What holds without an option: ``source`` is a variable or FILE:LINE, "" if built in."""

    value: str
    source: str = ""


def find_default(name: str) -> Default:
    """Return the default of a setting; WrongSetting for a wrong one, which it names."""
    variable = VARIABLES[name]
    if text := os.environ.get(variable, ""):
        return Default(_read(name, text, variable), variable)
    return _of_file().get(name) or Default(_KINDS[name].built_in)


def require_settings() -> None:
    """Raise WrongSetting for a variable or a key that is misspelled, or has a wrong value."""
    known = [*VARIABLES.values(), MIRROR, WORKER_CACHE, TEST_WALL]
    for variable in sorted(os.environ):
        if not variable.startswith(_PREFIX) or variable in known:
            continue
        if _is_typo(variable, known):  # others may be of other programs
            raise WrongSetting(f"{variable}: no such variable", near(variable, known[:-1]))
    for name in SETTINGS:
        find_default(name)


def _is_typo(variable: str, known: Iterable[str]) -> bool:
    names = [each.removeprefix(_PREFIX) for each in known]
    return bool(get_close_matches(variable.removeprefix(_PREFIX), names, 1, _ALIKE))


def config_file() -> Path:
    """Return where the user's file is, or would be."""
    return xdg_base("XDG_CONFIG_HOME", "~/.config") / "bench/config.toml"


def _of_file() -> Mapping[str, Default]:
    """Read the user's file; WrongSetting names the line that is wrong."""
    try:
        path = config_file()
        stat = path.stat()
    except (OSError, RuntimeError):  # there is none, or no home
        return {}
    return _read_file(path, stat.st_mtime_ns, stat.st_size)


@cache
def _read_file(path: Path, _changed: int, _size: int) -> Mapping[str, Default]:
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        fields = tomllib.loads(text)
    except OSError as error:
        raise WrongSetting(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise WrongSetting(no_toml(path, text, error)) from None
    found = {}
    for key, value in fields.items():
        where = f"{path}:{line_of(text, (key,))}"
        if key not in _KINDS:
            raise WrongSetting(f"{where}: {key}: no such key", near(key, SETTINGS))
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise WrongSetting(f"{where}: {key}: {value!r} is not text", f'{key} = "..."')
        found[key] = Default(_read(key, str(value), f"{where}: {key}"), where)
    return found


def _read(name: str, text: str, where: str) -> str:
    try:
        return _KINDS[name].read(text)
    except (ValueError, RuntimeError) as error:  # or ~ of nobody
        raise WrongSetting(f"{where}: {error}") from None
