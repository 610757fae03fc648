# SPDX-License-Identifier: GPL-2.0-only
"""Runs from the command line: what is printed, what is kept, and the exit codes."""

import json
from pathlib import Path

import pytest

from bench.model.cell import Plan
from bench.model.device import DEVICES
from bench.paths import SCENARIOS
from bench.results.writer import load
from tests.unit.command import PLAN, Bench
from tests.unit.streams import failing_stream, recording, stream

ERROR = {"t": "error", "op": "NEW_OWNER", "errno": 22, "text": "NEW_OWNER: Invalid argument"}
SKIP = {"t": "skip", "why": "no NEW_OWNER", "need": "the live-update series"}


def measured(tmp_path: Path) -> int:
    return sum(sample.ok for sample in load(tmp_path / "out").samples)


def with_streams(streams: dict[int, list[str]], plan: Plan = PLAN) -> list[str]:
    """The recording of a plan, but for some blocks with another stream."""
    numbered = enumerate(plan.blocks)
    return [text for n, block in numbered for text in streams.get(n, stream(block))]


def test_a_good_run_prints_its_table(replay: Bench, tmp_path: Path) -> None:
    ended = replay(recording(PLAN))
    assert ended.code == 0
    assert "reset-owner" in ended.out
    assert str(tmp_path / "out") in ended.out
    assert measured(tmp_path) == 12


def test_a_run_stores_what_it_was(replay: Bench, tmp_path: Path) -> None:
    replay(recording(PLAN), "--seed", "1")
    facts = load(tmp_path / "out").facts
    assert facts.command.startswith("bench run smoke --mem 64M,128M,256M --executor replay:")
    assert facts.seed == 1
    assert facts.scenario["mem"] == [64 << 20, 128 << 20, 256 << 20]
    assert [block["order"] for block in facts.plan] == [[*block.order] for block in PLAN.blocks]
    assert facts.executor.name == "replay"
    assert (facts.machine.cpus or 0) >= 1


def test_only_the_table_goes_to_stdout(replay: Bench) -> None:
    ended = replay(recording(PLAN))
    assert "[1/3]" in ended.err
    assert "[1/3]" not in ended.out


def test_a_stored_run_is_printed_again(replay: Bench, bench: Bench, tmp_path: Path) -> None:
    first = replay(recording(PLAN))
    again = bench("report", tmp_path / "out")
    assert again.code == 0
    assert again.err == ""
    assert first.out == f"{again.out}\nsamples: {tmp_path / 'out'}\n"


@pytest.mark.parametrize(("clock", "unit"), [("wall", "ns"), ("icount", "instructions")])
def test_the_clock_can_be_chosen(clock: str, unit: str, replay: Bench, tmp_path: Path) -> None:
    assert replay(recording(PLAN), "--clock", clock).code == 0
    rows = (tmp_path / "out" / "samples.jsonl").read_text().splitlines()
    assert {json.loads(row)["unit"] for row in rows} == {unit}


def test_a_failed_cell_gives_1_and_costs_no_other(replay: Bench, tmp_path: Path) -> None:
    ended = replay(with_streams({1: failing_stream(PLAN.blocks[1], 3, ERROR)}))
    assert ended.code == 1
    assert ended.err.count("NEW_OWNER: Invalid argument") == 1
    assert "failed: NEW_OWNER: Invalid argument" in ended.out
    assert measured(tmp_path) == 8


def test_a_skipped_cell_is_no_failure(replay: Bench, tmp_path: Path) -> None:
    ended = replay(with_streams({2: failing_stream(PLAN.blocks[2], 0, SKIP)}))
    assert ended.code == 0
    assert "the live-update series" in ended.out
    assert measured(tmp_path) == 8


@pytest.mark.parametrize(("last", "code"), [(ERROR, 1), (SKIP, 125)], ids=["failed", "skipped"])
def test_nothing_measured(last: dict[str, object], code: int, replay: Bench) -> None:
    """A proof that failed is a judgement; where all was skipped there is none."""
    bad = {n: failing_stream(block, 0, last) for n, block in enumerate(PLAN.blocks)}
    ended = replay(with_streams(bad))
    assert ended.code == code
    assert ended.complaints[-1] == "bench: nothing was measured"


BAD_STREAMS = {
    "dies": stream(PLAN.blocks[2])[:3],
    "dies at once": [],
    "rubbish": ["Segmentation fault", '{"t":"exit","code":139}'],
    "stops short": [*stream(PLAN.blocks[2])[:4], '{"t":"exit","code":0}'],
    "cut line": [*stream(PLAN.blocks[2])[:3], stream(PLAN.blocks[2])[3][:40]],
    "binary": ["\ufffd\x00\x1b[31m", '{"t":"exit","code":1}'],
}


@pytest.mark.parametrize("kind", BAD_STREAMS)
def test_a_bad_stream_is_one_line_and_costs_no_other(
    kind: str, replay: Bench, tmp_path: Path
) -> None:
    ended = replay(with_streams({2: BAD_STREAMS[kind]}))
    assert ended.code == 1
    assert len([text for text in ended.complaints if "failed" in text]) == 1
    assert measured(tmp_path) == 8


@pytest.mark.parametrize("kind", BAD_STREAMS)
def test_only_bad_streams_are_failures(kind: str, replay: Bench) -> None:
    ended = replay(with_streams(dict.fromkeys(range(3), BAD_STREAMS[kind])))
    assert ended.code == 1
    assert len([text for text in ended.complaints if "failed" in text]) == 3


@pytest.mark.parametrize("after", [0, 1, 2])
def test_an_interrupt_keeps_the_finished_cells(
    after: int, replay: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bench.measure.lines import Lines

    ends: list[int] = []
    end = Lines.end

    def interrupted(self: Lines, *words: object) -> None:
        if len(ends) == after:
            raise KeyboardInterrupt
        ends.append(1)
        end(self, *words)  # type: ignore[arg-type]

    monkeypatch.setattr(Lines, "end", interrupted)
    ended = replay(recording(PLAN))
    assert ended.code == 130
    assert "interrupted" in ended.err
    assert measured(tmp_path) == 4 * after
    assert ("Where it goes" in ended.out) == bool(after)


def test_an_interrupt_before_the_first_cell_leaves_nothing(
    replay: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.measure.loop.machine_facts", interrupted)
    ended = replay(recording(PLAN))
    assert ended.code == 130
    assert ended.complaints[1:] == ["bench: interrupted before anything was measured"]
    assert not (tmp_path / "out").exists()


def test_a_bug_of_ours_is_one_line(replay: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by zero\nand more")

    monkeypatch.setattr("bench.commands.run.run_plan", broken)
    ended = replay(recording(PLAN))
    assert ended.code == 129
    assert ended.out == ""
    assert [text for text in ended.complaints if "internal error: ZeroDivisionError" in text]
    assert len(ended.complaints) <= 3  # one says for what 2 reps are too few


def test_a_bug_of_ours_keeps_what_was_measured(
    replay: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> str:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("bench.report.table.contents.contents", broken)
    assert replay(recording(PLAN)).code == 129
    assert measured(tmp_path) == 12


def test_the_list_has_every_scenario_and_device(bench: Bench) -> None:
    ended = bench("list")
    assert ended.code == 0
    first_words = {text.split()[0] for text in ended.out.splitlines() if text}
    assert first_words >= {path.stem for path in SCENARIOS.glob("*.toml")} | set(DEVICES)
