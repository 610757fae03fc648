# SPDX-License-Identifier: GPL-2.0-only
"""What lies between reps of a boot, and what between boots."""

import numpy as np
import pytest

from bench.stats.samples import from_boots
from bench.stats.spread import spread_of


def test_known_deviations_are_found_again() -> None:
    random = np.random.default_rng(1)
    level = random.normal(1000, 20, 400)
    found = spread_of(from_boots([random.normal(each, 5, 9) for each in level]))
    assert found.boots == 400
    assert found.within == pytest.approx(0.005, rel=0.05)
    assert found.between == pytest.approx(0.020, rel=0.1)


def test_boots_that_are_copies_have_no_spread_between_them() -> None:
    found = spread_of(from_boots([[99, 100, 101]] * 4))
    assert (found.between, found.span) == (0, 0)
    assert found.within == pytest.approx(0.01)


@pytest.mark.parametrize(("boots", "within", "between"), [([[5], [7]], 0, 1), ([[5, 7]], 1, 0)])
def test_too_few_values(boots: list[list[int]], within: bool, between: bool) -> None:
    found = spread_of(from_boots(boots))
    assert np.isfinite(found.within) == within
    assert np.isfinite(found.between) == between


def test_no_sample_has_no_spread() -> None:
    with pytest.raises(ValueError, match="no sample"):
        spread_of(from_boots([]))
