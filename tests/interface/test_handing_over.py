# SPDX-License-Identifier: GPL-2.0-only
"""Short programs of what a review of the patches found; each failed on the series of that time."""

from collections.abc import Iterator
from errno import EBUSY, EINVAL, EOPNOTSUPP, EPERM, ESTALE

import pytest

from bench.executors.guest_setup import GuestSetup
from tests.interface.model import ACCESS_PLATFORM, ASID, NEW_OWNER, PERSIST, TRAITS
from tests.interface.playing import Player, playing
from tests.interface.steps import ACTORS, LOOK, PAGE, PRIVATE, SHARED, Answer, Step

pytestmark = pytest.mark.guest

MSG_V2 = 1 << 1
MAPS_2_PAGES = ("UPDATE", 0, 0, 2 * PAGE, SHARED, 3)
UNMAPS = ("INVALIDATE", 0, 0, 2 * PAGE, 0, 0)

# Of devices that can play a program at all.
SIMULATED = pytest.mark.parametrize(
    "player", [device for device in TRAITS if TRAITS[device].runs], indirect=True
)
PINNING = pytest.mark.parametrize(
    "player", [device for device in TRAITS if TRAITS[device].pins], indirect=True
)


def keeping(device: str) -> list[int]:
    """Return the backend features of a device that keep its map in a reset."""
    return [
        feature
        for feature in (NEW_OWNER, PERSIST)
        if feature == NEW_OWNER or TRAITS[device].can & PERSIST
    ]


# A step and the errno that it has to give: "a", 0, "SET_STATUS", 1.
Line = tuple[str | int, ...]


@pytest.fixture(scope="module", params=TRAITS)
def player(
    setup: GuestSetup, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Player]:
    with playing(setup, request.param, tmp_path_factory.mktemp(request.param)) as player:
        yield player


def agrees(actor: str, *more: int) -> Line:
    """Return the step of an owner that agrees to be followed."""
    return (actor, 0, "SET_BACKEND_FEATURES", MSG_V2 | NEW_OWNER | sum(more))


def play(player: Player, *lines: Line) -> list[Answer]:
    """Play a program; AssertionError where a step gives another errno than the line says."""
    program = tuple(
        Step(str(actor), str(name), tuple(map(int, args))) for actor, _, name, *args in lines
    )
    answers = player.play(program)
    for step, (_, error, *_rest), answer in zip(program, lines, answers, strict=True):
        assert answer.result == -int(error), f"{step}\n    of\n" + "\n".join(map(str, program))
    return answers


def charged(player: Player, actor: str, pages: int) -> tuple[int, ...]:
    """Return the pages of each process where one owns so many."""
    return tuple(pages * (player.device == "sim-net-pa" and who == actor) for who in ACTORS)


def running(player: Player, actor: str) -> tuple[Line, ...]:
    """Return the steps that start a device, whose rings are nowhere."""
    assert TRAITS[player.device].runs
    features = (actor, 0, "SET_FEATURES", ACCESS_PLATFORM)
    return (features, *((actor, 0, "SET_STATUS", status) for status in (1, 3, 11, 15)))


@pytest.mark.parametrize("taker", ["b", "c"])
def test_a_process_that_the_owner_did_not_agree_to_gets_nothing(player: Player, taker: str) -> None:
    answers = play(
        player,
        ("a", 0, "SET_OWNER"),
        ("a", 0, "UPDATE", 0, 0, PAGE, SHARED, 3),
        (taker, EPERM, "SET_BACKEND_FEATURES", NEW_OWNER),
        (taker, EOPNOTSUPP, "NEW_OWNER"),
        ("a", 0, "INVALIDATE", 0, 0, PAGE, 0, 0),
    )
    assert answers[3].pinned == charged(player, "a", 1)


def test_consent_is_for_one_change(player: Player) -> None:
    play(
        player,
        ("a", 0, "SET_OWNER"),
        agrees("a"),
        ("b", 0, "NEW_OWNER"),
        ("c", EOPNOTSUPP, "NEW_OWNER"),
        ("a", EPERM, "SET_BACKEND_FEATURES", NEW_OWNER),
        agrees("b"),
        ("a", 0, "NEW_OWNER"),
    )


def test_consent_is_taken_back_by_the_owner_alone(player: Player) -> None:
    play(
        player,
        ("a", 0, "SET_OWNER"),
        agrees("a"),
        ("b", EPERM, "SET_BACKEND_FEATURES", MSG_V2),
        ("a", 0, "SET_BACKEND_FEATURES", MSG_V2),
        ("b", EOPNOTSUPP, "NEW_OWNER"),
    )


def test_nobody_agrees_for_a_device_without_owner(player: Player) -> None:
    play(
        player,
        ("a", EPERM, "SET_BACKEND_FEATURES", NEW_OWNER),
        ("a", 0, "SET_OWNER"),
        agrees("a"),
        ("a", 0, "RESET_OWNER"),
        ("b", EINVAL, "NEW_OWNER"),
        ("a", 0, "SET_OWNER"),
        ("b", EOPNOTSUPP, "NEW_OWNER"),
    )


def reset_while_mapped(feature: int) -> tuple[Line, ...]:
    """Return the steps of an owner that resets a device with 2 pages mapped, and agrees then."""
    return (
        ("a", 0, "SET_OWNER"),
        ("a", 0, "SET_BACKEND_FEATURES", feature),
        ("a", 0, *MAPS_2_PAGES),
        ("a", 0, "SET_STATUS", 1),
        ("a", 0, "SET_STATUS", 0),
        agrees("a"),
    )


def test_a_map_that_a_reset_has_cleaned_is_not_handed_over(player: Player) -> None:
    cleans = TRAITS[player.device].cleans
    answers = play(
        player,
        *reset_while_mapped(MSG_V2),
        *[("b", ESTALE, "NEW_OWNER")] * cleans,
        *[("a", 0, "UPDATE", 0, 4 * PAGE, PAGE, SHARED, 3)] * cleans,
        *[("b", ESTALE, "NEW_OWNER")] * cleans,
        *[("a", 0, "INVALIDATE", 0, 0, 16 * PAGE, 0, 0)] * cleans,
        *[("a", 0, *MAPS_2_PAGES)] * cleans,
        ("b", 0, "NEW_OWNER"),
    )
    assert answers[-1].pinned == charged(player, "b", 2)


@pytest.mark.parametrize(
    ("player", "feature"),
    [(device, feature) for device in TRAITS for feature in keeping(device)],
    indirect=["player"],
)
def test_a_map_that_a_reset_keeps_is_handed_over(player: Player, feature: int) -> None:
    answers = play(player, *reset_while_mapped(feature), ("b", 0, "NEW_OWNER"))
    assert answers[-1].pinned == charged(player, "b", 2)


# vduse_vdpa_get_vq_state() asks the daemon, which has no ring before DRIVER_OK.
@SIMULATED
def test_nothing_set_up_in_status_0_reaches_the_next_owner(player: Player) -> None:
    answers = play(
        player,
        ("a", 0, "SET_OWNER"),
        ("a", 0, LOOK),
        ("a", 0, "SET_VRING_BASE", 0, 7),
        ("a", 0, *MAPS_2_PAGES),
        ("a", 0, LOOK),
        ("a", 0, "RESET_OWNER"),
        ("b", 0, "SET_OWNER"),
        ("b", 0, LOOK),
    )
    opened, used, again = (answers[at].looked for at in (1, 4, 7))
    assert used != opened
    assert again == opened
    assert answers[5].pinned == (0, 0, 0)


# QEMU's daemon of VDUSE ends where a driver sets no rings up.
@SIMULATED
def test_a_running_device_is_not_taken(player: Player) -> None:
    play(
        player,
        ("a", 0, "SET_OWNER"),
        agrees("a"),
        *running(player, "a"),
        ("b", EBUSY, "NEW_OWNER"),
        ("a", 0, "SUSPEND"),
        ("b", 0, "NEW_OWNER"),
        ("b", 0, "RESUME"),
        agrees("b"),
        ("a", EBUSY, "NEW_OWNER"),
        ("b", 0, "SET_STATUS", 0),
        ("a", 0, "NEW_OWNER"),
    )


def test_a_batch_that_was_left_open_is_ended(player: Player) -> None:
    spaces = TRAITS[player.device].spaces
    answers = play(
        player,
        ("a", 0, "SET_OWNER"),
        agrees("a", ASID * (spaces > 1)),
        ("a", 0, "BATCH_BEGIN", 0, 0, 0, 0, 0),
        ("a", 0, *MAPS_2_PAGES),
        ("b", 0, "NEW_OWNER"),
        ("b", 0, "BATCH_BEGIN", spaces - 1, 0, 0, 0, 0),
        ("b", 0, "BATCH_END", spaces - 1, 0, 0, 0, 0),
        ("b", 0, *UNMAPS),
    )
    assert [answer.pinned for answer in answers[3:5]] == [
        charged(player, "a", 2),
        charged(player, "b", 2),
    ]


@PINNING
def test_private_memory_that_is_pinned_stays_the_old_owners(player: Player) -> None:
    """A process that may lock 5 pages and never was owner gets none of 8 private ones."""
    answers = play(
        player,
        ("a", 0, "SET_OWNER"),
        ("a", 0, "UPDATE", 0, 0, 8 * PAGE, PRIVATE, 3),
        ("c", EPERM, "SET_BACKEND_FEATURES", NEW_OWNER),
        ("c", EOPNOTSUPP, "NEW_OWNER"),
        ("c", EPERM, "SET_VRING_NUM", 0, 256),
        ("c", EPERM, "SET_VRING_BASE", 0, 1),
        ("c", EPERM, "RESET_OWNER"),
    )
    assert answers[-1].pinned == charged(player, "a", 8)
