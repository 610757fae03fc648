# SPDX-License-Identifier: GPL-2.0-only
"""Recognize files of other programs, to say whose they are and what to use instead."""

import gzip
import json
import re
import stat
import zlib
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from bench.errors import UsageError


class ForeignFile(NamedTuple):
    """What a file is, as in "written by fio" or "a zip archive", and what to use instead."""

    what: str
    use: str

    def refusal(self, path: Path) -> UsageError:
        """Make the error that says so."""
        return UsageError(f"{path}: {self.what}, and not for bench to read", self.use)


def _by(program: str, use: str) -> ForeignFile:
    return ForeignFile(f"written by {program}", use)


_FROM = "name the run directory that it was made from"
_MADE_FROM = "bench compares the run that it was made from"
_PYTEST = _by(
    "pytest-benchmark",
    "pytest --benchmark-compare, or py.test-benchmark compare, reads it; what python -m pyperf"
    " measures, bench reads",
)
_HYPERFINE = _by(
    "hyperfine",
    "hyperfine's scripts/ read it; python -m pyperf command -o FILE writes what bench reads",
)
_GOOGLE = _by("Google Benchmark", "its own tools/compare.py reads it")
_ASV = _by("asv", "asv compare reads it")
_FIO = _by("fio", "fio_jsonplus_clat2csv and fio2gnuplot read it")
_CRITERION = _by("criterion", "critcmp and cargo criterion read it")
_ACTION = _by(
    "github-action-benchmark", "its own action and page read it; bench history keeps runs"
)
_BENCHER = ForeignFile("Bencher's JSON (BMF)", f"bencher run --adapter json reads it; {_MADE_FROM}")
_KCIDB = ForeignFile("KCIDB's JSON", f"kcidb-query reads it; {_MADE_FROM}")
_SQUAD = ForeignFile("SQUAD's JSON", f"squad-client reads it; {_MADE_FROM}")
_K6 = _by("k6", "k6's own thresholds judge it")
_GO = _by("go test", "benchstat reads it")
_PERF_RECORD = _by("perf record", "perf report reads it")
_PERF_STAT = _by("perf stat", "bench run counts by itself, without perf")
_JUNIT = ForeignFile("JUnit XML", f"a CI reads it; {_MADE_FROM}")
_TAP = ForeignFile("TAP or KTAP", f"kselftest and NIPA read it; {_MADE_FROM}")
_SAMPLES = ForeignFile("samples.jsonl of a run alone", "name the directory that it is in")
_FACTS = ForeignFile("run.json of a run alone", "name the directory that it is in")
_REPORT = ForeignFile(
    "a report or verdict written by bench", "name the run directory, or write --format baseline"
)
_ARCHIVE = "unpack it first, and name what is in it"
_NO_RESULT = "name a run directory"  # of what no benchmark has written

_Test = Callable[[Mapping[str, Any]], bool]
# The first that holds is the one: those that ask for little stand last.
_TABLES: tuple[tuple[ForeignFile, _Test], ...] = (
    (_PYTEST, lambda it: "benchmarks" in it and bool({"machine_info", "commit_info"} & it.keys())),
    (_PYTEST, lambda it: _rows(it.get("benchmarks"), "stats")),
    (_by("mitata", "mitata prints it itself"), lambda it: _rows(it.get("benchmarks"), "alias")),
    (_GOOGLE, lambda it: "benchmarks" in it and isinstance(it.get("context"), dict)),
    (
        _by("BenchmarkDotNet", "its ResultsComparer reads it"),
        lambda it: "HostEnvironmentInfo" in it,
    ),
    (_by("critcmp", "critcmp reads it"), lambda it: _tables(it.get("benchmarks"), "fullname")),
    (_HYPERFINE, lambda it: _rows(it.get("results"), "command")),
    (
        _by("nanobench", "its own pyperf template writes what bench reads"),
        lambda it: _rows(it.get("results"), "median(elapsed)"),
    ),
    (_FIO, lambda it: "fio version" in it or {"jobs", "global options"} <= it.keys()),
    (
        _by("iperf3", "iperf3 prints it itself"),
        lambda it: {"start", "intervals", "end"} == it.keys(),
    ),
    (_K6, lambda it: {"metrics", "root_group"} <= it.keys() or {"metric", "type"} == it.keys()),
    (_K6, lambda it: it.get("type") in ("Metric", "Point") and "data" in it),
    (_ASV, lambda it: {"commit_hash", "results"} <= it.keys()),
    (_ASV, lambda it: {"arch", "cpu", "machine", "num_cpu", "os", "ram"} <= it.keys()),
    (_ASV, lambda it: _tables(it, "code", "type", but="version")),
    (_ACTION, lambda it: {"entries", "repoUrl"} <= it.keys()),
    (_KCIDB, lambda it: _is_kcidb(it)),
    (_CRITERION, lambda it: {"mean", "median", "std_dev"} <= it.keys()),
    (
        _CRITERION,
        lambda it: {"iters", "times"} <= it.keys() or {"group_id", "full_id"} <= it.keys(),
    ),
    (_CRITERION, lambda it: it.get("reason") in ("benchmark-complete", "group-complete")),
    (_PERF_STAT, lambda it: {"counter-value", "event"} <= it.keys()),
    (_by("perf data convert", "it is a profile"), lambda it: "linux-perf-json-version" in it),
    (_GO, lambda it: {"Action", "Package"} <= it.keys()),
    (
        _by("speedscope, or bench profile", "https://www.speedscope.app shows it"),
        lambda it: "speedscope" in str(it.get("$schema")),
    ),
    (
        ForeignFile("a trace", "https://ui.perfetto.dev shows it"),
        lambda it: isinstance(it.get("traceEvents"), list),
    ),
    (_SAMPLES, lambda it: {"device", "method", "rep", "crc"} <= it.keys()),
    (_FACTS, lambda it: {"format", "clock", "plan", "executor"} <= it.keys()),
    (_REPORT, lambda it: "format" in it and bool({"runs", "cells"} & it.keys())),
    (_BENCHER, lambda it: bool(it) and all(_tables(each, "value") for each in it.values())),
    (_SQUAD, lambda it: bool(it) and all("/" in k and _is_metric(v) for k, v in it.items())),
    (
        _by("lkp-tests", "lkp compare reads it"),
        lambda it: bool(it) and all("." in k and _is_series(v) for k, v in it.items()),
    ),
)
_LISTS: tuple[tuple[ForeignFile, tuple[str, ...]], ...] = (
    (_ACTION, ("name", "unit", "value")),
    (_by("JMH", "its own visualizers read it"), ("jmhVersion", "primaryMetric")),
    (_by("LAVA", f"SQUAD reads it; {_MADE_FROM}"), ("name", "result", "measurement")),
)
# How files begin: programs' own marks, then texts, which may have blank lines in front.
_MARKS: tuple[tuple[ForeignFile, tuple[bytes, ...]], ...] = (
    (_PERF_RECORD, (b"PERFILE2", b"2ELIFREP", b"PERFFILE")),
    (_by("trace-cmd", "trace-cmd report reads it"), (b"\x17\x08Dtracing",)),
    (_by("LTTng, or another tracer", "babeltrace2 reads it"), (b"\xc1\x1f\xfc\xc1",)),
    (ForeignFile("a zip archive", _ARCHIVE), (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")),
    (ForeignFile("compressed by xz", "unpack it first: xz -d"), (b"\xfd7zXZ",)),
    (ForeignFile("compressed by zstd", "unpack it first: zstd -d"), (b"\x28\xb5\x2f\xfd",)),
    (ForeignFile("compressed by bzip2", "unpack it first: bunzip2"), (b"BZh",)),
    (ForeignFile("compressed by lz4", "unpack it first: lz4 -d"), (b"\x04\x22\x4d\x18",)),
    (ForeignFile("a 7z archive", _ARCHIVE), (b"7z\xbc\xaf\x27\x1c",)),
    (ForeignFile("a program", _NO_RESULT), (b"\x7fELF", b"#!")),
    (ForeignFile("a database of SQLite", _NO_RESULT), (b"SQLite format 3",)),
    (ForeignFile("a picture", _NO_RESULT), (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF")),
    (ForeignFile("a table of pandas or Arrow", _NO_RESULT), (b"PAR1", b"ARROW1", b"\x89HDF")),
)
_TEXTS: tuple[tuple[ForeignFile, str], ...] = (
    (_ACTION, r"\Awindow\.BENCHMARK_DATA\b"),
    (_TAP, r"(?m)^(\[ *\d+\.\d+\] )?K?TAP version \d|\A(1\.\.\d+|(not )?ok \d+)( |$)"),
    (_FIO, r'\A(fio|note): (?s:.)*"fio version"|\A3;fio-\d'),
    (_GO, r"(?m)^Benchmark\S*\s+\d+\s.*\bns/op|\Agoos: "),
    (
        _PERF_STAT,
        r"\A# started on |Performance counter stats for|\A[\d.]+,\w*,[\w:/=.-]+,\d+,\d+\.",
    ),
    (_by("sysbench", "sysbench prints it itself"), r"\Asysbench \d"),
    (_by("callgrind, or bench profile", "kcachegrind reads it"), r"\A# callgrind format"),
    (_CRITERION, r"\Agroup,function,value,throughput_num,"),
    (_HYPERFINE, r"\Acommand,mean,stddev,median,|\A\| Command \| Mean"),
    (_PYTEST, r"\Aname,min,max,mean,stddev,"),
    (_GOOGLE, r"\A(.*\n)*?\"?name\"?,\"?iterations\"?,\"?real_time\"?,"),
    (
        _by("bench report --format csv", _FROM),
        r"\Arun,device,",
    ),
    (
        _by("git, or diff", "bench report --range A..B reads the tree itself"),
        r"\A(diff --git |From [0-9a-f]{40} )",
    ),
)
# The first elements of XML and HTML.
_ROOTS: Mapping[str, ForeignFile] = {
    **dict.fromkeys(("testsuites", "testsuite"), _JUNIT),
    **dict.fromkeys(("Catch2TestRun", "Catch"), _by("Catch2", "Catch2 prints it itself")),
    "PhoronixTestSuite": _by("the Phoronix Test Suite", "phoronix-test-suite reads it"),
    "svg": ForeignFile("a picture", _NO_RESULT),
    **dict.fromkeys(("html", "HTML"), ForeignFile("an HTML page", _FROM)),
}
_HEAD = 1 << 14  # bytes that tell what a file is
_MOST = 1 << 24  # bytes of JSON that are worth reading to say what it is
_LOOKED_AT, _OPENED = 1000, 40  # files below a directory that holds no run


def foreign_json(found: object) -> ForeignFile | None:
    """Name the program whose JSON this is; None for one that is not known."""
    if isinstance(found, list):
        return next((of for of, names in _LISTS if _rows(found, *names)), None)
    if not isinstance(found, dict):
        return None
    return next((of for of, is_it in _TABLES if is_it(found)), None)


def foreign_bytes(data: bytes) -> ForeignFile | None:
    """Name the program whose file begins so, or the kind of file; None for JSON, or what not."""
    head = data[:_HEAD]
    for of, marks in _MARKS:
        if head.startswith(marks):
            return of
    if head[257:262] == b"ustar":
        return ForeignFile("a tar archive", _ARCHIVE)
    text = as_text(head, "replace").lstrip()
    if text.startswith("<"):
        root = re.search(r"<([A-Za-z][\w.:-]*)", text)
        return _ROOTS.get(root[1] if root else "", ForeignFile("an XML file", _NO_RESULT))
    found = next((of for of, pattern in _TEXTS if re.search(pattern, text)), None)
    return found or _of_first_line(text)


def _of_first_line(text: str) -> ForeignFile | None:
    """Name the program that writes a JSON object a line."""
    first, end, rest = text.partition("\n")
    if not end or not rest.lstrip().startswith("{"):
        return None
    try:
        return foreign_json(json.loads(first))
    except (ValueError, RecursionError):
        return None


def as_text(data: bytes, errors: str = "strict") -> str:
    """Decode UTF-8, or UTF-16 with a mark, as a shell of Windows writes; ValueError for neither."""
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    return data.decode("utf-16" if wide else "utf-8-sig", errors)


def what_is(path: Path) -> ForeignFile | None:
    """Tell what a file is that is no run, whatever keeps it from being read; None if not known."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        with path.open("rb") as handle:
            packed = handle.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as handle:
            head = handle.read(_HEAD)
            if found := foreign_bytes(head):
                return found
            found = json.loads(as_text(head + handle.read(_MOST)))
    except (OSError, EOFError, zlib.error, ValueError, RecursionError):
        return None
    return foreign_json(found) or _of_a_side(found)


def _of_a_side(found: object) -> ForeignFile | None:
    """Name what `bench compare` reads, for commands that take run directories alone."""
    keys = found.keys() if isinstance(found, dict) else ()
    use = "bench compare and bench gate read it; name a run directory"
    if "bench_baseline" in keys:
        return ForeignFile("a baseline", use)
    return ForeignFile("a pyperf file", use) if {"benchmarks", "version"} <= {*keys} else None


def foreign_directory(path: Path) -> tuple[str, str] | None:
    """Say what is in a directory that is no run, and what to do; None for nothing that is known."""
    try:
        below = sorted(islice(path.rglob("*"), _LOOKED_AT))
        for run in (each.parent for each in below if each.name == "run.json"):
            named = run.parent if run.name.isdecimal() and run.parent != path else run  # a boot
            return f"{path}: no run is in it, but further below", f"name {named}"
        for each in islice((each for each in below if each.is_file()), _OPENED):
            found = what_is(each)
            if found and found not in (_SAMPLES, _FACTS) and found.use != _NO_RESULT:
                return f"{path}: no run is in it; {each.name} is {found.what}", found.use
    except OSError:  # whoever reads it says what is wrong
        pass
    return None


def _rows(found: object, *names: str) -> bool:
    """Tell whether it is a list of objects that have these keys."""
    return (
        isinstance(found, list)
        and bool(found)
        and all(isinstance(row, dict) and {*names} <= row.keys() for row in found)
    )


def _tables(found: object, *names: str, but: str = "") -> bool:
    """Tell whether it is an object of objects that have these keys."""
    return isinstance(found, dict) and _rows([v for k, v in found.items() if k != but], *names)


def _is_kcidb(found: Mapping[str, Any]) -> bool:
    objects = {"checkouts", "builds", "tests", "issues", "incidents"}
    version = found.get("version")
    return (
        isinstance(version, dict) and "major" in version and found.keys() <= {"version", *objects}
    )


def _is_number(found: object) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool)


def _is_metric(found: object) -> bool:
    return _is_number(found) or (isinstance(found, dict) and _is_number(found.get("value")))


def _is_series(found: object) -> bool:
    return _is_number(found) or isinstance(found, list)
