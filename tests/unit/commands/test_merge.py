# SPDX-License-Identifier: GPL-2.0-only
"""`bench run --shard` and `bench merge`: the whole is what one call would have measured."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.model.cell import Plan
from bench.plan.boots import boots_of
from bench.plan.matrix import make_plan
from bench.plan.scenario import load_scenario
from bench.plan.shards import Shard, share_out
from bench.results.crc import add_crc
from tests.unit.command import Bench, Ended
from tests.unit.streams import recording, write_lines

FIELDS = {"mem": "64M,128M,256M", "reps": "2"}
OPTIONS = [word for name, value in FIELDS.items() for word in (f"--{name}", value)]
PARTS = 2


@pytest.fixture
def run(bench: Bench, tmp_path: Path) -> Callable[..., Path]:
    """Measure what is recorded for it: all of a plan, or one part."""

    def measured(out: str, shard: int = 0, *words: str, seed: str = "1") -> Path:
        scenario = load_scenario("smoke", {**FIELDS, "seed": seed})
        plan = make_plan(scenario)
        mine = share_out(boots_of(scenario), Shard(shard, PARTS), None)[0] if shard else plan.blocks
        part = replace(plan, blocks=tuple(block for block in plan.blocks if block in mine))
        return measure_plan(
            part, out, *words, *(["--shard", f"{shard}/{PARTS}"] * bool(shard)), seed=seed
        )

    def measure_plan(plan: Plan, out: str, *words: str, seed: str) -> Path:
        # One name for all: it is a part of the scenario.
        recorded = write_lines(tmp_path / "recorded", recording(plan))
        where = ["--executor", f"replay:{recorded}", "--out", str(tmp_path / out), "--seed", seed]
        ended = bench("run", "smoke", *OPTIONS, *where, *words)
        assert ended.code == 0, ended.err
        return tmp_path / out

    return measured


def samples(run: Path) -> bytes:
    return (run / "samples.jsonl").read_bytes()


def rewrite(run: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the facts of a run, and seal them again."""
    table = json.loads((run / "run.json").read_text())
    table.pop("crc")
    change(table)
    (run / "run.json").write_text(add_crc(json.dumps(table, indent=2)) + "\n")


def merged(bench: Bench, *parts: Path) -> tuple[Ended, Path]:
    out = parts[0].with_name("merged")
    return bench("merge", *map(str, parts), "--out", str(out)), out


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_parts_are_what_one_call_measures(
    bench: Bench, run: Callable[..., Path], order: tuple[int, int]
) -> None:
    whole = run("whole")
    ended, out = merged(bench, *(run(f"part{number}", number) for number in order))
    assert (ended.code, ended.err) == (0, "")
    assert samples(out) == samples(whole)
    shown = bench("report", str(whole)).out.replace(str(whole), str(out)).splitlines()
    ended = bench("report", str(out))
    said = [line for line in ended.out.splitlines() if not line.startswith("command:")]
    assert said == [line for line in shown if not line.startswith("command:")]


def test_a_part_says_which_it_is(run: Callable[..., Path]) -> None:
    table = json.loads((run("part", 2) / "run.json").read_text())
    assert table["shard"] == "2/2"
    assert len(table["plan"]) < 3


def test_what_is_missing_is_said_and_can_be_measured(
    bench: Bench, run: Callable[..., Path], tmp_path: Path
) -> None:
    whole, part = run("whole"), run("part", 1)
    ended, out = merged(bench, part)
    assert ended.code == 125
    assert ended.complaints[0].startswith("bench: missing: sim-net-pa thp ")
    assert ended.complaints[1] == f"  measure the rest: bench run --resume {out}"
    run("other", 2)  # so that what is recorded is what is missing
    assert bench("run", "--resume", str(out)).code == 0
    assert sorted(samples(out).splitlines()) == sorted(samples(whole).splitlines())


def test_what_waits_for_a_missing_block_is_not_damaged(
    bench: Bench, run: Callable[..., Path]
) -> None:
    """A part that was interrupted, and has a block in front of which others are missing."""
    part = run("part", 2)
    lines = samples(part).splitlines(keepends=True)
    assert len({json.loads(line)["mem"] for line in lines}) == 2
    kept = [line for line in lines if json.loads(line)["mem"] == json.loads(lines[-1])["mem"]]
    (part / "samples.jsonl").write_bytes(b"".join(kept))
    ended, out = merged(bench, part)
    assert ended.code == 125
    assert "amaged:" not in ended.out + ended.err
    assert "lost" not in ended.out
    assert (out / "samples.ahead.jsonl").read_bytes()


def test_the_workers_of_all_parts_are_those_of_the_whole(
    bench: Bench, run: Callable[..., Path]
) -> None:
    first, second = run("part1", 1), run("part2", 2)
    for number, part in enumerate((first, second), 1):
        count = len(json.loads((part / "run.json").read_text())["plan"])
        worker = {"host": "there", "pid": number, "blocks": [*range(count), 99]}
        rewrite(part, lambda t, w=worker: t["executor"].update(engine="local:1", workers=[w]))  # type: ignore[misc]
    _, out = merged(bench, first, second)
    executor = json.loads((out / "run.json").read_text())["executor"]
    assert (executor["engine"], [w["pid"] for w in executor["workers"]]) == ("local:1", [1, 2])
    assert sorted(n for worker in executor["workers"] for n in worker["blocks"]) == [0, 1, 2]


def test_a_part_can_be_gone_on_with(bench: Bench, run: Callable[..., Path]) -> None:
    part = run("part", 1)
    all_of_it = samples(part)
    (part / "samples.jsonl").write_bytes(b"")
    assert bench("run", "--resume", str(part)).code == 0
    assert samples(part) == all_of_it


def test_parts_of_two_revisions_of_bench_are_said(bench: Bench, run: Callable[..., Path]) -> None:
    """Their guests ran the same helper, so that they are put together."""
    first, second = run("part1", 1), run("part2", 2)
    rewrite(second, lambda table: table["sessions"][0].update(bench="0.0.1", revision="old"))
    ended, _ = merged(bench, first, second)
    assert ended.code == 0
    (line,) = ended.err.splitlines()
    assert line.startswith(f"{second}: bench 0.0.1 old has measured it; {first}: ")


def test_what_is_there_twice_counts_once(bench: Bench, run: Callable[..., Path]) -> None:
    whole, first, second = run("whole"), run("part1", 1), run("part2", 2)
    ended, out = merged(bench, first, second, whole)
    assert ended.code == 0
    assert len(ended.complaints) == 3
    assert all(line.endswith(f"it is in {whole} too") for line in ended.complaints)
    assert samples(out) == samples(whole)


def test_a_damaged_block_is_taken_from_where_it_is_whole(
    bench: Bench, run: Callable[..., Path]
) -> None:
    whole, part, other = run("whole"), run("part1", 1), run("part2", 2)
    copy = shutil.copytree(part, part.with_name("copy"))
    (part / "samples.jsonl").write_bytes(samples(part)[:-20])
    ended, out = merged(bench, part, other)
    assert ended.code == 125
    assert f"{part}: samples.jsonl:" in ended.err
    shutil.rmtree(out)
    assert merged(bench, part, other, copy)[0].code == 0
    assert samples(out) == samples(whole)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table["executor"].update(qemu="QEMU 1.0"), "qemu of "),
        (lambda table: table["sessions"][0].update(helper="another"), "helper of "),
        (lambda table: table["executor"].update(kernel_digest="another"), "kernel build of "),
        (lambda table: table["machine"].update(arch="riscv64"), "arch of "),
        (lambda table: table["scenario"].update(reps="3"), "its plan is not that of "),
        (lambda table: table["plan"][0]["order"].pop(), "its plan is not that of "),
        (lambda table: table.update(format=6), "format 6 cannot be merged"),
    ],
)
def test_parts_of_something_else_are_refused(
    bench: Bench, run: Callable[..., Path], change: Callable[[dict[str, Any]], object], said: str
) -> None:
    first, second = run("part1", 1), run("part2", 2)
    rewrite(second, change)
    ended, out = merged(bench, first, second)
    assert ended.code == 2
    assert said in ended.err
    assert not out.exists()


def test_another_seed_is_another_plan(bench: Bench, run: Callable[..., Path]) -> None:
    ended, _ = merged(bench, run("part1", 1), run("part2", 2, seed="2"))
    assert (ended.code, "its plan is not that of" in ended.err) == (2, True)


def test_a_changed_file_is_no_part(bench: Bench, run: Callable[..., Path]) -> None:
    part = run("part1", 1)
    file = part / "run.json"
    file.write_text(file.read_text().replace("smoke", "smoky"))
    assert merged(bench, part)[0].code == 2


@pytest.mark.parametrize("words", [["merge"], ["merge", "nowhere", "--out", "x"], ["merge", "."]])
def test_wrong_command_lines_are_one_complaint(
    bench: Bench, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = bench(*words)
    assert ended.code == 2
    assert len(ended.complaints) <= 2


class TestBoots:
    """Boots of a kernel, of which each part has some."""

    @pytest.fixture
    def parts(self, bench: Bench, tmp_path: Path) -> list[Path]:
        scenario = load_scenario("smoke", {"mem": "64M", "method": "new-owner", "reps": "2"})
        recorded = write_lines(tmp_path / "recorded", recording(make_plan(scenario)))
        common = ["--mem", "64M", "--method", "new-owner", "--reps", "2", "--boots", "2"]
        common += ["--executor", f"replay:{recorded}"]
        assert bench("run", "smoke", *common, "--out", str(tmp_path / "whole")).code == 0
        parts = [tmp_path / f"part{number}" for number in (1, 2)]
        for number, part in enumerate(parts, 1):
            words = [*common, "--shard", f"{number}/2", "--out", str(part)]
            assert bench("run", "smoke", *words).code == 0
        return parts

    def test_the_whole_is_what_one_call_measures(
        self, bench: Bench, parts: list[Path], tmp_path: Path
    ) -> None:
        ended, out = merged(bench, *parts)
        assert (ended.code, ended.err) == (0, "")
        runs = sorted(path.relative_to(out) for path in out.glob("*/*/run.json"))
        assert [path.parts[1] for path in runs] == ["01", "02"]
        for each in runs:
            assert samples((out / each).parent) == samples((tmp_path / "whole" / each).parent)
        assert (out / "series.json").read_bytes() == (tmp_path / "whole/series.json").read_bytes()

    def test_a_boot_that_no_part_has_is_named(self, bench: Bench, parts: list[Path]) -> None:
        ended, _ = merged(bench, parts[1])
        assert ended.code == 125
        assert ended.complaints[0].startswith("bench: missing: all of ")

    def test_boots_that_are_missing_can_be_measured(
        self, bench: Bench, parts: list[Path], tmp_path: Path
    ) -> None:
        ended, out = merged(bench, parts[1])
        assert ended.complaints[1] == f"  measure the rest: bench run --resume {out}"
        assert bench("run", "--resume", str(out)).code == 0
        for number in ("01", "02"):
            assert samples(out / "boot" / number) == samples(tmp_path / "whole/boot" / number)

    @pytest.mark.parametrize("place", ["boot/01", "boot/02"])
    def test_boots_of_another_qemu_are_refused(
        self, bench: Bench, parts: list[Path], place: str
    ) -> None:
        """Parts that share no boot have to have been measured alike too."""
        other = next(part for part in parts if (part / place).exists())
        rewrite(other / place, lambda table: table["executor"].update(qemu="QEMU 1.0"))
        ended, out = merged(bench, *parts)
        assert ended.code == 2
        assert "measured by something else: qemu of " in ended.err
        assert not out.exists()

    def test_boots_and_a_run_do_not_go_together(
        self, bench: Bench, parts: list[Path], run: Callable[..., Path]
    ) -> None:
        assert merged(bench, parts[0], run("single"))[0].code == 2

    @pytest.mark.parametrize(
        "text",
        ["", "[]", "{}", '{"scenario": "smoke"}', '{"scenario": "x", "boots": ["../../etc"]}'],
    )
    def test_a_damaged_list_of_boots_is_refused(
        self, bench: Bench, parts: list[Path], text: str
    ) -> None:
        (parts[0] / "series.json").write_text(text)
        ended, out = merged(bench, *parts)
        assert (ended.code, len(ended.complaints)) == (2, 2)
        assert not out.exists()

    def test_a_damaged_boot_leaves_nothing_behind(self, bench: Bench, parts: list[Path]) -> None:
        last = next(path for part in parts for path in part.glob("*/02/run.json"))
        last.write_text("{")
        ended, out = merged(bench, *parts)
        assert (ended.code, out.exists()) == (2, False)
