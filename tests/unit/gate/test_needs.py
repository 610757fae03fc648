# SPDX-License-Identifier: GPL-2.0-only
"""What a run says beforehand of reps that are too few, by the rules that say it afterwards."""

import re

import pytest

from bench.gate.judge import EXIT_CANNOT_JUDGE, EXIT_GOOD, CellPair, Limits, judge
from bench.gate.needs import shortage
from bench.model.cell import Clock
from bench.model.reps import parse_reps
from bench.paths import SCENARIOS
from bench.plan.matrix import make_plan
from bench.plan.scenario import load_scenario
from bench.stats.decision import Rule
from bench.stats.samples import from_boots
from bench.stats.summary import median_interval
from tests.unit.command import Bench
from tests.unit.streams import recording


def judged(reps: int, boots: int, clock: Clock) -> int:
    """The exit code of a gate on a cell whose reps are all equal, on both sides."""
    side = from_boots([[1000] * reps] * boots)
    return judge([CellPair("cell", side, side)], Limits(Rule(clock=clock))).code


@pytest.mark.parametrize("clock", Clock)
@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_scenario_can_be_gated_as_it_stands(path: str, clock: Clock) -> None:
    """Counts of its one boot; times of as many boots as they take, whatever the reps."""
    scenario = load_scenario(str(path), {})
    for block in make_plan(scenario).blocks:
        reps = block.least_order[block.warmup :]
        for cell in block.cells:
            boots = 1 if clock is Clock.ICOUNT else 5
            assert judged(reps.count(cell.method), boots, clock) == EXIT_GOOD


BOOTS = [1, 2, 3, 5, 6]


@pytest.mark.parametrize("clock", Clock)
@pytest.mark.parametrize("boots", BOOTS)
@pytest.mark.parametrize("reps", range(1, 8))
def test_it_is_said_where_the_gate_could_not_judge(reps: int, boots: int, clock: Clock) -> None:
    blind = judged(reps, boots, clock) == EXIT_CANNOT_JUDGE
    said = shortage(parse_reps(reps), boots, clock)
    assert ("a gate needs" in said) == blind
    values = [0] * (reps if boots == 1 else boots)
    assert ("interval of a median needs" in said) == (median_interval(values) is None)


@pytest.mark.parametrize("clock", Clock)
@pytest.mark.parametrize("boots", BOOTS)
@pytest.mark.parametrize("reps", ["1", "2", "4", "auto", "1+", "5+"])
def test_the_option_that_it_names_is_enough(reps: str, boots: int, clock: Clock) -> None:
    for who, option, value in re.findall(
        r"(a gate|an interval of a median) needs --(reps|boots) (\S+?)(?:,|$)",
        shortage(parse_reps(reps), boots, clock),
    ):
        asked = {"reps": reps, "boots": boots, option: value}
        then = shortage(parse_reps(asked["reps"]), int(asked["boots"]), clock)
        assert f"{who} needs" not in then
        if option == "reps":
            assert value.endswith("+") == reps.endswith(("+", "auto"))


def test_the_lines() -> None:
    def line(reps: str, boots: int, clock: Clock, here: bool = False) -> str:
        return shortage(parse_reps(reps), boots, clock, here)

    assert line("auto", 1, Clock.ICOUNT) == (
        "at least 3 reps of each cell: a gate needs --reps 5+, "
        "an interval of a median needs --reps 6+"
    )
    assert line("1", 3, Clock.ICOUNT) == (
        "1 rep of each cell in each of 3 boots: an interval of a median needs --boots 6"
    )
    assert line("6", 1, Clock.WALL) == "6 reps of each cell: a gate needs --boots 5"
    assert line("7+", 1, Clock.WALL, here=True) == (
        "at least 7 reps of each cell: a gate needs runs of 5 boots of this machine"
    )
    assert line("6+", 1, Clock.ICOUNT) == ""


def test_a_run_says_it_once(replay: Bench) -> None:
    plan = make_plan(load_scenario("smoke", {"mem": "64M,128M,256M", "reps": "4"}))
    said = "4 reps of each cell: a gate needs --reps 5, an interval of a median needs --reps 6"
    assert replay(recording(plan), "--reps", "4").complaints.count(said) == 1


def test_boots_say_it_once(replay: Bench) -> None:
    plan = make_plan(load_scenario("smoke", {"mem": "64M,128M,256M", "reps": "1"}))
    ended = replay(recording(plan), "--reps", "1", "--boots", "2")
    said = "1 rep of each cell in each of 2 boots: an interval of a median needs --boots 6"
    assert ended.err.count(said) == 1


def test_enough_is_not_spoken_of(replay: Bench) -> None:
    plan = make_plan(load_scenario("smoke", {"mem": "64M,128M,256M", "reps": "6"}))
    assert "needs" not in replay(recording(plan), "--reps", "6").err
