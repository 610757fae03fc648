# SPDX-License-Identifier: GPL-2.0-only
"""Find the functions of a guest: its kernel and modules name theirs, nm those of programs."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bench.errors import CannotJudge
from bench.guest.initramfs import our_programs
from bench.kernel.kernel import Kernel
from bench.kernel.whole import VMLINUX
from bench.process import find_tool, run
from bench.profile.lines import read_lines
from bench.profile.profile import Function

# What a guest prints of its kernel: text alone, since all is 6 MiB through a slow port.
KERNEL_SYMBOLS = "busybox grep -i ' [tw] [^[]*$' /proc/kallsyms >&4"
MODULE_SYMBOLS = "busybox grep -i ' [tw] .*\\[' /proc/kallsyms >&4"

_SYMBOL = re.compile(r"([0-9a-f]+) [tTwW] (\S+)(?:\s+\[(\S+)\])?")
# Marks in the linker's script, and labels within a function, which are no functions.
_LABEL = re.compile(
    r"^(_[se]?(text|inittext|sinittext)|_etext|__pfx_.*|.*_text_(start|end)|.*text_(start|end))$"
    r"|_after_hwframe$|_safe_stack$"
)
_LAST = 1 << 12  # bytes that the last function of a module is taken to have at most


class EnteredBy(StrEnum):
    """How a function is come to, as bench/plugin/functions.h spells it."""

    PLAIN = "-"
    INTERRUPT = "i"
    VECTOR = "v"
    FAULT = "f"
    FIRST = "0"
    SWITCH = "s"


@dataclass(frozen=True)
class Symbol:
    """A function with where it is, end excluded."""

    begin: int
    end: int
    function: Function


@dataclass(frozen=True)
class Text:
    """Functions that share an address space, sorted; of a program with where its code is."""

    symbols: Sequence[Symbol]
    program: Path | None = None
    begin: int = 0  # address, bytes, and offset in the file
    size: int = 0
    offset: int = 0

    def lines(self) -> Iterator[str]:
        """Spell it as the plugin reads it: bench/plugin/functions.h."""
        if self.program:
            yield f"program {self.begin:x} {self.size:x} {self.offset:x} {self.program}"
        else:
            yield "kernel"
        for each in self.symbols:
            yield f"{each.begin:x} {each.end:x} {_entry(each.function, bool(self.program))}"


def _entry(function: Function, user: bool) -> EnteredBy:
    name = function.name
    if user:
        return EnteredBy.FIRST if name == "_start" else EnteredBy.PLAIN
    if name.startswith("asm_exc_"):
        return EnteredBy.FAULT
    if name.startswith(("asm_sysvec_", "asm_common_interrupt", "asm_spurious_interrupt")):
        return EnteredBy.INTERRUPT
    if name in ("irq_entries_start", "spurious_entries_start"):
        return EnteredBy.VECTOR
    if name in ("ret_from_fork_asm", "ret_from_fork"):
        return EnteredBy.FIRST
    return EnteredBy.SWITCH if name == "__switch_to_asm" else EnteredBy.PLAIN


def kernel_text(lines: Iterable[str]) -> Text:
    """Read lines of /proc/kallsyms; CannotJudge where they have no addresses or none at all."""
    found = filter(None, map(_SYMBOL.fullmatch, map(str.strip, lines)))
    names = _named(
        (int(each[1], 16), Function(each[2], each[3] or ""))
        for each in found
        if not _LABEL.search(each[2])
    )
    if len(names) < 2:
        why = "the guest's kernel shows no symbols"
        raise CannotJudge(why, "it needs CONFIG_KALLSYMS, and kernel.kptr_restrict below 2")
    return Text(_in_order(names))


def _named(symbols: Iterable[tuple[int, Function]]) -> dict[int, Function]:
    """Choose one of the functions at each address."""
    names: dict[int, Function] = {}
    for address, function in symbols:
        known = names.get(address)
        if known is None or _rank(function) < _rank(known):
            names[address] = function
    return names


def _rank(function: Function) -> tuple[bool, int, str]:
    """Prefer, of several names of an address, a plain short one."""
    return function.name.startswith("__"), len(function.name), function.name


def _in_order(names: Mapping[int, Function]) -> list[Symbol]:
    """End each function where the next one begins; a module's last one after a page."""
    begins = sorted(names)
    ends = [*begins[1:], begins[-1] + _LAST]
    symbols = []
    for begin, end in zip(begins, ends, strict=True):
        function = names[begin]
        if function.place:
            end = min(end, begin + _LAST) if _changes(names, end, function) else end
        symbols.append(Symbol(begin, end, function))
    return symbols


def _changes(names: Mapping[int, Function], at: int, function: Function) -> bool:
    return at not in names or names[at].place != function.place


_SECTION = re.compile(
    r"\s*\[\s*\d+\] \.text\s+PROGBITS\s+([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+)", re.MULTILINE
)
_NM = re.compile(r"([0-9a-f]+) [tTwWiu] (\S+)")


def program_text(path: Path) -> Text:
    """Read the functions of a program of ours, which is static and at fixed addresses."""
    section = _SECTION.search(run(["readelf", "-SW", str(path)]))
    found = filter(None, map(_NM.fullmatch, run(["nm", "-n", str(path)]).splitlines()))
    names = _named((int(each[1], 16), Function(each[2], path.name)) for each in found)
    if section is None or not names:
        raise CannotJudge(f"{path} has no symbols", "remove it: it is built again")
    begin, offset, size = (int(each, 16) for each in section.groups())
    inside = {at: name for at, name in names.items() if begin <= at < begin + size}
    begins = sorted(inside)
    ends = [*begins[1:], begin + size]
    symbols = [Symbol(at, end, inside[at]) for at, end in zip(begins, ends, strict=True)]
    return Text(symbols, path, begin, size, offset)


def why_no_lines(kernel: Kernel) -> str:
    """Say why the lines of a kernel are not known, "" when they are."""
    if (kernel.path / VMLINUX).exists():
        return ""
    return f"{kernel.name} was built without debug information"


def source_lines(kernel: Kernel, asked: Sequence[int]) -> dict[int, str]:
    """Ask for the lines of addresses: the kernel's in its vmlinux, the others in our programs."""
    ours = [address for address in asked if address >> 63]
    found = _lines_in(kernel.path / VMLINUX, ours)
    for path in our_programs():
        found |= _lines_in(path, [address for address in asked if not address >> 63])
    return found


def _lines_in(path: Path, asked: Sequence[int]) -> dict[int, str]:
    if not asked:
        return {}
    words = [find_tool("addr2line", "binutils"), "-e", str(path)]
    answers = run(words, stdin="".join(f"{each:x}\n" for each in asked).encode()).splitlines()
    return read_lines(asked, answers, _source_of(answers))


def _source_of(answers: Sequence[str]) -> str:
    """Return the directory of the source, with its slash: a kernel has others for what it makes."""
    paths = {answer.rpartition("/")[0] for answer in answers if answer.startswith("/")}
    if not paths:
        return ""
    above = f"{os.path.commonpath(paths)}/"
    source = f"{above}source/"
    return source if any(f"{path}/".startswith(source) for path in paths) else above
