# SPDX-License-Identifier: GPL-2.0-only
"""Profiles of real guests: they add up, change nothing, and agree with other counters."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bench.executors.guest import CHECK_CLOCK, GuestExecutor, block_script
from bench.executors.profiling import Profiler, shortened
from bench.guest.initramfs import our_programs
from bench.guest.symbols import program_text
from bench.model.cell import Block, Rep
from bench.model.facts import ProfileFacts
from bench.model.method import Method
from bench.model.units import KIB, MIB
from bench.profile.profile import CALLS, PROGRAMS, Profile
from bench.profile.recording import Recording, read_recording
from tests.guest.conftest import plan_of

MEMORY = 64 * MIB
PAGES = MEMORY // (4 * KIB)

Profiles = Mapping[Method, Profile]


@pytest.fixture
def block() -> Block:
    """More reps than are profiled: the helper's command line is a part of its state."""
    (block,) = plan_of(mem="64M", pages="thp", reps=6).blocks
    return block


def profiled(executor: GuestExecutor, block: Block, *counts: str) -> Profiles:
    made = Profiler(executor, ProfileFacts(counts=counts)).profile(block)
    return {profile.cell.method: profile for profile in made}


def of_function(profile: Profile, spans: Sequence[str], kind: str) -> Mapping[str, int]:
    own = profile.own(spans, profile.kinds.index(kind))
    counts = profile.by_function(own).tolist()
    return {each.label: n for each, n in zip(profile.functions, counts, strict=True)}


def paths(profile: Profile) -> set[tuple[str, ...]]:
    """Return the names on the way from a root to each node."""
    made: list[tuple[str, ...]] = []
    for function, parent in zip(profile.function_of, profile.parent_of, strict=True):
        above = made[parent] if parent >= 0 else ()
        made.append((*above, profile.functions[function].name))
    return set(made)


def below_programs(profile: Profile) -> list[tuple[str, str]]:
    """List what of the kernel stands below a program: it has paths of its own."""
    places = [profile.functions[function] for function in profile.function_of]
    pairs = (
        (places[p], place) for place, p in zip(places, profile.parent_of, strict=True) if p >= 0
    )
    return [
        (above.label, below.label)
        for above, below in pairs
        if above.place in PROGRAMS and below.place not in PROGRAMS
    ]


def test_functions_add_up_and_nothing_changes(executor: GuestExecutor, block: Block) -> None:
    profiles = profiled(executor, block)
    assert set(profiles) == {Method.RESET_OWNER, Method.NEW_OWNER}
    plain = [rep for rep in executor.measure(block) if isinstance(rep, Rep)]
    for profile in profiles.values():
        for name, spent in profile.spans.items():
            assert abs(spent.counted - spent.ticks) <= 1 + 2e-6 * spent.ticks, name
        assert sum(profile.spans[name].ticks for name in profile.phases) == plain[profile.rep].pause
        unknown = sum(
            count
            for name, count in of_function(profile, profile.phases, "instructions").items()
            if name.startswith("0x")
        )
        assert unknown < 1e-3 * plain[profile.rep].pause
        assert below_programs(profile) == []


def test_a_function_is_called_as_often_as_there_are_pages(
    executor: GuestExecutor, block: Block
) -> None:
    profile = profiled(executor, block)[Method.RESET_OWNER]
    release = of_function(profile, ["release"], CALLS)
    assert release["unpin_user_page"] == PAGES
    assert release["set_page_dirty_lock"] == PAGES
    assert release["vhost_vdpa_remove_all_as [vhost_vdpa]"] == 1
    kernel = ("do_syscall_64", "vhost_vdpa_unlocked_ioctl", "vhost_vdpa_pa_unmap")
    assert any(
        path[0] == "entry_SYSCALL_64" and path[-1] == "unpin_user_page" and set(kernel) < {*path}
        for path in paths(profile)
    )
    assert any(path[-2:] == ("take_step", "method_step") for path in paths(profile))


@pytest.mark.parametrize("fields", [{"handover": "fork"}, {"devices_of_vm": "2"}])
def test_what_a_program_enters_the_kernel_by_begins_a_path(
    executor: GuestExecutor, fields: Mapping[str, str]
) -> None:
    """Interrupts come between a call and what it calls, and before a program has gone on."""
    (block,) = plan_of(mem="64M", pages="thp", **fields).blocks
    for profile in profiled(executor, block).values():
        assert not any("entry_SYSCALL_64" in path[1:] for path in paths(profile))
        assert below_programs(profile) == []


def test_the_kernels_probes_are_hit_as_often_as_calls_are_counted(
    executor: GuestExecutor, block: Block, tmp_path: Path
) -> None:
    """Of functions that only the helper comes to, from the guest's first command on."""
    names = ("unpin_user_page", "set_page_dirty_lock", "pin_user_pages", "__x64_sys_mlockall")
    tracing = "/sys/kernel/debug/tracing"
    probes = [f"echo 'p:bench/{name} {name}' >>{tracing}/kprobe_events" for name in names]
    show = f"cat {tracing}/kprobe_profile >&4"
    *before, last = block_script(shortened(block), executor.clock, executor.kernel)
    setup = [*probes, f"echo 1 >{tracing}/events/bench/enable"]
    helper = f"{last.command}; true"  # its end unpins too, and comes before the probes are read
    script = [*setup, *(each.command for each in before), helper, show, CHECK_CLOCK.command]
    profiler = Profiler(executor, ProfileFacts())
    texts = [profiler.kernel_text_of(block, before), *map(program_text, our_programs())]
    with executor.guest(script, "probed", profiler.words(tmp_path, texts)) as guest:
        answers = {command: [*guest.lines(command, 120)] for command in script}
    hits = dict(line.split()[:2] for line in answers[show][:-1])
    with (tmp_path / "out").open() as lines:
        recording = read_recording(lines)
    functions = [symbol.function.name for text in texts for symbol in text.symbols]
    calls = _calls(recording, functions)
    assert {name: int(hits[name]) for name in names} == {name: calls[name] for name in names}
    assert calls["unpin_user_page"] > PAGES


def _calls(recording: Recording, functions: Sequence[str]) -> Counter[str]:
    total: Counter[str] = Counter()
    for spent in recording.spent:
        for node, (_, calls, *_more) in spent.items():
            number = recording.functions[node]
            if 0 <= number < len(functions):
                total[functions[number]] += calls
    return total


def test_stores_are_those_of_a_function_whose_stores_are_known(
    executor: GuestExecutor, block: Block
) -> None:
    profile = profiled(executor, block, "atomics", "loads", "stores")[Method.RESET_OWNER]
    calls = of_function(profile, ["exec"], CALLS)
    stores = of_function(profile, ["exec"], "stores")
    assert calls["clear_page_rep"] > 0
    assert stores["clear_page_rep"] == calls["clear_page_rep"] * 512  # of 8 bytes each
    atomics = of_function(profile, ["release"], "atomics")
    # folio_trylock() of set_page_dirty_lock(), for each page.
    assert atomics["set_page_dirty_lock"] == PAGES
