# SPDX-License-Identifier: GPL-2.0-only
"""Make a side of a pyperf file: one that `bench report` wrote, or any other program's.

Ours say in metadata, which holds scalars only, what cell a benchmark is of.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import numpy as np
import pyperf

from bench.errors import CannotJudge, UsageError
from bench.model.cell import Cell, Clock
from bench.model.visible import visible
from bench.results.comparable import joined_fact, text_of
from bench.results.fact_table import load_class
from bench.results.row import read_cell
from bench.sides.names import cell_name
from bench.sides.side import CellValues, Key, Side, series

# What pyperf's loader raises for JSON that is not what it expects: it checks little.
_NOT_PYPERF = (ValueError, TypeError, KeyError, AttributeError, IndexError, ArithmeticError)
_LARGEST = 1 << 63
# pyperf's seconds are floats: below this many ns (26 days) each comes back as it was.
_EXACT = 1 << 51

FORMAT: Final = 1
FORMAT_KEY = "bench_format"
BOOT = "bench_boot"  # of a pyperf.Run: which boot its values are from
IDENTITY, BEGAN = "bench_identity", "bench_began"  # of a pyperf.Run: what makes its boot itself
ZEROS = "bench_zeros"  # places of values that were 0, which pyperf does not take: "0,7"
LEFT_OUT = "bench_values_left_out"  # how many those are
DAMAGE = "bench_damage"  # what is wrong with the run that the file was made from
_CELL, _FACT, _WITHOUT = "bench_cell_", "bench_fact_", "bench_not_measured_"

NS = 1_000_000_000

Metadata = Mapping[str, Any]
_Read = TypeVar("_Read")


def cell_metadata(cell: Cell) -> dict[str, str | int]:
    """Return a key a factor of a benchmark's cell."""
    return {f"{_CELL}{name}": value for name, value in cell.factors().items()}


def facts_metadata(facts: Mapping[str, str]) -> dict[str, str]:
    """Return a key a fact of the run."""
    return {f"{_FACT}{name}": text for name, text in facts.items()}


def _facts_in(metadata: Metadata) -> dict[str, str]:
    facts = _part(metadata, _FACT)
    wrong = next((name for name, text in facts.items() if not isinstance(text, str)), None)
    if wrong is not None:
        raise ValueError(f"{_FACT}{wrong} is no text")
    return facts


def without_metadata(without: Iterable[tuple[Cell, str]]) -> dict[str, str]:
    """Return a numbered key for each cell without a figure: its name, why, and its factors."""
    rows = ({"name": cell_name(cell), "why": why, "cell": cell.factors()} for cell, why in without)
    return {f"{_WITHOUT}{number:04}": json.dumps(row) for number, row in enumerate(rows, 1)}


def _without_in(metadata: Metadata) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for name, text in _part(metadata, _WITHOUT).items():
        try:
            row = json.loads(text)
            found[_cell(row["cell"])] = str(row["why"])
        except (TypeError, KeyError, RecursionError):
            raise ValueError(f"{_WITHOUT}{name} is no cell with a reason") from None
    return found


def _part(metadata: Metadata, prefix: str) -> dict[str, Any]:
    return {k.removeprefix(prefix): v for k, v in metadata.items() if k.startswith(prefix)}


def _cell(factors: object) -> Cell:
    try:
        return read_cell(factors)
    except ValueError as error:
        raise ValueError(f"not a cell: {error}") from None


def side_of_pyperf(text: str, name: str) -> Side:
    """Read a pyperf file; UsageError for what pyperf cannot read or what is no exact number."""
    suite: Any = _or_say(
        lambda: pyperf.BenchmarkSuite.loads(text),
        f"{name}: pyperf cannot read it",
        "write it anew; python -m pyperf check FILE says whether a file is whole",
    )
    return _or_say(
        lambda: _side(suite, name),
        f"{name}: a pyperf file that bench cannot use",
        "write it anew: bench report RUN --format pyperf, or python -m pyperf",
    )


def _or_say(read: Callable[[], _Read], failed: str, hint: str) -> _Read:
    try:
        return read()
    except (*_NOT_PYPERF, RecursionError) as error:
        why = visible(" ".join(str(error).split()))[:160] or type(error).__name__
        raise UsageError(f"{failed}: {why}", hint) from None


def _side(suite: Any, name: str) -> Side:
    ours = [FORMAT_KEY in bench.get_metadata() for bench in suite]
    if any(ours) and not all(ours):
        raise ValueError("some of its benchmarks are of bench and some are not")
    return _ours(suite, name) if all(ours) else _foreign(suite, name)


def _ours(suite: Any, name: str) -> Side:
    found: dict[Key, CellValues] = {}
    boots: dict[int, Metadata] = {}
    first = suite.get_benchmarks()[0].get_metadata()
    facts = _facts_in(first)
    if facts.get("unit") not in [clock.unit for clock in Clock]:
        raise ValueError("it does not say what its unit is")
    for bench in suite:
        metadata = bench.get_metadata()
        if metadata[FORMAT_KEY] != FORMAT:
            raise ValueError(f"this version of bench reads {FORMAT_KEY} {FORMAT}")
        if _facts_in(metadata) != facts:
            raise ValueError("its benchmarks are of different runs")
        key = _cell(_part(metadata, _CELL))
        if key in found:
            raise ValueError(f"{bench.get_name()} stands in it twice")
        found[key] = _our_series(bench, facts["unit"])
        boots |= {run.get_metadata()[BOOT]: run.get_metadata() for run in bench.get_runs()}
    damage = (f"of a damaged run: {first[DAMAGE]}",) if DAMAGE in first else ()
    return Side(
        name,
        facts,
        found,
        _without_in(first),
        damage,
        identities=_texts(boots, IDENTITY),
        began=_texts(boots, BEGAN),
    )


def _texts(boots: Mapping[int, Metadata], name: str) -> dict[int, str]:
    """Return what the boots that have it say under a name."""
    found = {boot: metadata[name] for boot, metadata in boots.items() if name in metadata}
    if not all(isinstance(text, str) and text.isprintable() for text in found.values()):
        raise ValueError(f"a {name} is no line of text")
    return found


def _our_series(bench: Any, unit: str) -> CellValues:
    boots: dict[int, list[int]] = {}
    for run in bench.get_runs():
        metadata = run.get_metadata()
        boot = metadata.get(BOOT)
        if type(boot) is not int or not 0 <= boot < _LARGEST or boot in boots:
            raise ValueError(f"{bench.get_name()}: {BOOT} {boot} is no number of its own")
        if metadata.get("unit") != ("second" if unit == "ns" else "integer"):
            raise ValueError(f"{bench.get_name()}: its unit is not that of {unit}")
        ticks = [_ticks(value, unit) for value in run.values]
        boots[boot] = _with_zeros(ticks, str(metadata.get(ZEROS, "")))
    return series(boots, np.int64)


def _ticks(value: int | float, unit: str) -> int:
    ticks = round(value * NS) if unit == "ns" else value
    if (
        isinstance(value, bool)
        or not isinstance(ticks, int)
        or not 0 < ticks < (_EXACT if unit == "ns" else _LARGEST)
    ):
        raise ValueError(f"{value} is no count of {unit}")
    return ticks


def _with_zeros(ticks: list[int], places: str) -> list[int]:
    """Put values of 0 back at their places: pyperf takes none."""
    for place in (int(word) for word in places.split(",") if word):
        if not 0 <= place <= len(ticks):
            raise ValueError(f"{ZEROS}: {place} is no place among {len(ticks)} values")
        ticks.insert(place, 0)
    return ticks


def _foreign(suite: Any, name: str) -> Side:
    """Take benchmarks by their names; each pyperf.Run was a process of its own: a boot."""
    units = sorted({bench.get_unit() for bench in suite})
    if len(units) > 1:
        raise ValueError(f"its benchmarks have different units: {', '.join(units)}")
    found: dict[Key, CellValues] = {}
    without: dict[Key, str] = {}
    for bench in suite:
        key = _text(bench.get_name())
        runs = [run.values for run in bench.get_runs() if run.values]  # others calibrate
        far = [value for run in runs for value in run if not _is_usable(value)]
        if far:
            without[key] = f"failed: {str(far[0])[:20]} is beyond what is calculated with"
        elif runs:
            found[key] = series(dict(enumerate(runs, 1)), np.float64)
        else:
            without[key] = "missing: no run of it has a value"
    if not found:
        why = f": {next(iter(without.values()))}" if without else ""
        raise CannotJudge(f"{name}: no benchmark in it has a value to judge{why}")
    return Side(name, _foreign_facts(suite, units[0]), found, without)


_FARTHEST = 1e100  # in ns: the square of more is beyond floats, and so is that of the inverse


def _is_usable(value: int | float) -> bool:
    """Tell whether a value is near enough to 1; ValueError for one that is no number."""
    if isinstance(value, bool) or value == math.inf:
        raise ValueError(f"{value} is no number")
    try:
        return 1 / _FARTHEST < float(value) * NS < _FARTHEST
    except OverflowError:  # an int of hundreds of digits
        return False


def _text(name: object) -> str:
    if not isinstance(name, str) or not name.isprintable():
        raise ValueError("a benchmark has no name that can be shown")
    return name


# What pyperf's metadata of each run is called: pyperf's documentation has the list.
_PLACES = {
    "cpu": "cpu_model_name",
    "cpus": "cpu_count",
    "cpu config": "cpu_config",
    "cpu quota": "cpu_quota",
    "affinity": "cpu_affinity",
    "host": "hostname",
    "platform": "platform",
    "python": "python_version",
    "python implementation": "python_implementation",
    "aslr": "aslr",
    "timer": "timer",
    "pyperf": "perf_version",
}


def _foreign_facts(suite: Any, unit: str) -> dict[str, str]:
    """Return facts of the machine; where runs of the file differ in one, all that there are."""
    runs = [run.get_metadata() for bench in suite for run in bench.get_runs()]
    facts = {"executor": "another program", "unit": unit}
    if unit == "second":
        facts["clock"] = Clock.WALL.value
    for name, key in _PLACES.items():
        if found := [visible(text_of(str(metadata[key]))) for metadata in runs if key in metadata]:
            facts[name] = joined_fact(name, found)
    if "cpus" in facts:  # pyperf says only what is not usual
        facts.setdefault("affinity", "all")
        facts.setdefault("cpu quota", "none")
    if load := _foreign_load(runs):
        facts["load"] = load
    return {name: text for name, text in facts.items() if text}


def _foreign_load(runs: Sequence[Metadata]) -> str:
    """Class the load of most runs, by the mean over a minute; "" where it is not known."""
    cpus = next((run["cpu_count"] for run in runs if "cpu_count" in run), None)
    loads = [run["load_avg_1min"] for run in runs if "load_avg_1min" in run]
    known = isinstance(cpus, int) and all(isinstance(load, int | float) for load in loads)
    return load_class(float(np.median(loads)), cpus) if loads and known else ""
