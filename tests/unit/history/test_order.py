# SPDX-License-Identifier: GPL-2.0-only
"""The order of points: by commit, date or as named; replicas; what has no place in it."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bench.history.order import Order, ordered
from bench.history.point import HistoryPoint, parse_commit, parse_date
from bench.model.method import Phase
from tests.unit.histories import LEVEL, commit, day, point
from tests.unit.runs import NEW, RESET


def points(*numbers: int) -> list[HistoryPoint]:
    return [point(number, {RESET: LEVEL + number}) for number in numbers]


def names(found: Sequence[HistoryPoint]) -> list[str]:
    return [each.name for each in found]


def test_points_are_in_the_order_of_dates() -> None:
    shuffled = points(*range(20))
    random.Random(1).shuffle(shuffled)
    found = ordered(shuffled, None, "")
    assert names(found.points) == [f"p{at}" for at in range(20)]
    assert (found.order, found.notes) == (Order.DATE, ())


def test_points_are_in_the_order_of_the_tree() -> None:
    places = {commit(3): 0, commit(1): 1, commit(2): 2}
    found = ordered(points(1, 2, 3), places, "")
    assert names(found.points) == ["p3", "p1", "p2"]
    assert found.order is Order.COMMIT


def test_a_commit_that_the_tree_does_not_know_leaves_the_order_by_date() -> None:
    assert ordered(points(2, 1), {commit(1): 0}, "").order is Order.DATE
    found = ordered(points(2, 1), {commit(1): 0}, "commit")
    assert names(found.points) == ["p1"]
    assert "p2: its commit is not known" in found.notes[0]


def test_points_without_dates_stay_as_they_were_named() -> None:
    undated = [replace(each, date=None) for each in points(3, 1, 2)]
    found = ordered(undated, None, "")
    assert names(found.points) == ["p3", "p1", "p2"]
    assert "p3 has no date" in found.notes[0]
    assert ordered([undated[0], *points(5)], None, "date").points[0].name == "p5"


def test_neighbours_of_one_commit_are_replicas() -> None:
    made = [replace(each, commit=commit(at // 2)) for at, each in enumerate(points(0, 1, 2, 3))]
    found = ordered(made, None, "").points
    assert [each.replicas for each in found] == [2, 2]
    assert found[0].cells[RESET].boots == (LEVEL, LEVEL + 1)
    assert found[0].date == day(1)


def test_replicas_keep_phases_and_cells_of_each() -> None:
    one = point(0, {RESET: LEVEL, NEW: 5.0}, {Phase.EXEC: 1.0})
    other = replace(point(1, {RESET: 2 * LEVEL}, {Phase.MAP: 1.0}), commit=commit(0))
    (found,) = ordered([one, other], None, "").points
    assert found.cells[NEW].boots == (5.0,)
    assert found.cells[RESET].phases == {Phase.EXEC: (LEVEL, 0.0), Phase.MAP: (0.0, 2 * LEVEL)}


def test_points_of_one_commit_on_unlike_machines_are_no_replicas() -> None:
    other = point(1, {RESET: LEVEL}, executor={"cpu_model": "another"})
    found = ordered([*points(0), replace(other, commit=commit(0))], None, "").points
    assert len(found) == 2


def test_points_without_a_commit_are_no_replicas() -> None:
    made = [replace(each, commit="") for each in points(0, 1)]
    assert len(ordered(made, None, "").points) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-01-02", "2026-01-02T00:00:00+00:00"),
        ("2026-01-02T03:00:00+02:00", "2026-01-02T01:00:00+00:00"),
        ("2026-01-02T03:00Z", "2026-01-02T03:00:00+00:00"),
    ],
)
def test_dates_are_in_utc(text: str, said: str) -> None:
    assert parse_date(text).isoformat() == said


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "1", "0" * 5000])
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match="is no date"):
        parse_date(text)


@pytest.mark.parametrize("text", ["HEAD", "012345", "g" * 40, "a" * 65, "0123456\n"])
def test_what_is_no_commit(text: str) -> None:
    with pytest.raises(ValueError, match="no id of a commit"):
        parse_commit(text)
