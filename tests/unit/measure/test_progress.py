# SPDX-License-Identifier: GPL-2.0-only
"""What a run shows while it runs, on a terminal and in a log."""

import re
import threading
import time
from collections.abc import Callable, Sequence
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from bench.measure.bar import Bar
from bench.measure.display import Display
from bench.measure.lines import Lines
from bench.measure.progress import show_progress
from bench.model.cell import Block, Plan, Rep, Unavailable
from bench.model.method import Method
from bench.model.steps import Step
from bench.model.units import MIB
from bench.paths import SCENARIOS
from bench.plan.duration import whole_seconds
from bench.plan.matrix import make_plan
from bench.plan.scenario import load_scenario
from bench.protocol.messages import read_reps
from tests.unit.streams import small_plan, stream

PLAN = small_plan(mem="64M,64G", reps=3)
EMPTY = small_plan(budget=1)
PROBLEM = "failed: [red]NEW_OWNER[/red]: Invalid argument"
DETAILS = "the console ends with:\n    [  12.3] Kernel panic [/]"


def steps_of(plan: Plan) -> list[dict[Step, float]]:
    return [{Step.MEASURE: sum(map(whole_seconds, plan.blocks))}]


def bar_of(plan: Plan, width: int = 200, boots: int = 1) -> tuple[Bar, StringIO]:
    """A bar on a terminal, and all that is written there."""
    text = StringIO()
    shown = Console(file=text, width=width, force_terminal=True, color_system=None, _environ={})
    return Bar(shown, steps_of(plan) * boots), text


def lines_of(plan: Plan, silence: float = 30) -> tuple[Lines, list[str]]:
    said: list[str] = []
    return Lines(said.append, steps_of(plan), silence), said


def reps_of(block: Block) -> list[Rep]:
    return [rep for rep in read_reps(stream(block), block) if isinstance(rep, Rep)]


def play(shown: Display, plan: Plan, *problems: tuple[str, str]) -> None:
    """Blocks as the loop shows them; one with a problem ends after its first rep."""
    ends = [*problems, *[("", "")] * (len(plan.blocks) - len(problems))]
    with shown.measuring(plan):
        for block, (problem, details) in zip(plan.blocks, ends, strict=True):
            shown.begin(block)
            for rep in reps_of(block)[: 1 if problem else None]:
                shown.advance(block, rep)
            shown.end(block, problem, details)


def test_a_block_is_described_by_its_factors() -> None:
    assert {block.label for block in PLAN.blocks} == {
        "sim-net-pa thp 64 MiB real (reset-owner, new-owner)",
        "sim-net-pa thp 64 GiB alias 1 GiB (reset-owner, new-owner)",
    }


@pytest.mark.parametrize("name", sorted(path.stem for path in SCENARIOS.glob("*.toml")))
def test_every_block_of_a_scenario_has_its_own_lines(name: str) -> None:
    plan = make_plan(load_scenario(name, {}))
    progress, said = lines_of(plan)
    progress.begin_blocks(plan)
    for block in plan.blocks:
        progress.begin(block)
    lines = [re.sub(r"^\[\d+/\d+\] |: \d+ .*", "", line) for line in said]
    assert len(lines) == len(plan.blocks) == len({*lines})


def test_every_factor_tells_blocks_apart() -> None:
    both = {"ptes": "cold,warm", "handover": "exec,transfer", "regions": "1,qemu"}
    plan = small_plan(**both, batch="on,off", method="new-owner,exec-only", mem="64M,4G")
    labels = [block.label for block in plan.blocks]
    assert len(labels) == len({*labels}) == 64


def test_lines_say_what_begins_and_that_it_ended() -> None:
    shown, said = lines_of(PLAN)
    play(shown, PLAN)
    assert len(said) == 4
    for number, block in enumerate(PLAN.blocks, 1):
        begun, ended = said[2 * number - 2 : 2 * number]
        head = re.escape(f"[{number}/2] {block.label}: 7 handovers, about ")
        assert re.fullmatch(rf"{head}\d+(\.\d+)? (s|min|h)", begun)
        assert re.fullmatch(rf"\[{number}/2\] done, \d+ s", ended)


def test_lines_say_which_step_begins_and_that_it_ended() -> None:
    """A step of one block has no lines: the block has."""
    shown, said = lines_of(PLAN)
    shown.begin_boot(2, 4, "stock")
    with shown.at(Step.BUILD):
        pass
    with shown.at(Step.RESTORE, of=PLAN.blocks[0].label):
        pass
    assert said == [
        "boot 2 of 4: stock",
        "building the kernel's modules, about 20 s",
        "building the kernel's modules: done, 0 s",
    ]


@pytest.mark.parametrize("kind", [lines_of, bar_of])
def test_what_boots_have_in_common_is_said_once(kind: Callable[[Plan], Any]) -> None:
    shown, said = kind(PLAN)
    for _ in range(2):
        shown.note("no KVM: see bench doctor")
    text = said.getvalue() if isinstance(said, StringIO) else "".join(said)
    assert text.count("no KVM") == 1


def test_lines_say_how_many_reps_there_may_be() -> None:
    plan = small_plan(reps="5+")
    shown, said = lines_of(plan, silence=0.05)
    with shown, shown.measuring(plan):
        shown.begin(plan.blocks[0])
        wait_for(said, ": 11 to 41 handovers, at least about ")
        wait_for(said, "measured 0 of 11 to 41: ")


def wait_for(said: Sequence[str], words: str) -> None:
    end = time.monotonic() + 30
    while not any(words in line for line in said) and time.monotonic() < end:
        time.sleep(0.01)
    assert any(words in line for line in said)


def test_a_log_is_never_silent_for_long() -> None:
    """What goes on is said while nothing else is."""
    shown, said = lines_of(PLAN, silence=0.05)
    first, second = PLAN.blocks
    with shown:
        wait_for(said, "still at it: preparing (0% of all, ETA 0:")
        with shown.at(Step.FETCH, total=3 * MIB):
            assert "fetching the kernel's packages: 3 MiB, about 45 s" in said
            shown.reached(MIB)
            wait_for(said, "still at it: fetching the kernel's packages: 1 of 3 MiB (")
        with shown.at(Step.FETCH):
            shown.reached(2 * MIB)
            wait_for(said, "still at it: fetching the kernel's packages: 2 MiB (")
        with shown.measuring(PLAN):
            shown.begin(first)
            wait_for(said, f"still at it: measured 0 of 7: {first.label} (")
            shown.advance(first, reps_of(first)[0])
            shown.begin(second)
            wait_for(said, f"still at it: measured 1 of 7: {first.label} and 1 more (")
            shown.end(first, "", "")
            with shown.at(Step.RESTORE, of=second.label):
                wait_for(said, f"still at it: restoring a guest: {second.label} (")
            shown.end(second, "", "")
        wait_for(said, "still at it: reporting (100% of all, ETA 0:00:00)")
    before = len(said)
    time.sleep(0.2)
    assert len(said) == before


def test_a_line_in_time_needs_no_other() -> None:
    shown, said = lines_of(PLAN)
    with shown:
        play(shown, PLAN)
    assert not any("still" in line for line in said)


def test_lines_say_what_went_wrong() -> None:
    shown, said = lines_of(PLAN)
    play(shown, PLAN, (PROBLEM, DETAILS))
    assert re.fullmatch(rf"{re.escape(f'[1/2] {PROBLEM}')}, \d+ s", said[1])
    assert said[2] == f"  {DETAILS}"
    assert said[-1].startswith("[2/2] done")


def test_a_bar_shows_problems_and_details() -> None:
    shown, text = bar_of(PLAN)
    with shown:
        play(shown, PLAN, (PROBLEM, DETAILS))
    assert f"{PLAN.blocks[0].label}: {PROBLEM}" in text.getvalue()
    assert f"  {DETAILS}" in text.getvalue()
    assert f"{PLAN.blocks[1].label}: failed" not in text.getvalue()


def percentages(*problems: tuple[str, str]) -> list[int]:
    shown, text = bar_of(PLAN)
    with shown:
        play(shown, PLAN, *problems)
    return [int(number) for number in re.findall(r"(\d+)%", text.getvalue())]


def test_a_bar_is_full_at_the_end() -> None:
    assert percentages()[-1] == 100


@pytest.mark.parametrize("rounds", [3, 4, 20])
def test_a_bar_is_full_however_many_reps_there_were(rounds: int) -> None:
    """Those beyond the least make the whole longer."""
    plan = small_plan(mem="64M,64G", reps="auto")
    shown, text = bar_of(plan)
    with shown, shown.measuring(plan):
        for block in plan.blocks:
            shown.begin(block)
            for rep in reps_of(block)[: 1 + 2 * rounds]:
                shown.advance(block, rep)
            assert shown.course.fraction < 1
            shown.end(block, "", "")
    percent = [int(number) for number in re.findall(r"(\d+)%", text.getvalue())]
    assert percent[-1] == max(percent) == 100


def test_a_block_that_failed_leaves_the_bar_full_too() -> None:
    """What it did not run is not to come: the ETA counts it no more."""
    assert percentages((PROBLEM, ""), (PROBLEM, ""))[-1] == 100


def play_without(shown: Display, method: Method) -> None:
    """All of a plan, but for one method that cannot be had."""
    with shown.measuring(PLAN):
        for block in PLAN.blocks:
            shown.begin(block)
            for item in read_reps(stream(block, without=[method]), block):
                if isinstance(item, Unavailable):
                    shown.without(block, item)
                else:
                    shown.advance(block, item)
            shown.end(block, "", "")


def test_lines_say_what_cannot_be_had() -> None:
    shown, said = lines_of(PLAN)
    play_without(shown, Method.NEW_OWNER)
    assert said[1] == said[4] == "  without new-owner: no new-owner (needs: a new-owner)"
    assert len(said) == 6


@pytest.mark.parametrize("method", [Method.NEW_OWNER, Method.RESET_OWNER])
def test_a_bar_without_a_method_is_full_too(method: Method) -> None:
    """What cannot be had is not to come, and is said above the bar."""
    shown, text = bar_of(PLAN)
    with shown:
        play_without(shown, method)
    assert f"without {method}: no {method} (needs: a {method})" in text.getvalue()
    percent = [int(number) for number in re.findall(r"(\d+)%", text.getvalue())]
    assert percent[-1] == 100
    assert percent == sorted(percent)


def test_a_bar_of_nothing() -> None:
    assert EMPTY.blocks == ()
    shown, text = bar_of(EMPTY)
    with shown:
        play(shown, EMPTY)
    assert "failed" not in text.getvalue()


def test_a_bar_ends_with_an_interrupt() -> None:
    shown, _ = bar_of(PLAN)
    before = {*threading.enumerate()}  # one of another test may end meanwhile
    with pytest.raises(KeyboardInterrupt), shown, shown.measuring(PLAN):
        shown.begin(PLAN.blocks[0])
        raise KeyboardInterrupt
    end = time.monotonic() + 10
    while {*threading.enumerate()} - before and time.monotonic() < end:
        time.sleep(0.01)
    assert not {*threading.enumerate()} - before  # what draws has ended


@pytest.mark.parametrize("width", [40, 80])
def test_a_bar_fits_its_terminal(width: int) -> None:
    """Two lines, whatever the labels: the bar with its figures, and what goes on."""
    shown, _ = bar_of(PLAN, width, boots=2)
    with shown:
        play(shown, PLAN)
        shown.begin_boot(2, 2, "live-update+slower-unpin")
        with shown.measuring(PLAN):
            shown.begin(PLAN.blocks[1])
            drawn = shown.drawn()
            printed = Console(file=StringIO(), width=width, _environ={})
            lines = printed.render_lines(drawn, pad=False)
    assert len(lines) == 2
    first, second = ("".join(segment.text for segment in line).rstrip() for line in lines)
    assert re.search(r" 50% 0:00:00 ETA \d:\d\d:\d\d$", first)
    assert "boot 2 of 2, live-update" in second
    assert max(len(first), len(second)) <= width


def test_a_terminal_is_written_to_all_the_time() -> None:
    """Also while one thing takes long: more than once a second."""
    shown, text = bar_of(PLAN)
    with shown, shown.at(Step.BOOT):
        seen = []
        for _ in range(3):
            time.sleep(1)
            seen.append(len(text.getvalue()))
    assert seen[0] < seen[1] < seen[2]
    assert "booting a guest" in text.getvalue()


@pytest.mark.parametrize(
    ("terminal", "variables", "kind"),
    [
        (False, {}, Lines),
        (True, {"TERM": "xterm"}, Bar),
        (True, {"TERM": "dumb"}, Lines),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, Bar),
    ],
)
def test_lines_are_for_logs_and_terminals_that_cannot_move(
    terminal: bool, variables: dict[str, str], kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stream(StringIO):
        def isatty(self) -> bool:
            return terminal

    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stderr", stream := Stream())
    shown = show_progress(lambda line: print(line, file=stream), steps_of(PLAN))
    assert type(shown) is kind
    with shown:
        play(shown, PLAN)
    assert ("\x1b[9" in stream.getvalue()) == (kind is Bar and "NO_COLOR" not in variables)


def test_a_line_says_what_a_block_took_where_that_is_known() -> None:
    shown, said = lines_of(PLAN)
    block = PLAN.blocks[0]
    with shown.measuring(PLAN):
        shown.begin(block)
        shown.end(block, "", "", took=12.4)
    assert said[-1] == f"[1/{len(PLAN.blocks)}] done, 12 s"
