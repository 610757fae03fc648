# SPDX-License-Identifier: GPL-2.0-only
"""Mistakes on the command line, each answered in a line or two, and help, which is quick."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from bench.model.cell import FACTORS, Pages
from bench.model.device import DEVICES
from bench.model.limits import BOOTS, REGIONS, REPS, SEED, THREADS
from bench.model.method import Method
from tests.unit.command import PLAN, Bench, Ended
from tests.unit.streams import recording

SCRIPT = Path(sys.executable).with_name("bench")


def assert_usage_error(ended: Ended, *words: str) -> None:
    assert ended.code == 2
    assert ended.out == ""
    assert 1 <= len(ended.complaints) <= 2
    assert ended.err.startswith("bench: ")
    assert [word for word in words if word not in ended.err] == []


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("mem", "0", ["'0'", "above zero"]),
        ("mem", "banana", ["'banana'", "as in 64G"]),
        ("mem", "3K", ["3 KiB", "2 MiB"]),
        ("mem", "10E", ["too much", "8 TiB"]),
        ("mem", "3\u212a", ["as in 64G"]),
        ("device", "floppy", list(DEVICES)),
        ("method", "magic", list(Method)),
        ("pages", "8k", list(Pages)),
        ("ptes", "tepid", ["cold", "warm"]),
        ("backing", "tape", ["real", "alias"]),
        ("handover", "pigeon", ["exec"]),
        ("regions", "0", ["1 to 256", "qemu"]),
        *(
            ("reps", value, [f"'{value}'", "from 1 to 200", "with a +", "auto"])
            for value in ("0", "3.5", "auto:0", "+", "201")
        ),
        ("seed", "-1", ["-1", "0 or more"]),
        ("clock", "sundial", ["wall", "icount"]),
        ("executor", "abacus", ["guest", "replay:FILE"]),
        ("executor", "guest:x", ["guest", "replay:FILE"]),
        ("executor", "replay", ["guest", "replay:FILE"]),
    ],
)
def test_a_bad_option(
    option: str, value: str, words: list[str], bench: Bench, tmp_path: Path
) -> None:
    ended = bench("run", "smoke", "--out", tmp_path / "out", f"--{option}", value)
    assert_usage_error(ended, f"--{option}", *words)
    assert not (tmp_path / "out").exists()


def test_an_unknown_option(bench: Bench) -> None:
    assert_usage_error(bench("run", "--banana"), "--banana")


def test_an_option_without_its_value(bench: Bench) -> None:
    assert_usage_error(bench("run", "--mem"), "--mem")


def test_an_unknown_command(bench: Bench) -> None:
    assert_usage_error(bench("banana"), "banana")


def test_a_word_too_many(bench: Bench) -> None:
    assert_usage_error(bench("run", "smoke", "banana"), "banana")


def test_an_unknown_scenario(bench: Bench) -> None:
    assert_usage_error(bench("run", "banana"), "'banana'", "smoke", "live-update")


def test_an_endless_scenario_name(bench: Bench) -> None:
    assert_usage_error(bench("run", "a" * 5000))


def test_a_broken_scenario_file(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text("mem = [")
    assert_usage_error(bench("run", path), str(path))


def test_an_out_that_exists(bench: Bench, tmp_path: Path) -> None:
    assert_usage_error(bench("run", "smoke", "--out", tmp_path), "--out", str(tmp_path), "exists")


def test_an_out_that_cannot_be_written(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    out = tmp_path / "file" / "out"
    assert_usage_error(bench("run", "smoke", "--out", out), "--out", str(out))


def test_a_missing_recording(bench: Bench, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    out = tmp_path / "out"
    ended = bench("run", "smoke", "--executor", f"replay:{missing}", "--out", out)
    assert_usage_error(ended, "--executor", str(missing), "No such file")
    assert not out.exists()


def test_an_out_that_is_not_unicode(replay: Bench, tmp_path: Path) -> None:
    ended = replay(recording(PLAN), "--out", f"{tmp_path}/\udcff")
    assert ended.code == 0


def test_a_report_of_what_is_no_run(bench: Bench, tmp_path: Path) -> None:
    assert_usage_error(bench("report", tmp_path), f"{tmp_path}/run.json")


def test_a_report_without_its_directory(bench: Bench) -> None:
    assert_usage_error(bench("report"), "RUN is missing")


def test_a_report_of_a_damaged_run(replay: Bench, bench: Bench, tmp_path: Path) -> None:
    replay(recording(PLAN))
    path = tmp_path / "out" / "samples.jsonl"
    path.write_bytes(path.read_bytes()[:-10])
    ended = bench("report", tmp_path / "out")
    assert ended.code == 1
    assert "samples.jsonl:15: not a sample" in ended.out
    assert ended.complaints == [f"bench: {tmp_path / 'out'} is damaged: the report says where"]
    ended = bench("report", tmp_path / "out", "--format", "squad")  # has no place for it
    assert ended.code == 1 and "damaged: samples.jsonl:15: not a sample" in ended.err


def test_a_report_of_nothing_measured_gives_125(
    replay: Bench, bench: Bench, tmp_path: Path
) -> None:
    replay(["rubbish"])
    ended = bench("report", tmp_path / "out")
    assert (ended.code, ended.out, len(ended.complaints)) == (125, "", 1)


@pytest.mark.parametrize("words", [[], ["--help"]])
def test_help_begins_with_the_usage(words: list[str], bench: Bench) -> None:
    ended = bench(*words)
    assert ended.code in ((0,) if words else (0, 2))
    assert (ended.out + ended.err).lstrip().startswith("Usage: ")


def test_help_names_every_factor(bench: Bench) -> None:
    text = bench("run", "--help").out
    words = ("mem", "pages", "device", "method", "ptes", "regions", "reps", "seed", "out")
    assert [word for word in words if f"--{word}" not in text] == []


def test_help_says_what_is_bounded(bench: Bench) -> None:
    text = " ".join(bench("run", "--help").out.split())
    ranges = {"boots": BOOTS, "reps": REPS, "seed": SEED, "regions": REGIONS, "threads": THREADS}
    for option, limits in ranges.items():
        assert str(limits) in text.partition(f"--{option} ")[2].partition(" --")[0]
    assert "at most 8T" in text.partition("--mem ")[2].partition(" --")[0]


def test_help_has_an_option_for_every_factor(bench: Bench) -> None:
    text = bench("run", "--help").out
    asked = {name: factor.words.help for name, factor in FACTORS.items() if factor.words.help}
    assert asked.keys() == FACTORS.keys() - {"file"}
    assert [name for name in asked if f"--{name.replace('_', '-')} " not in text] == []


def cpu_seconds_of_help() -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([str(SCRIPT), "--help"], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_help_is_quick() -> None:
    # The promise is 0.3 s; twice that leaves room for a loaded machine.
    assert min(cpu_seconds_of_help() for _ in range(5)) < 0.6


def test_help_imports_nothing_heavy() -> None:
    command = [sys.executable, "-X", "importtime", str(SCRIPT), "--help"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    imported = {text.rpartition("|")[2].strip() for text in done.stderr.splitlines()}
    assert "bench.cli" in imported
    assert imported & {"numpy", "pydantic", "psutil", "rich.progress"} == set()


def test_a_reader_that_leaves_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [str(SCRIPT), "list"]
    done = subprocess.run(command, check=False, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(("kind", "letter"), [("AS", "v"), ("DATA", "d")])
def test_a_limit_of_memory_is_said_before_a_library_ends_the_process(
    kind: str, letter: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = getattr(resource, f"RLIMIT_{kind}")
    endless = resource.RLIM_INFINITY
    monkeypatch.setattr(
        resource, "getrlimit", lambda asked: (1 << 20 if asked == limit else endless, endless)
    )
    ended = bench("report", "nowhere")
    assert ended.code == 125
    assert f"ulimit -{letter} is 1024" in ended.err and f"ulimit -{letter} unlimited" in ended.err
    assert bench("list", "--schema").code == 0


@pytest.mark.parametrize("closing", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_standard_stream_that_is_closed_is_no_bug(closing: str) -> None:
    call = f'"{sys.executable}" -m bench list pages {closing}'
    done = subprocess.run(["sh", "-c", call], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("pages ") == (closing == "2>&-")
