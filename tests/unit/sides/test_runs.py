# SPDX-License-Identifier: GPL-2.0-only
"""Sides from run directories, and what forbids comparing two."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.errors import CannotJudge, UsageError
from bench.model.cell import Clock
from bench.results.writer import Store
from bench.sides import cell_name, changes, differences, read_side
from tests.unit.runs import (
    FAILED,
    LARGE,
    NEW,
    RESET,
    SKIPPED,
    VALUES,
    contents,
    facts,
    noisy,
    sample,
    write_run,
)


def test_a_run_is_a_side_without_its_warmups(tmp_path: Path) -> None:
    side = read_side(write_run(tmp_path / "run", without={LARGE: SKIPPED}))
    assert contents(side) == VALUES
    assert side.without == {LARGE: SKIPPED}
    assert (side.unit, side.boots, side.name) == ("ns", 1, str(tmp_path / "run"))
    assert side.facts["kernel"] == "6.12+live-update"
    assert side.facts["helper"] == "h1"


def test_values_stand_in_the_order_of_their_reps(tmp_path: Path) -> None:
    store = Store(write_run(tmp_path / "run", {NEW: {2: [5, 6]}}))
    store.append([sample(NEW, Clock.WALL, 1, rep, 10 * rep) for rep in (3, 1, 2)])
    assert contents(read_side(store.path)) == {NEW: {1: [10, 20, 30], 2: [5, 6]}}


def test_boots_of_several_runs_count_on(tmp_path: Path) -> None:
    write_run(tmp_path / "a", {NEW: {1: [1, 2], 2: [3]}})
    write_run(tmp_path / "b", {NEW: {1: [4]}, RESET: {1: [5], 3: [6]}})
    side = read_side([tmp_path / "a", tmp_path / "b"])
    assert contents(side) == {NEW: {1: [1, 2], 2: [3], 3: [4]}, RESET: {3: [5], 4: [6]}}
    assert side.boots == 4


def on_the_host(path: Path, boot_ids: list[str], values: Any) -> Path:
    sessions = [{"boot_id": boot_id, "helper": "h1", "began": path.name} for boot_id in boot_ids]
    return write_run(path, values, executor={"name": "host"}, sessions=sessions)


def test_runs_of_one_boot_of_the_host_are_one_boot(tmp_path: Path) -> None:
    """Each calls its boot 1, but a second look at one boot is no second boot."""
    a = on_the_host(tmp_path / "a", ["x"], {NEW: {1: [1]}})
    b = on_the_host(tmp_path / "b", ["x", "x", "y"], {NEW: {1: [2], 2: [3]}})
    c = on_the_host(tmp_path / "c", ["z"], {NEW: {1: [4]}})
    assert contents(read_side([a, b, c])) == {NEW: {1: [1, 2], 2: [3], 3: [4]}}


def test_a_failure_in_one_boot_fails_the_cell(tmp_path: Path) -> None:
    a = write_run(tmp_path / "a")
    b = write_run(tmp_path / "b", {RESET: {1: [7]}}, without={NEW: FAILED})
    side = read_side([a, b])
    assert [*side.cells] == [RESET]
    assert side.without == {NEW: FAILED}


def test_what_one_run_skipped_another_may_have(tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", {RESET: {1: [7]}}, without={NEW: SKIPPED})
    side = read_side([a, write_run(tmp_path / "b")])
    assert {*side.cells} == {RESET, NEW} and not side.without


def test_a_run_twice_is_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    (tmp_path / "link").symlink_to(run)
    with pytest.raises(UsageError, match="twice"):
        read_side([run, tmp_path / "link"])


@pytest.mark.parametrize(
    "changed", [{"executor": {"kernel": "other"}}, {"executor": {"qemu": "other"}}], ids=str
)
def test_runs_of_one_side_are_alike(changed: dict[str, Any], tmp_path: Path) -> None:
    paths = [write_run(tmp_path / "a", noisy(1)), write_run(tmp_path / "b", noisy(2), **changed)]
    with pytest.raises(CannotJudge, match="not alike") as caught:
        read_side(paths)
    assert f"other in {tmp_path / 'b'}" in caught.value.message
    assert read_side(paths, force=True).boots == 10


def test_a_damaged_run_is_refused_unless_forced(tmp_path: Path) -> None:
    path = write_run(tmp_path / "run") / "samples.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CannotJudge, match="damaged"):
        read_side(path.parent)
    side = read_side(path.parent, force=True)
    assert side.damage and contents(side)[NEW] == {1: [VALUES[NEW][1][0]]}


@pytest.mark.parametrize("without", [{}, {NEW: SKIPPED}, {NEW: FAILED}])
@pytest.mark.parametrize("force", [False, True])
def test_nothing_measured_cannot_be_judged(without: Any, force: bool, tmp_path: Path) -> None:
    with pytest.raises(CannotJudge, match="no cell was measured") as caught:
        read_side(write_run(tmp_path / "run", {}, without=without), force)
    assert caught.value.exit_code == 125


def test_no_path_is_a_missing_side() -> None:
    with pytest.raises(UsageError, match="missing"):
        read_side([])


def two(tmp_path: Path, clock: Clock, **changed: Any) -> tuple[list[str], list[str]]:
    base = read_side(write_run(tmp_path / "base", clock=clock, seed=1))
    new = read_side(write_run(tmp_path / "new", clock=clock, seed=1, **changed))
    return differences(base, new), changes(base, new)


@pytest.mark.parametrize("clock", Clock)
def test_a_run_is_like_itself(clock: Clock, tmp_path: Path) -> None:
    assert two(tmp_path, clock) == ([], [])


@pytest.mark.parametrize("clock", Clock)
@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"executor": {"name": "host"}}, "executor: guest in BASE, host in NEW"),
        ({"executor": {"memory": 7}}, "QEMU -m: 1 GiB in BASE, 7 B in NEW"),
        ({"executor": {"cmdline": "quiet x"}}, "cmdline: quiet in BASE, quiet x in NEW"),
        (
            {"executor": {"devices": [{"path": "a"}]}},
            'devices: not known in BASE, [{"path": "a"}] in NEW',
        ),
        ({"machine": {"arch": "riscv64"}}, "arch: x86_64 in BASE, riscv64 in NEW"),
        ({"sessions": [{"helper": "h2"}]}, "helper: h1 in BASE, h2 in NEW"),
        (
            {"scenario": {"broken": "drop-mapping"}},
            "wrong on purpose: not known in BASE, drop-mapping in NEW",
        ),
    ],
    ids=str,
)
def test_unlike_things_are_named(
    changed: dict[str, Any], line: str, clock: Clock, tmp_path: Path
) -> None:
    found, _ = two(tmp_path, clock, **changed)
    assert line in found


@pytest.mark.parametrize("clock", Clock)
@pytest.mark.parametrize(
    "changed",
    [
        {"executor": {"kernel": "6.14+live-update"}},
        {"executor": {"kernel_digest": "fedcba987654"}},
        {"executor": {"cmdline": "BOOT_IMAGE=/boot/vmlinuz-6.14 quiet"}},
        {"bench": "0.2.0"},
    ],
    ids=str,
)
def test_what_is_compared_may_differ(changed: dict[str, Any], clock: Clock, tmp_path: Path) -> None:
    found, said = two(tmp_path, clock, **changed)
    assert not found
    assert len(said) == (0 if "cmdline" in str(changed) else 1)


@pytest.mark.parametrize("qemu", ["QEMU 9", ""])
def test_the_version_of_qemu_matters_to_time_and_is_said_of_counts(
    qemu: str, tmp_path: Path
) -> None:
    line = f"qemu: QEMU 7.2 in BASE, {qemu or 'not known'} in NEW"
    (tmp_path / "wall").mkdir()
    assert two(tmp_path / "wall", Clock.WALL, executor={"qemu": qemu})[0] == [line]
    named = {"accelerator": "tcg", "cpu_model": "Nehalem"}
    paths = [
        write_run(tmp_path / name, clock=Clock.ICOUNT, executor={**named, **more}, seed=1)
        for name, more in (("base", {}), ("new", {"qemu": qemu}))
    ]
    base, new = (read_side(path) for path in paths)
    assert (differences(base, new), changes(base, new)) == ([], [line])


@pytest.mark.parametrize(
    ("base", "new", "line"),
    [
        ("Nehalem", "Haswell", "cpu model: Nehalem in BASE, Haswell in NEW"),
        ("", "Nehalem", "cpu model: max of QEMU 7.2 in BASE, Nehalem in NEW"),
        ("", "", ""),
    ],
)
def test_counts_of_another_cpu_are_refused(base: str, new: str, line: str, tmp_path: Path) -> None:
    """A run that does not say its model had "max"; under KVM the model is the machine's CPU."""
    sides = [
        read_side(write_run(tmp_path / f"{at}", clock=Clock.ICOUNT, executor={"cpu_model": model}))
        for at, model in enumerate((base, new))
    ]
    assert differences(*sides) == ([line] if line else [])
    for at, model in enumerate((base, new)):
        sides[at] = read_side(write_run(tmp_path / f"kvm{at}", executor={"cpu_model": model}))
    assert differences(*sides) == []


def test_another_machine_type_is_said(tmp_path: Path) -> None:
    """A guest that does not say its own had q35."""
    assert two(tmp_path / "like", Clock.ICOUNT, executor={"machine_type": "q35"}) == ([], [])
    found = two(tmp_path, Clock.ICOUNT, executor={"machine_type": "pc"})
    assert found == ([], ["machine type: q35 in BASE, pc in NEW"])


@pytest.mark.parametrize(
    "changed",
    [{"cpu": "B CPU"}, {"cpus": 4}, {"governor": ["powersave"]}, {"smt": True}, {"kernel": "6.2"}],
    ids=str,
)
def test_the_machine_matters_to_time_and_not_to_a_count(
    changed: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "wall").mkdir()
    found, _ = two(tmp_path / "wall", Clock.WALL, machine=changed)
    assert len(found) == 1
    found, said = two(tmp_path, Clock.ICOUNT, machine=changed)
    assert not found and len(said) == 1


def test_another_clock_is_named(tmp_path: Path) -> None:
    base = read_side(write_run(tmp_path / "base"))
    new = read_side(write_run(tmp_path / "new", clock=Clock.ICOUNT))
    found = differences(base, new)
    assert "clock: wall in BASE, icount in NEW" in found
    assert "unit: ns in BASE, instructions in NEW" in found


def test_the_kernel_of_a_host_is_what_is_compared(tmp_path: Path) -> None:
    host = {"name": "host", "accelerator": None, "qemu": None}
    base = read_side(write_run(tmp_path / "base", executor=host, seed=1))
    other = {**host, "kernel": "6.14", "memlock": 1 << 20}
    new = read_side(write_run(tmp_path / "new", executor=other, machine={"kernel": "6.14"}, seed=1))
    assert differences(base, new) == ["memlock: unlimited in BASE, 1048576 in NEW"]
    assert changes(base, new) == ["kernel: 6.12+live-update in BASE, 6.14 in NEW"]


def test_names_say_what_differs() -> None:
    assert cell_name(RESET) == "sim-net-pa thp 1GiB reset-owner"
    assert cell_name(LARGE) == "sim-net-pa thp 64GiB alias=1GiB new-owner"
    odd = replace(RESET, device="/dev/a b%\n", regions="qemu", threads=2)
    assert cell_name(odd) == "/dev/a%20b%25%0A thp 1GiB regions=qemu threads=2 reset-owner"


def test_facts_of_a_run_without_sessions_are_not_guessed(tmp_path: Path) -> None:
    path = write_run(tmp_path / "run", sessions=[])
    assert "helper" not in read_side(path).facts
    assert facts().sessions


def test_many_boots_are_kept_apart(tmp_path: Path) -> None:
    values = noisy(3, boots=12)
    assert contents(read_side(write_run(tmp_path / "run", values))) == values
