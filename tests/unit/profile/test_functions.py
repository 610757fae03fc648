# SPDX-License-Identifier: GPL-2.0-only
"""A profile summed by function: nothing is lost, and the clock is held against it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.profile.functions import (
    Apart,
    CellFunctions,
    PhaseFunctions,
    farthest_apart,
    functions_of,
    spelled,
)
from tests.unit.profiled import UNMAP, new_lines, profile_of_lines, reset_lines
from tests.unit.runs import NEW, RESET

RESET_PROFILE = profile_of_lines(RESET, reset_lines(1000))
counts = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(0, 10**9), max_size=9)
cells = st.dictionaries(st.sampled_from(["release", "exec", "map", "start"]), counts, min_size=1)


def made(phases: dict[str, dict[str, int]]) -> CellFunctions:
    spent = {name: PhaseFunctions(sum(own.values()), own) for name, own in phases.items()}
    return CellFunctions(spent)


def test_functions_add_up_to_the_phases_and_to_the_pause() -> None:
    """A function on several paths is one; what is beside the pause is in none of it."""
    found = functions_of(RESET_PROFILE)
    assert [*found.phases] == ["suspend", "release", "exec", "map"]
    release = found.phases["release"]
    assert release.own["unpin_user_page"] == 60_000
    assert release.own["vhost_vdpa_pa_unmap [vhost_vdpa]"] == 17_000
    assert release.counted == release.ticks == 148_000
    assert found.pause == sum(phase.counted for phase in found.phases.values())
    assert found.whole.counted == found.pause
    assert "exc_page_fault" not in found.whole.own


def test_one_function_on_two_paths_is_one() -> None:
    lines = {"release": {f"{UNMAP};folio_put": 3, "asm_exc_page_fault;folio_put": 4}}
    assert functions_of(profile_of_lines(RESET, lines)).phases["release"].own == {"folio_put": 7}


def test_the_phases_that_matter_are_few_and_in_their_order() -> None:
    phases = {"suspend": {"a": 4}, "release": {"a": 30}, "exec": {"a": 6}, "map": {"a": 60}}
    assert [*made(phases).that_matter()] == ["release", "exec", "map"]
    phases["start"] = {"a": 50}
    assert [*made(phases).that_matter()] == ["release", "map", "start"]
    assert made({"release": {}}).that_matter() == {}


@given(cells)
def test_what_is_kept_adds_up_and_is_kept_once_more(phases: dict[str, dict[str, int]]) -> None:
    """A baseline that is made of a baseline is the same file."""
    whole = made(phases)
    kept = whole.compact()
    assert kept.pause == whole.pause
    assert kept.compact() == kept
    for name, phase in kept.phases.items():
        assert phase.counted == whole.phases[name].counted
        assert all(own * 5_000 >= whole.pause for own in phase.own.values())


def test_the_clock_is_held_against_every_phase() -> None:
    """By the largest share, but for phases that are next to nothing of the pause."""
    new = profile_of_lines(NEW, new_lines(1000), {"claim": 5200, "exec": 770_001, "suspend": 1})
    apart = farthest_apart([RESET_PROFILE, new])
    assert (apart.phase, apart.method, apart.instructions) == ("claim", "new-owner", 100)
    assert apart.share == pytest.approx(100 / 5200)
    assert apart.small == 299
    assert farthest_apart([RESET_PROFILE]) == Apart()
    nothing = profile_of_lines(NEW, {"exec": {}}, {"exec": 0})
    assert farthest_apart([nothing]) == Apart()


def test_a_function_is_spelled_as_a_call() -> None:
    assert spelled("unpin_user_page") == "unpin_user_page()"
    assert spelled("vhost_vdpa_map [vhost_vdpa]") == "vhost_vdpa_map() [vhost_vdpa]"
