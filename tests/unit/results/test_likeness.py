# SPDX-License-Identifier: GPL-2.0-only
"""The table of facts: what refuses, what is said, what old files do not know; its document."""

import re
from typing import Any

import pytest

from bench.model.cell import Clock
from bench.model.facts import read_run_facts
from bench.paths import ROOT
from bench.results.comparable import facts_of, said, unlike, unlike_sides
from bench.results.fact_table import BUSY, FACTS, QUIET, Fact, Match, load_class
from bench.results.foreign_facts import FOREIGN
from tests.unit.runs import facts

MACHINE: dict[str, Any] = {
    "cpu": "A CPU",
    "cpus": 8,
    "affinity": "0-7",
    "thp": "madvise",
    "thp_shmem": "never",
    "numa": {"0": {"cpus": "0-7", "memory": 1 << 34}},
    "load": [0.5, 0.5, 0.5],
}
HOST = {"name": "host"}

WHEN = {
    Match.ALWAYS: "always",
    Match.TIMED: "times",
    Match.TIMED_GUEST: "times of a guest",
    Match.SIDES: "times, between sides",
    Match.NEVER: "no: it is said",
}


def row(fact: Fact) -> str:
    """The row of a fact in docs/likeness.md."""
    return f"| {fact.name} | {WHEN[fact.match]} | {fact.why} |"


@pytest.mark.parametrize("title, table", [("Facts", FACTS), ("Files of other programs", FOREIGN)])
def test_the_document_has_the_table(title: str, table: tuple[Fact, ...]) -> None:
    text = (ROOT / "docs" / "likeness.md").read_text()
    section = text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if re.match(r"\| (?!fact|---)", line)]
    assert rows == [row(fact) for fact in table]


def test_the_document_says_which_came_late() -> None:
    text = (ROOT / "docs" / "likeness.md").read_text()
    late = ", ".join(fact.name for fact in (*FACTS, *FOREIGN) if fact.late)
    assert late in " ".join(text.split())


def test_each_fact_is_one_and_says_why() -> None:
    names = [fact.name for fact in (*FACTS, *FOREIGN)]
    assert len({*names}) == len(names)
    for fact in (*FACTS, *FOREIGN):
        assert re.fullmatch(r"\S.{9,119}\.", fact.why), fact.name


def known(clock: Clock = Clock.WALL, **machine: Any) -> dict[str, str]:
    whole = {**MACHINE, **machine}
    return facts_of(facts(clock, machine=whole, executor=HOST))


@pytest.mark.parametrize(
    ("machine", "line"),
    [
        ({"hypervisor": "KVM"}, "hypervisor: bare metal in BASE, KVM in NEW"),
        ({"affinity": "0-3"}, "affinity: 0-7 in BASE, 0-3 in NEW"),
        ({"thp": "always"}, "thp: madvise in BASE, always in NEW"),
        ({"thp_shmem": "always"}, "thp shmem: never in BASE, always in NEW"),
        ({"container": "docker (/.dockerenv)"}, "container: none in BASE, docker in NEW"),
        ({"cgroup_cpus": 1.5}, "cpu quota: none in BASE, 1.5 in NEW"),
        ({"nohz_full": "4-7"}, "nohz_full: none in BASE, 4-7 in NEW"),
        (
            {"numa": {"0": {"cpus": "0-3"}, "1": {"cpus": "4-7"}}},
            "numa: 0: 0-7 in BASE, 0: 0-3; 1: 4-7 in NEW",
        ),
        ({"load": [64, 1, 1]}, "load: quiet in BASE, busy in NEW"),
    ],
    ids=str,
)
def test_what_shapes_a_clock_refuses_times_and_no_counts(
    machine: dict[str, Any], line: str
) -> None:
    assert unlike_sides(known(), known(**machine)) == [line]
    assert said(known(), known(**machine)) == []
    counts = known(Clock.ICOUNT), known(Clock.ICOUNT, **machine)
    assert unlike_sides(*counts) == [] and said(*counts) == []


@pytest.mark.parametrize(
    "machine",
    [
        {"microcode": "0x2"},
        {"mitigations": {"spectre_v2": "Mitigation: IBRS"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("clock", Clock)
def test_what_explains_is_said(machine: dict[str, Any], clock: Clock) -> None:
    found = said(known(clock), known(clock, **machine))
    assert len(found) == 1 and found[0].startswith(next(iter(machine)))
    assert unlike_sides(known(clock), known(clock, **machine)) == []


def test_io_uring_and_the_memory_of_a_node_are_no_matter() -> None:
    other = known(io_uring_disabled=2, numa={"0": {"cpus": "0-7", "memory": 1 << 33}})
    assert unlike_sides(known(), other) == said(known(), other) == []


def test_facts_of_before_refuse_nothing_and_are_named_in_a_line() -> None:
    """A baseline in git would be worth nothing with each fact that is added."""
    late = {fact.name for fact in FACTS if fact.late}
    old = {name: text for name, text in known().items() if name not in late}
    assert unlike_sides(old, known()) == unlike_sides(known(), old) == []
    (line,) = said(old, known())
    named = (
        "affinity, container, cpu quota, hypervisor, load, nohz_full, numa, seed, thp, thp shmem"
    )
    assert line == f"not known in BASE: {named}"
    assert said(known(), old) == [line.replace("BASE", "NEW")]
    assert said(
        {n: t for n, t in known(Clock.ICOUNT).items() if n not in late}, known(Clock.ICOUNT)
    ) == ["not known in BASE: seed"]


def test_a_run_of_the_first_format_does_not_know_what_it_did_not_look_for() -> None:
    first = facts_of(facts(machine=MACHINE, executor=HOST, scenario={"reps": 5}))
    assert first["hypervisor"] == "bare metal" and first["reps"] == "5"
    old = facts_of(read(1))
    assert {"hypervisor", "container", "cpu quota", "nohz_full"}.isdisjoint(old)
    assert unlike_sides(old, facts_of(read(2))) == []


def read(version: int) -> Any:
    return read_run_facts({"format": version, "clock": "wall", "executor": HOST})


def test_what_was_known_before_still_has_to_be_known() -> None:
    assert unlike_sides(known(), known(governor=["powersave"])) == [
        'governor: not known in BASE, ["powersave"] in NEW'
    ]


def test_guests_and_seeds_and_reps_are_said() -> None:
    def guest(seed: int, reps: str, state: str) -> dict[str, str]:
        session = {"began": "x", "helper": "h1", "state": state}
        scenario = {"name": "small", "reps": reps}
        run = facts(Clock.ICOUNT, seed=seed, scenario=scenario, sessions=[session])
        return facts_of(run)

    base, new = guest(1, "5+", "aa"), guest(2, "10", "")
    assert unlike_sides(base, new) == []
    assert said(base, new) == [
        "guest state: saved in BASE, fresh in NEW",
        "reps: 5+ in BASE, 10 in NEW",
        "seed: 1 in BASE, 2 in NEW",
    ]
    assert said(base, guest(1, "5+", "bb")) == []  # states differ as kernels do


@pytest.mark.parametrize(
    ("load", "cpus", "found"),
    [
        (64.0, 8, BUSY),
        (2.7, 8, BUSY),
        (2.6, 8, QUIET),
        (2.0, 1, QUIET),  # measuring itself
        (2.1, 1, BUSY),
        (0.0, 8, QUIET),
        (None, 8, ""),
        (1.0, None, ""),
        (float("nan"), 8, QUIET),
    ],
)
def test_classes_of_load(load: float | None, cpus: int | None, found: str) -> None:
    assert load_class(load, cpus) == found


def test_boots_of_one_side_may_differ_in_load() -> None:
    """A boot of a night may follow a build; two sides have to have some boot alike."""
    quiet, busy = known(), known(load=[64, 1, 1])
    assert unlike(quiet, busy) == []
    mixed = {**quiet, "load": "quiet and busy"}
    assert unlike_sides(mixed, busy) == unlike_sides(quiet, mixed) == []
    assert said(quiet, mixed) == ["load: quiet in BASE, quiet and busy in NEW"]
    assert unlike_sides(quiet, busy) == ["load: quiet in BASE, busy in NEW"]
