# SPDX-License-Identifier: GPL-2.0-only
"""How far a command is, and how long the rest takes."""

from pytest import approx

from bench.measure.course import Course
from bench.model.steps import Step

ALL = {Step.FETCH: 40.0, Step.BUILD: 20.0, Step.BOOT: 10.0, Step.MEASURE: 30.0}


class Clock:
    """Seconds that pass when they are told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def course(*boots: dict[Step, float]) -> tuple[Course, Clock]:
    clock = Clock()
    return Course(boots, clock), clock


def test_all_of_it_is_left_at_first() -> None:
    whole, _ = course(ALL, {Step.BOOT: 10.0, Step.MEASURE: 30.0})
    assert (whole.fraction, whole.seconds_left) == (0.0, 140.0)


def test_what_the_cache_has_is_no_part_of_it() -> None:
    whole, _ = course(ALL)
    whole.begin(Step.BOOT)
    assert (whole.fraction, whole.seconds_left) == (0.0, 40.0)


def test_a_step_that_shows_nothing_moves_by_time_and_not_to_its_end() -> None:
    whole, clock = course({Step.BOOT: 10.0, Step.MEASURE: 30.0})
    whole.begin(Step.BOOT)
    clock.now = 5
    assert whole.fraction == approx(5 / 40)
    assert whole.seconds_left == approx(35)
    clock.now = 100
    assert whole.fraction == approx(9.5 / 40)
    assert whole.seconds_left > 30
    whole.end()
    assert whole.fraction == approx(10 / 40)
    assert whole.seconds_left == approx(30)


def test_bytes_are_what_they_are_whatever_the_time() -> None:
    whole, clock = course({Step.FETCH: 45.0, Step.MEASURE: 55.0})
    whole.begin(Step.FETCH)
    clock.now = 10
    whole.reach(0.5)
    assert whole.fraction == approx(0.225)
    assert whole.seconds_left == approx(55 + 22.5 * 15 / 27.5)  # at twice the pace, nearly
    whole.reach(2.0)  # more than was promised
    assert whole.fraction == approx(0.45)


def test_reps_that_are_slower_make_the_rest_slower() -> None:
    whole, clock = course({Step.MEASURE: 100.0})
    whole.begin(Step.MEASURE)
    whole.run("block", 10.0)
    clock.now = 45
    whole.pass_by(10.0)
    whole.run("block", 10.0)
    assert whole.fraction == approx(0.1)
    assert whole.seconds_left == approx(90 * 50 / 15)


def test_it_never_goes_back() -> None:
    """What was expected by time can be more than what was done."""
    whole, clock = course({Step.MEASURE: 100.0})
    whole.begin(Step.MEASURE)
    whole.run("block", 50.0)
    clock.now = 40
    assert whole.fraction == approx(0.4)
    whole.pass_by(1.0)
    whole.stop("block")
    assert whole.fraction == approx(0.4)


def test_the_pace_of_a_boot_is_that_of_the_next() -> None:
    whole, clock = course({Step.BOOT: 10.0}, {Step.BOOT: 10.0})
    whole.begin(Step.BOOT)
    clock.now = 25
    whole.next_boot()
    assert whole.fraction == approx(0.5)
    assert whole.seconds_left == approx(10 * 30 / 15)


def test_blocks_at_once_share_the_step() -> None:
    whole, clock = course({Step.MEASURE: 20.0})
    whole.begin(Step.MEASURE)
    whole.run("one", 10.0)
    whole.run("two", 10.0)
    clock.now = 4
    assert whole.fraction == approx(0.4)


def test_nothing_at_all_takes_no_time() -> None:
    whole, _ = course()
    assert (whole.fraction, whole.seconds_left) == (0.0, 0.0)
    whole.begin(Step.MEASURE)
    whole.end()
    assert whole.seconds_left == 0.0
