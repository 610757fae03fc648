# SPDX-License-Identifier: GPL-2.0-only
"""Complete a command line that is being typed, for shells.

A shell gives all that is typed up to the cursor, and gets a line for each word that could stand
there, with what it means where the shell shows that. Nothing heavy is imported, and what goes
wrong is silence: nobody wants a complaint while he types.
"""

import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from bench.commands.completion_line import ASKED
from bench.commands.list_line import SECTIONS
from bench.errors import UsageError
from bench.model.cell import FACTORS, Backing, Break, Clock
from bench.model.described import Described
from bench.model.device import DEVICES
from bench.model.near import near
from bench.paths import scenario_names
from bench.report.formats import FORMATS_OF_REPORTS, HistoryFormat, LetterStyle, ProfileFormat

_Words = Mapping[str, str]  # candidates, with what each means

_BASH = """\
_bench() {
    local IFS=$'\\n'
    COMPREPLY=($(%(asked)s=bash "$1" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null))
    case ${COMPREPLY[0]} in *[:=,]) compopt -o nospace ;; esac
}
complete -o default -F _bench bench
"""
_ZSH = """\
#compdef bench
_bench() {
    local -a found
    found=("${(@f)$(%(asked)s=zsh "${words[1]}" "${(j: :)words[1,CURRENT]}" 2>/dev/null)}")
    if [[ -n "$found[1]" ]]; then _describe -V bench found; else _files; fi
}
if [[ "$funcstack[1]" = _bench ]]; then _bench "$@"; else compdef _bench bench; fi
"""
_FISH = """\
function __bench_words
    set -l typed (commandline -opc)
    %(asked)s=fish $typed[1] (commandline -cp) 2>/dev/null
end
complete -c bench -f -k -n 'test -n "$(__bench_words)"' -a '(__bench_words)'
"""
_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
SHELLS = tuple(_SCRIPTS)


def completion_script(shell: str) -> str:
    """Return what a shell is to read; UsageError for a shell that is not known."""
    if shell not in _SCRIPTS:
        raise UsageError(f"there is no completion for '{shell}'", near(shell, SHELLS))
    return (_SCRIPTS[shell] % {"asked": ASKED}).rstrip("\n")


def _described(kind: Iterable[StrEnum]) -> _Words:
    return {each: each.does if isinstance(each, Described) else "" for each in kind}


def _factor(name: str) -> Callable[[], _Words]:
    factor = FACTORS[name]
    return lambda: _described(factor.values) or dict.fromkeys(factor.words.names, "")


def _formats() -> _Words:
    return {each.name: f"for {each.reader}" for each in FORMATS_OF_REPORTS}


def _kernels() -> _Words:
    from bench.kernel.name import known_bases
    from bench.kernel.series import STOCK, names_of_series, subject_of

    series = {name: subject_of(name) for name in names_of_series()} | {STOCK: "no patch at all"}
    pairs = ((base, name) for base in known_bases() for name in series)
    return {**series, **{f"{base}:{name}": f"{name} on {base}" for base, name in pairs}}


def _configs() -> _Words:
    from bench.kernel.name import DEBIAN, DEBUG, LINES, PLAIN

    return dict.fromkeys((PLAIN, LINES, DEBUG, DEBIAN), "")


def _trees() -> _Words:
    from bench.kernel.tree import laid_trees

    return {tree.name: "a tree of the cache" for tree in laid_trees()}


def _methods() -> _Words:
    return _factor("method")()


# What can stand for a parameter, by command and parameter; files where nothing is said.
_VALUES: Mapping[tuple[str, str], Callable[[], _Words]] = {
    ("run", "scenario"): lambda: dict.fromkeys(scenario_names(), "a scenario"),
    ("run", "device"): lambda: {name: each.stands_for for name, each in DEVICES.items()},
    **{("run", name): _factor(name) for name in FACTORS if name not in ("device", "backing")},
    ("run", "backing"): lambda: _described(Backing),
    ("run", "break_"): lambda: _described(Break),
    ("run", "clock"): lambda: _described(Clock),
    ("run", "executor"): lambda: dict.fromkeys(("auto", "guest", "host", "uml"), ""),
    ("run", "kernel"): _kernels,
    ("run", "config"): _configs,
    ("run", "format_"): _formats,
    ("run", "export"): lambda: {f"{name}:": does for name, does in _formats().items()},
    ("report", "format_"): _formats,
    ("report", "style"): lambda: _described(LetterStyle),
    ("report", "schema"): lambda: dict.fromkeys(("json", "csv"), ""),
    ("profile", "format_"): lambda: _described(ProfileFormat),
    ("profile", "against"): _methods,
    ("history", "format_"): lambda: _described(HistoryFormat),
    ("calibrate", "kernel"): _kernels,
    ("kernel build", "name"): _kernels,
    ("kernel build", "config"): _configs,
    ("kernel prune", "names"): _trees,
    ("list", "what"): lambda: dict.fromkeys(SECTIONS, ""),
    ("completion", "shell"): lambda: dict.fromkeys(SHELLS, ""),
}


def complete(group: Any, typed: str, shell: str) -> str:
    """Return what could stand at the end of what is typed, a line each, as a shell takes it.

    ``group`` is the tree of commands that the parser goes by.
    """
    *words, begun = _split(typed)
    found = candidates(group, words[1:], begun)
    return "\n".join(_spelled(word, does, begun, shell) for word, does in found.items())


def _split(typed: str) -> list[str]:
    """Split as a shell does; what is within open quotes is one word."""
    for end in ("", '"', "'"):
        try:
            words = shlex.split(typed + end)
        except ValueError:
            continue
        return words if words and not typed[-1].isspace() else [*words, ""]
    return ["", ""]


def candidates(group: Any, words: Sequence[str], begun: str) -> _Words:
    """Return the words that could stand behind ``words`` and begin with ``begun``."""
    command, path, place = group, [], 0
    option = None  # that waits for its value
    for word in words:
        if option is not None:
            option = None
        elif word.startswith("-"):
            option = None if "=" in word else _option(command, word)
        elif word in getattr(command, "commands", {}):
            command, place = command.commands[word], 0
            path.append(word)
        else:
            place += 1
    name = " ".join(path)
    if option is not None:
        return _beginning(_VALUES.get((name, option.name), dict)(), begun)
    if begun.startswith("--") and "=" in begun:
        head, _, value = begun.partition("=")
        option = _option(command, head)
        known = _VALUES.get((name, option.name), dict)() if option else {}
        return {f"{head}={word}": does for word, does in _beginning(known, value).items()}
    if begun.startswith("-"):
        return {word: does for word, does in _options(command).items() if word.startswith(begun)}
    return _beginning(_positional(command, name, place), begun)


def _positional(command: Any, name: str, place: int) -> _Words:
    """Return what can stand where no option is: a command, or an argument."""
    below = getattr(command, "commands", {})
    if below:
        return {} if place else {key: _sentence(each.help) for key, each in below.items()}
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    if arguments and arguments[-1].nargs == -1:
        place = min(place, len(arguments) - 1)
    if place >= len(arguments):
        return {}
    return _VALUES.get((name, arguments[place].name), dict)()


def _option(command: Any, word: str) -> Any:
    """Return the option of a command that takes a value, by its name; None for any other word."""
    found = (each for each in command.params if word in each.opts)
    return next((each for each in found if not getattr(each, "is_flag", True)), None)


def _options(command: Any) -> _Words:
    options = [each for each in command.params if each.param_type_name == "option"]
    known = {name: each.help or "" for each in options for name in each.opts}
    return {**known, "--help": "Show this message and exit."}


def _beginning(known: _Words, begun: str) -> _Words:
    """Return what begins so; of a list with commas the last part counts."""
    head, comma, last = begun.rpartition(",")
    return {f"{head}{comma}{w}": does for w, does in known.items() if w.startswith(last)}


def _sentence(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def _spelled(word: str, does: str, begun: str, shell: str) -> str:
    """Spell a word with what it means as a shell takes it.

    To bash a word ends at : and =, too: only what is behind them is replaced.
    """
    if shell == "bash":
        return word[max(begun.rfind(":"), begun.rfind("=")) + 1 :]
    about = re.sub(r"\s+", " ", does)
    if shell == "zsh":
        return word.replace(":", r"\:") + (f":{about}" if about else "")
    return f"{word}\t{about}"
