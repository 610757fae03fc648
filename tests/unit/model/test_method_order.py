# SPDX-License-Identifier: GPL-2.0-only
"""What is left of a block's order when methods cannot be had: the plan and the helper agree."""

from collections import Counter
from collections.abc import Iterable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from bench.model.cell import Block, Method
from tests.unit.streams import LIVE_METHODS, PIN_METHODS, small_block


def dropped(order: Sequence[Method], method: Method) -> list[Method]:
    """What drop() of helper/order.c makes of an order, step by step as it does."""
    left = list(order)
    warmup_goes = left[0] is method
    kept = 1
    for i in range(1, len(order)):
        if left[i] is not method:
            left[kept] = left[i]
            kept += 1
    if warmup_goes and kept > 1:
        left[0] = left[1]
    return [] if warmup_goes and kept == 1 else left[:kept]


def dropped_all(order: Sequence[Method], methods: Iterable[Method]) -> tuple[Method, ...]:
    for method in methods:
        order = dropped(order, method) if order else order
    return tuple(order)


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    """Of a plan, or with an order that no plan would make."""
    kind = draw(st.sampled_from([PIN_METHODS, LIVE_METHODS[:3]]))
    methods = draw(st.lists(st.sampled_from(kind), min_size=1, unique=True))
    planned = small_block(method=",".join(methods), reps=draw(st.integers(1, 4)))
    any_order = st.lists(st.sampled_from(methods), min_size=1, max_size=12).map(tuple)
    order = draw(st.just(planned.order) | any_order)
    return Block(planned.cells, order)


@given(blocks(), st.data())
def test_the_helper_leaves_the_same_order(block: Block, data: st.DataObject) -> None:
    methods = data.draw(st.permutations(sorted(set(block.order))))
    missing = methods[: data.draw(st.integers(0, len(methods)))]
    assert block.order_without(missing) == dropped_all(block.order, missing)


@given(blocks(), st.data())
def test_it_does_not_matter_which_goes_first(block: Block, data: st.DataObject) -> None:
    methods = sorted(set(block.order))
    missing = data.draw(st.lists(st.sampled_from(methods), unique=True))
    again = data.draw(st.permutations(missing))
    assert dropped_all(block.order, missing) == dropped_all(block.order, again)


@given(blocks())
def test_nothing_is_left_of_nothing(block: Block) -> None:
    assert block.order_without([cell.method for cell in block.cells]) == ()
    assert block.order_without(()) == block.order


@given(blocks(), st.data())
def test_reps_of_the_others_are_all_there(block: Block, data: st.DataObject) -> None:
    """Of what is left one rep warms up, whichever it is of, and no sample is lost."""
    missing = data.draw(st.sets(st.sampled_from(sorted(set(block.order)))))
    left = block.order_without(missing)
    wanted = [method for method in block.order[1:] if method not in missing]
    if left:
        assert list(left[1:]) == wanted
        assert left[0] == (wanted[0] if block.order[0] in missing else block.order[0])
    else:
        assert not wanted


@given(blocks())
def test_a_plan_measures_what_is_left_as_often(block: Block) -> None:
    counts = Counter(block.order[1:])
    for method in counts:
        left = Counter(block.order_without({method})[1:])
        assert left == Counter({m: n for m, n in counts.items() if m is not method})
