# SPDX-License-Identifier: GPL-2.0-only
"""Draw programs: mostly what processes do that hand a device over, and every kind of mistake."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

from hypothesis import strategies as st

from tests.interface.mistakes import MISTAKES
from tests.interface.model import ACCESS_PLATFORM, ASID, NEW_OWNER, PERSIST, REMAP, Model, Traits
from tests.interface.steps import (
    ACTORS,
    EVENT,
    LOOK,
    NO_FILE,
    PAGE,
    PRIVATE,
    SHARED,
    Program,
    Step,
)

# Two that lie side by side, one over both, and one that is too large for process c.
_REGIONS = ((0, PAGE), (PAGE, 2 * PAGE), (0, 3 * PAGE), (16 * PAGE, 6 * PAGE))
# Whole ones: vhost_vdpa_pa_map() makes an entry of the pages that happen to lie side by side, and
# an entry goes as a whole.
_INVALID = ((0, 3 * PAGE), (16 * PAGE, 6 * PAGE), (0, 32 * PAGE), (64 * PAGE, PAGE))
_BACKENDS = (NEW_OWNER, NEW_OWNER | ASID, NEW_OWNER | REMAP, PERSIST | NEW_OWNER, PERSIST, ASID, 2)
_STATUSES = (0, 0, 1, 3, 11)
_RUNNING = (15, 15, 4, 0xFF)  # with DRIVER_OK

# Who does a step, as seen from the device: its owner, another one, or process c.
_OWNER, _OTHER = "owner", "other"
_ANYBODY = st.sampled_from((_OWNER, _OTHER, _OTHER, "c"))
_FIRST = st.sampled_from((*[_OWNER] * 6, _OTHER, "c"))
_ASIDS = st.sampled_from((0, 0, 1))
_FILES = st.sampled_from((EVENT, EVENT + 1, -1))
_QUEUES = st.sampled_from((0, 1))

_Drawn = st.SearchStrategy[Program]


def _one(actor: st.SearchStrategy[str], name: str, *args: st.SearchStrategy[int]) -> _Drawn:
    return st.builds(lambda who, numbers: (Step(who, name, numbers),), actor, st.tuples(*args))


@st.composite
def _mapping(draw: st.DrawFn) -> Program:
    kind = draw(st.sampled_from(("UPDATE", "UPDATE", "UPDATE", "INVALIDATE", "REMAP")))
    iova, size = draw(st.sampled_from(_INVALID if kind == "INVALIDATE" else _REGIONS))
    uaddr = draw(st.sampled_from((SHARED, SHARED, SHARED + 4 * PAGE, PRIVATE)))
    perm = 0 if kind == "REMAP" else 3
    return (Step(draw(_FIRST), kind, (draw(_ASIDS), iova, size, uaddr, perm)),)


def _mistake() -> _Drawn:
    """Somebody makes a mistake, and the owner looks before and after."""
    look = Step(_OWNER, LOOK)
    return st.builds(
        lambda who, step: (look, replace(step, actor=who), look),
        _ANYBODY,
        st.sampled_from(MISTAKES),
    )


def _given_up(*before: Step) -> _Drawn:
    """The owner gives the device up, and the next one looks at what it gets."""
    look = Step(_OWNER, LOOK)
    return st.builds(
        lambda one, next_: (*before, Step(one, "RESET_OWNER"), Step(next_, "SET_OWNER"), look),
        _FIRST,
        _ANYBODY,
    )


def _handed_over(before: Program = (), between: Program = ()) -> _Drawn:
    """The owner agrees, and another process takes the device."""
    return st.builds(
        lambda agreed: (
            *before,
            Step(_OWNER, "SET_BACKEND_FEATURES", (agreed,)),
            *between,
            Step(_OTHER, "NEW_OWNER"),
        ),
        st.sampled_from((NEW_OWNER, NEW_OWNER | ASID)),
    )


_BATCH = (Step(_OWNER, "BATCH_BEGIN", (0, 0, 0, 0, 0)),)
_RESET = (Step(_OWNER, "SET_STATUS", (0,)),)

_OWNING = (
    _handed_over(),
    _handed_over(between=_BATCH),
    _handed_over(before=_RESET),
    _handed_over(between=_RESET),
    _one(_ANYBODY, "NEW_OWNER"),
    _one(_FIRST, "SET_BACKEND_FEATURES", st.sampled_from(_BACKENDS)),
    _one(_ANYBODY, "SET_BACKEND_FEATURES", st.integers(0, (1 << 12) - 1)),
    _given_up(),
    _given_up(Step(_OWNER, "SET_VRING_BASE", (0, 7))),
    _one(_ANYBODY, "SET_OWNER"),
)
_MAPPING = (
    _mapping(),
    _mapping(),
    _one(_FIRST, "BATCH_BEGIN", _ASIDS, *[st.just(0)] * 4),
    _one(_FIRST, "BATCH_END", _ASIDS, *[st.just(0)] * 4),
)
_RINGS = (
    _one(_FIRST, "SET_VRING_NUM", _QUEUES, st.sampled_from((0, 3, 256, 1 << 17))),
    _one(_FIRST, "SET_VRING_NUM", st.just(7), st.just(256)),
    _one(_FIRST, "SET_VRING_BASE", _QUEUES, st.sampled_from((7, 7, 1 << 16))),
    _one(_FIRST, "SET_VRING_BASE", _QUEUES, st.just(9)),
    _one(_FIRST, "SET_VRING_ENABLE", _QUEUES, st.just(0)),
    _one(_FIRST, "SET_GROUP_ASID", _QUEUES, st.sampled_from((0, 1, 9))),
    _one(_FIRST, "SET_VRING_KICK", _QUEUES, _FILES),
    _one(_FIRST, "SET_VRING_CALL", _QUEUES, _FILES),
    _one(_ANYBODY, "SET_VRING_ERR", _QUEUES, st.just(NO_FILE)),
    _one(_ANYBODY, "SET_CONFIG_CALL", _FILES),
    _one(_ANYBODY, "UNKNOWN", st.just(0), st.just(0)),
    _mistake(),
    _mistake(),
)


def _moves(traits: Traits) -> _Drawn:
    """Draw a move: half of them change who has the device, or what is mapped."""
    statuses = st.sampled_from(_STATUSES + _RUNNING * traits.runs)
    running = (
        _one(_FIRST, "SET_STATUS", statuses),
        _one(_FIRST, "SET_STATUS", statuses),
        _one(_FIRST, "SUSPEND"),
        _one(_ANYBODY, "RESUME"),
        _one(_FIRST, "SET_FEATURES", st.sampled_from((ACCESS_PLATFORM, 0))),
    )
    return st.one_of(*_OWNING * 2, *_MAPPING * 2, *running, *_RINGS)


LONGEST = 36  # moves of up to four steps: a line of a terminal takes 4095 bytes


def programs(traits: Traits) -> _Drawn:
    """Draw a program; it begins with a process that takes the device and looks at it."""
    begin = (Step("a", "SET_OWNER"), Step("a", LOOK))
    moves = st.lists(_moves(traits), min_size=4, max_size=LONGEST)
    return moves.map(lambda drawn: begin + _by_whom(traits, [*chain.from_iterable(drawn)]))


def _by_whom(traits: Traits, steps: Iterable[Step]) -> Program:
    """Name the process of each step, by who has the device then."""
    model, named = Model(traits, owner="a"), []
    for step in steps:
        others = [actor for actor in ACTORS if actor != model.owner]
        who = {_OWNER: model.owner or "a", _OTHER: others[0]}.get(step.actor, step.actor)
        named.append(replace(step, actor=who))
        model.take(named[-1])
    return tuple(named)
