# SPDX-License-Identifier: GPL-2.0-only
"""What a run shows while it runs, on a terminal and in a log."""

import re
import time
from io import StringIO

import pytest
from rich.console import Console

from bench.measure.progress import BarProgress, PlainProgress, Reminder
from bench.model.cell import Block, Plan, Rep, Unavailable
from bench.model.method import Method
from bench.paths import SCENARIOS
from bench.plan.matrix import make_plan
from bench.plan.scenario import load_scenario
from bench.protocol.messages import read_reps
from tests.unit.streams import small_plan, stream

PLAN = small_plan(mem="64M,64G", reps=3)
EMPTY = small_plan(budget=1)
PROBLEM = "failed: [red]NEW_OWNER[/red]: Invalid argument"
DETAILS = "the console ends with:\n    [  12.3] Kernel panic [/]"


def console(width: int = 200, terminal: bool = False) -> tuple[Console, StringIO]:
    text = StringIO()
    shown = Console(file=text, width=width, force_terminal=terminal, color_system=None, _environ={})
    return shown, text


def reps_of(block: Block) -> list[Rep]:
    return [rep for rep in read_reps(stream(block), block) if isinstance(rep, Rep)]


def play(progress: PlainProgress | BarProgress, plan: Plan, *problems: tuple[str, str]) -> None:
    """Blocks as the loop shows them; one with a problem ends after its first rep."""
    ends = [*problems, *[("", "")] * (len(plan.blocks) - len(problems))]
    for block, (problem, details) in zip(plan.blocks, ends, strict=True):
        progress.begin(block)
        for rep in reps_of(block)[: 1 if problem else None]:
            progress.advance(block, rep)
        progress.end(block, problem, details)


def test_a_block_is_described_by_its_factors() -> None:
    assert {block.label for block in PLAN.blocks} == {
        "sim-net-pa thp 64 MiB real (reset-owner, new-owner)",
        "sim-net-pa thp 64 GiB alias 1 GiB (reset-owner, new-owner)",
    }


@pytest.mark.parametrize("name", sorted(path.stem for path in SCENARIOS.glob("*.toml")))
def test_every_block_of_a_scenario_has_its_own_lines(name: str) -> None:
    plan = make_plan(load_scenario(name, {}))
    shown, text = console(width=400)
    progress = PlainProgress(shown, plan)
    for block in plan.blocks:
        progress.begin(block)
    lines = [re.sub(r"^\[\d+/\d+\] |: \d+ .*", "", line) for line in text.getvalue().splitlines()]
    assert len(lines) == len(plan.blocks) == len({*lines})


def test_every_factor_tells_blocks_apart() -> None:
    both = {"ptes": "cold,warm", "handover": "exec,transfer", "regions": "1,qemu"}
    plan = small_plan(**both, batch="on,off", method="new-owner,exec-only", mem="64M,4G")
    labels = [block.label for block in plan.blocks]
    assert len(labels) == len({*labels}) == 64


def test_plain_lines_say_what_begins_and_that_it_ended() -> None:
    shown, text = console()
    play(PlainProgress(shown, PLAN), PLAN)
    lines = text.getvalue().splitlines()
    assert len(lines) == 4
    for number, block in enumerate(PLAN.blocks, 1):
        begun, ended = lines[2 * number - 2 : 2 * number]
        head = re.escape(f"[{number}/2] {block.label}: 7 handovers, about ")
        assert re.fullmatch(rf"{head}\d+(\.\d+)? (s|min|h)", begun)
        assert re.fullmatch(rf"\[{number}/2\] done, \d+ s", ended)


def test_plain_lines_say_how_many_reps_there_may_be() -> None:
    shown, text = console()
    (block,) = small_plan(reps="5+").blocks
    with PlainProgress(shown, small_plan(reps="5+"), silence=0.05) as progress:
        progress.begin(block)
        assert ": 11 to 41 handovers, at least about " in text.getvalue()
        wait_for(text, "has 0 of 11 to 41")


def wait_for(text: StringIO, words: str) -> None:
    end = time.monotonic() + 30
    while words not in text.getvalue() and time.monotonic() < end:
        time.sleep(0.01)
    assert words in text.getvalue()


def test_a_log_is_never_silent_for_long() -> None:
    """What goes on is said while nothing else is; of blocks that have ended, nothing."""
    shown, text = console()
    first, second = PLAN.blocks
    with PlainProgress(shown, PLAN, silence=0.05) as progress:
        progress.begin(first)
        wait_for(text, "still at it: [1/2] has 0 of 7")
        progress.advance(first, reps_of(first)[0])
        progress.begin(second)
        wait_for(text, "still at it: [1/2] has 1 of 7, [2/2] has 0 of 7")
        progress.end(first, "", "")
        progress.end(second, "", "")
        said = text.getvalue()
        time.sleep(0.2)
        assert text.getvalue() == said


def test_a_line_in_time_needs_no_other() -> None:
    shown, text = console()
    with PlainProgress(shown, PLAN, silence=30) as progress:
        play(progress, PLAN)
    assert "still" not in text.getvalue()


def test_what_was_said_last_is_said_again() -> None:
    said: list[str] = []
    with Reminder(said.append, lambda: said[0], silence=0.05) as reminder:
        reminder.say("preparing")
        end = time.monotonic() + 30
        while len(said) < 3 and time.monotonic() < end:
            time.sleep(0.01)
    assert said[:2] == ["preparing", "still at it: preparing"]


def test_plain_lines_say_what_went_wrong() -> None:
    shown, text = console()
    play(PlainProgress(shown, PLAN), PLAN, (PROBLEM, DETAILS))
    lines = text.getvalue().splitlines()
    assert re.fullmatch(rf"{re.escape(f'[1/2] {PROBLEM}')}, \d+ s", lines[1])
    assert "\n".join(lines[2:4]) == f"  {DETAILS}"
    assert lines[-1].startswith("[2/2] done")


def test_plain_lines_are_not_wrapped() -> None:
    shown, text = console(width=20)
    play(PlainProgress(shown, PLAN), PLAN, (PROBLEM, ""))
    assert len(text.getvalue().splitlines()) == 4


@pytest.mark.parametrize("terminal", [False, True])
def test_a_bar_shows_problems_and_details(terminal: bool) -> None:
    shown, text = console(terminal=terminal)
    with BarProgress(shown, PLAN) as progress:
        play(progress, PLAN, (PROBLEM, DETAILS))
    assert f"{PLAN.blocks[0].label}: {PROBLEM}" in text.getvalue()
    assert f"  {DETAILS}" in text.getvalue()
    assert f"{PLAN.blocks[1].label}: " not in text.getvalue()


def test_a_bar_says_nothing_when_all_is_well() -> None:
    shown, text = console()
    with BarProgress(shown, PLAN) as progress:
        play(progress, PLAN)
    assert text.getvalue().strip() == ""


def percentages(*problems: tuple[str, str]) -> list[int]:
    shown, text = console(terminal=True)
    with BarProgress(shown, PLAN) as progress:
        play(progress, PLAN, *problems)
    return [int(number) for number in re.findall(r"(\d+) %", text.getvalue())]


def test_a_bar_is_full_at_the_end() -> None:
    assert percentages()[-1] == 100


@pytest.mark.parametrize("rounds", [3, 4, 20])
def test_a_bar_is_full_however_many_reps_there_were(rounds: int) -> None:
    """Those beyond the least make the whole longer."""
    plan = small_plan(mem="64M,64G", reps="auto")
    shown, text = console(terminal=True)
    with BarProgress(shown, plan) as progress:
        for block in plan.blocks:
            progress.begin(block)
            for rep in reps_of(block)[: 1 + 2 * rounds]:
                progress.advance(block, rep)
            progress.end(block, "", "")
    percent = [int(number) for number in re.findall(r"(\d+) %", text.getvalue())]
    assert percent[-1] == max(percent) == 100


def test_a_block_that_failed_leaves_the_bar_full_too() -> None:
    """What it did not run is not to come: the ETA counts it no more."""
    assert percentages((PROBLEM, ""), (PROBLEM, ""))[-1] == 100


def play_without(progress: PlainProgress | BarProgress, method: Method) -> None:
    """All of a plan, but for one method that cannot be had."""
    for block in PLAN.blocks:
        progress.begin(block)
        for item in read_reps(stream(block, without=[method]), block):
            if isinstance(item, Unavailable):
                progress.without(block, item)
            else:
                progress.advance(block, item)
        progress.end(block, "", "")


def test_plain_lines_say_what_cannot_be_had() -> None:
    shown, text = console(width=20)
    play_without(PlainProgress(shown, PLAN), Method.NEW_OWNER)
    lines = text.getvalue().splitlines()
    said = "  without new-owner: no new-owner (needs: a new-owner)"
    assert lines[1] == lines[4] == said
    assert len(lines) == 6


@pytest.mark.parametrize("method", [Method.NEW_OWNER, Method.RESET_OWNER])
def test_a_bar_without_a_method_is_full_too(method: Method) -> None:
    """What cannot be had is not to come, and is said above the bar."""
    shown, text = console(terminal=True)
    with BarProgress(shown, PLAN) as progress:
        play_without(progress, method)
    assert f"without {method}: no {method} (needs: a {method})" in text.getvalue()
    percent = [int(number) for number in re.findall(r"(\d+) %", text.getvalue())]
    assert percent[-1] == 100
    assert percent == sorted(percent)
    assert max(percent) == 100


@pytest.mark.parametrize("terminal", [False, True])
def test_a_bar_of_nothing(terminal: bool) -> None:
    assert EMPTY.blocks == ()
    shown, text = console(terminal=terminal)
    with BarProgress(shown, EMPTY) as progress:
        play(progress, EMPTY)
    assert "failed" not in text.getvalue()


def test_a_bar_ends_with_an_interrupt() -> None:
    shown, _ = console(terminal=True)
    progress = BarProgress(shown, PLAN)
    with pytest.raises(KeyboardInterrupt), progress:
        progress.begin(PLAN.blocks[0])
        raise KeyboardInterrupt
    with BarProgress(shown, PLAN):  # a live display that is left over would refuse another
        pass
