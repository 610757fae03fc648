# SPDX-License-Identifier: GPL-2.0-only
"""Say what has to be the same in two runs: to compare them, or to be sessions of one run."""

import json
from collections.abc import Callable, Iterable, Mapping
from enum import Enum, auto
from typing import NamedTuple

from msgspec import to_builtins

from bench.model.cell import Clock
from bench.model.device import DEVICES
from bench.model.facts import RunFacts

# Words of a command line that name the kernel, which may differ, or where it lies.
_BOOT_WORDS = ("BOOT_IMAGE=", "initrd=")
# Parameters of devices: of a kernel that has their drivers built in they stand on its command
# line, of another the same ones are given to the modules.
_DRIVER_WORDS = frozenset(
    f"{driver}.{word}"
    for device in DEVICES.values()
    for driver, words in device.modules.items()
    for word in words.split()
)


class Match(Enum):
    """When two runs that differ in a fact cannot be compared."""

    ALWAYS = auto()  # it shapes what is counted as much as what is timed
    # The same work takes longer or less long by it. A count is the same on any machine, so that
    # a baseline in git can be compared with what another machine counts.
    TIMED = auto()
    TIMED_GUEST = auto()  # the same, where the kernel that is measured is a guest's
    NEVER = auto()  # it is what is compared, or explains a result


class Fact(NamedTuple):
    """A fact that matters to who puts figures side by side."""

    name: str  # what lines call it
    value: Callable[[RunFacts], object]
    match: Match = Match.NEVER
    session: bool = False  # it has to be the same in every session of a run


FACTS = (
    Fact("executor", lambda run: run.executor.name, Match.ALWAYS, session=True),
    Fact("accelerator", lambda run: run.executor.accelerator, Match.ALWAYS, session=True),
    Fact("clock", lambda run: run.clock.value, Match.ALWAYS, session=True),
    Fact("unit", lambda run: run.clock.unit, Match.ALWAYS),
    Fact("arch", lambda run: run.machine.arch, Match.ALWAYS, session=True),
    Fact("cpu model", lambda run: _cpu_model(run), Match.ALWAYS, session=True),
    # With a named model counts agree between versions of QEMU: docs/measuring.md has figures.
    Fact("qemu", lambda run: run.executor.qemu, Match.TIMED, session=True),
    Fact("machine type", lambda run: _machine_type(run), session=True),
    Fact("guest memory", lambda run: run.executor.memory, Match.ALWAYS, session=True),
    Fact("cmdline", lambda run: _cmdline(run.executor.cmdline), Match.ALWAYS, session=True),
    Fact("devices", lambda run: run.executor.devices, Match.ALWAYS, session=True),
    Fact("helper", lambda run: _helper(run), Match.ALWAYS, session=True),
    Fact("no result", lambda run: run.executor.no_result, Match.ALWAYS, session=True),
    Fact("wrong on purpose", lambda run: run.asked.broken, Match.ALWAYS),
    Fact("cpu", lambda run: run.machine.cpu, Match.TIMED, session=True),
    Fact("cpus", lambda run: run.machine.cpus, Match.TIMED, session=True),
    Fact("governor", lambda run: run.machine.governor, Match.TIMED),
    Fact("turbo", lambda run: run.machine.turbo, Match.TIMED),
    Fact("smt", lambda run: run.machine.smt, Match.TIMED),
    Fact("isolated", lambda run: run.machine.isolated, Match.TIMED),
    Fact("clock source", lambda run: run.machine.clocksource, Match.TIMED),
    Fact("memlock", lambda run: _memlock(run), Match.TIMED),
    Fact("machine's kernel", lambda run: _machines_kernel(run), Match.TIMED_GUEST, session=True),
    Fact("kernel", lambda run: run.executor.kernel, session=True),
    Fact("kernel build", lambda run: run.executor.kernel_digest, session=True),
    Fact("kernel version", lambda run: run.executor.kernel_version, session=True),
    Fact("mitigations", lambda run: run.machine.mitigations),
    Fact("microcode", lambda run: run.machine.microcode),
    Fact("max pause", lambda run: run.asked.max_pause),
    Fact("bench", lambda run: run.bench),
)


def _cmdline(text: str) -> str:
    words = (word for word in text.split() if word not in _DRIVER_WORDS)
    return " ".join(word for word in words if not word.startswith(_BOOT_WORDS))


def _cpu_model(run: RunFacts) -> str:
    """Return the emulated CPU. Under KVM it is the machine's own, which is a fact by itself.

    Runs that do not say it had QEMU's "max", which another version makes another CPU.
    """
    executor = run.executor
    if executor.accelerator != "tcg":
        return ""
    return executor.cpu_model or f"max of {executor.qemu or 'an unknown QEMU'}"


def _machine_type(run: RunFacts) -> str:
    """Return the board of a guest; runs that do not say it had this one."""
    return run.executor.machine_type or ("q35" if run.executor.name == "guest" else "")


def _helper(run: RunFacts) -> str:
    """Return the digest of the first session's helper; all sessions have the same."""
    return run.sessions[0].helper if run.sessions else ""


def _memlock(run: RunFacts) -> object:
    """Return the limit of the host, where None is unlimited. A guest has none."""
    limit = run.executor.memlock
    return "unlimited" if limit is None and run.executor.name == "host" else limit


def _machines_kernel(run: RunFacts) -> str:
    """Return the kernel below a guest; on the host it is the kernel that is measured."""
    return "" if run.executor.name == "host" else run.machine.kernel


def facts_of(run: RunFacts) -> dict[str, str]:
    """Return the facts by name, each as one line of text; without those that are not known."""
    texts = {fact.name: text_of(fact.value(run)) for fact in FACTS}
    return {name: text for name, text in sorted(texts.items()) if text}


def text_of(value: object) -> str:
    """Spell a value as one line, the same for the same value; None as ""."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(to_builtins(value), sort_keys=True)
    return " ".join(text.split())


def must_match(base: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return the names of the facts that forbid comparing two runs where they differ.

    Both are facts as `facts_of` gives them.
    """
    wanted = {Match.ALWAYS}
    if Clock.WALL in (base.get("clock"), new.get("clock")):
        wanted.add(Match.TIMED)
        if "guest" in (base.get("executor"), new.get("executor")):
            wanted.add(Match.TIMED_GUEST)
    return [fact.name for fact in FACTS if fact.match in wanted]


def unlike(base: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return a line for each fact that forbids comparing two runs."""
    return unequal(base, new, must_match(base, new))


def unequal(base: Mapping[str, str], new: Mapping[str, str], names: Iterable[str]) -> list[str]:
    """Return a line for each of the named facts that differs, or that only one of them knows."""
    pairs = {name: (base.get(name, ""), new.get(name, "")) for name in names}
    return [
        f"{name}: {before or 'not known'} in BASE, {after or 'not known'} in NEW"
        for name, (before, after) in sorted(pairs.items())
        if before != after
    ]


def continuity_problems(then: RunFacts, now: RunFacts) -> list[str]:
    """Return a line for each fact that keeps ``now`` from being a further session of ``then``."""
    before, after = facts_of(then), facts_of(now)
    names = [fact.name for fact in FACTS if fact.session]
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
