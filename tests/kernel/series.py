# SPDX-License-Identifier: GPL-2.0-only
"""Series of patches that tests share."""

from bench.plan.scenario import load_scenario

# live-update, and all that makes its baseline better: the last step of the scenario's ladder.
BEST_BASELINE = load_scenario("baselines", {}).kernel[-1]
