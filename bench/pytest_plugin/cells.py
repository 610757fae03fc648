# SPDX-License-Identifier: GPL-2.0-only
"""Make tests of cells: pytest-benchmark times a clock that shows recorded values, and no code."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.errors import BenchError, CellFailed
from bench.model.cell import Cell
from bench.model.units import number_of
from bench.pytest_plugin.source import Source, planned, stored
from bench.results.comparable import unlike
from bench.sides import Key, Side, key_name
from bench.sides.names import group_name

_NODE = "bench"  # what the ids of the tests begin with: the same wherever pytest runs
_FACTS = "bench"  # the key of our facts in the machine_info of a saved file
# Without operations a second, which would take instructions for seconds.
_COLUMNS = ("min", "max", "mean", "stddev", "median", "iqr", "outliers", "rounds")
_NS = 1_000_000_000
_SCALES = ((1e9, "G "), (1e6, "M "), (1e3, "k "), (0.0, ""))


class RecordedClock:
    """Show 0 when a round begins and a recorded value when it ends.

    pytest-benchmark subtracts the two and gets the recorded value itself, unrounded and
    without its own overhead.
    """

    def __init__(self) -> None:
        self._now: float = 0
        self._values: Iterator[float] = iter(())

    def load(self, values: Sequence[float]) -> None:
        self._values = iter(values)

    def now(self) -> float:
        return self._now

    def reset(self) -> None:
        self._now = 0

    def advance(self) -> None:
        """Go to the next value; to 0 after the last one (--benchmark-cprofile calls once more)."""
        self._now = next(self._values, 0)


class CellTest(pytest.Function):
    """Test one cell. An error of bench is shown as its message and hint, without a traceback."""

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        error = excinfo.value
        if isinstance(error, BenchError):
            return f"{error.message}\n{error.hint}".rstrip()
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where it is: no file has it, but a skip by a mark takes a line."""
        return self.session.path, 0, f"{_NODE}: {self.name}"


class _Collector(pytest.Collector):
    cells: "Cells"

    def collect(self) -> list[pytest.Item]:
        return [self.cells.test(self, key) for key in self.cells.keys]


class Cells:
    """Implement pytest's hooks; registered only where --bench-run or --bench-scenario is given."""

    def __init__(self, config: pytest.Config) -> None:
        option = config.option
        if not config.pluginmanager.hasplugin("benchmark"):
            raise pytest.UsageError("bench: pytest-benchmark is switched off: drop -p no:benchmark")
        self._config = config
        self._ticks: bool = option.bench_ticks
        self._force: bool = option.bench_force
        self._saved: list[tuple[dict[str, str], set[str]]] = []  # facts, and names of tests
        try:
            self._source = _source(option)
        except BenchError as error:
            raise _refusal(error) from None
        if self._ticks and option.benchmark_columns is None:
            option.benchmark_columns = [*_COLUMNS]

    @property
    def keys(self) -> Sequence[Key]:
        return self._source.keys

    def test(self, parent: pytest.Collector, key: Key) -> pytest.Item:
        """Make the test of a cell, named after it; instructions stand in the name as a unit."""
        unit = " instructions" if self._ticks else ""
        clock = RecordedClock()
        item: pytest.Function = CellTest.from_parent(
            parent, name=key_name(key) + unit, callobj=self._body(key, clock)
        )
        group = f"{group_name(key) if isinstance(key, Cell) else key}{unit}"
        item.add_marker(pytest.mark.benchmark(timer=clock.now, group=group))
        return item

    def _body(self, key: Key, clock: RecordedClock) -> Callable[..., None]:
        def body(benchmark: Any, request: pytest.FixtureRequest) -> None:
            target = clock.advance
            rounds = 1
            try:
                side = self._source.side()
                self._check_saved(side, request.node.nodeid)
                values = _values(side, key, self._in_base(request.node.nodeid))
                clock.load(values)
                rounds = len(values)
                benchmark.extra_info.update(_extra(side, key))
            except BenchError as error:
                target = _raiser(error)
            benchmark.pedantic(target, setup=clock.reset, rounds=rounds)

        return body

    def _in_base(self, nodeid: str) -> bool:
        """Tell whether a threshold is to be applied to a cell."""
        return self._threshold and any(nodeid in names for _, names in self._saved)

    def _check_saved(self, side: Side, nodeid: str) -> None:
        """Raise CellFailed where the saved file lacks this cell or is of another machine."""
        for facts, names in [] if self._force else self._saved:
            if nodeid not in names and self._threshold:
                raise CellFailed("BASE does not have this cell: nothing to compare", "save it anew")
            if found := unlike(facts, side.facts):
                raise CellFailed(f"not to be compared: {'; '.join(found)}", "or --bench-force")

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Raise UsageError for a threshold that would not be applied: a gate that cannot fire."""
        benchmarks: Any = session.config.pluginmanager.get_plugin("pytest-benchmark")
        if not (self._threshold and benchmarks) or session.config.option.collectonly:
            return
        if why := self._why_not_compared(benchmarks):
            raise pytest.UsageError(f"bench: --benchmark-compare-fail compares nothing: {why}")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Raise UsageError where all is green and a cell was not compared with BASE.

        As by --setup-only, or by a conftest.py that skips what is slow.
        """
        benchmarks: Any = session.config.pluginmanager.get_plugin("pytest-benchmark")
        if exitstatus or not self._threshold or session.config.option.collectonly:
            return
        measured = {bench.fullname for bench in benchmarks.benchmarks}
        cells = [item.nodeid for item in session.items if isinstance(item, CellTest)]
        if left := [cell for cell in cells if self._in_base(cell) and cell not in measured]:
            more = f" and {len(left) - 1} more" if left[1:] else ""
            raise pytest.UsageError(
                f"bench: --benchmark-compare-fail was not applied to {left[0]}{more}: not run",
                "bench: let these tests run, or leave them out by -k or --deselect",
            )

    @property
    def _threshold(self) -> bool:
        return bool(self._config.option.benchmark_compare_fail)

    def _why_not_compared(self, benchmarks: Any) -> str:
        if benchmarks.skip:
            return "--benchmark-skip leaves all cells out"
        if benchmarks.disabled:
            return "benchmarks are off, by --benchmark-disable or with xdist (-n, --dist)"
        if not self._saved:
            return "no saved run was loaded; name one by --benchmark-compare=ID"
        return ""

    def pytest_report_header(self) -> str:
        known = self._source.known
        where = known.name if known else f"{self._config.option.bench_scenario}, measured now"
        return f"bench: {number_of(len(self.keys), 'cell')} of {where}"

    def pytest_ignore_collect(self) -> bool | None:
        """Collect files only where tests were named on the command line."""
        return None if self._tests_named() else True

    def _tests_named(self) -> bool:
        return self._config.args_source is pytest.Config.ArgsSource.ARGS

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> None:
        node = _Collector.from_parent(session, name=_NODE, nodeid=_NODE)
        node.cells = self
        cells = [*session.genitems(node)]
        self._check_all_there({item.nodeid for item in cells})
        items[:] = [*(items if self._tests_named() else ()), *cells]

    def _check_all_there(self, nodeids: set[str]) -> None:
        """Raise UsageError where a threshold is asked for and NEW lacks a cell of BASE."""
        if self._force or not self._threshold:
            return
        saved = {name for _, names in self._saved for name in names if name.startswith(_NODE)}
        if lost := sorted(saved - nodeids):
            more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
            raise pytest.UsageError(
                f"bench: NEW does not have {lost[0]}{more}, which BASE has: or --bench-force"
            )

    @pytest.hookimpl(optionalhook=True)
    def pytest_benchmark_update_machine_info(self, machine_info: dict[str, Any]) -> None:
        """Put the facts of the run into a file that --benchmark-save writes."""
        if self._source.known:
            machine_info[_FACTS] = dict(self._source.known.facts)

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_benchmark_compare_machine_info(self, compared_benchmark: Mapping[str, Any]) -> None:
        """Keep facts and names of a saved file; UsageError at once if a stored run is unlike it."""
        facts = compared_benchmark.get("machine_info", {}).get(_FACTS, {})
        names = {str(bench["fullname"]) for bench in compared_benchmark["benchmarks"]}
        self._saved.append((facts, names))
        known = self._source.known
        found = unlike(facts, known.facts) if known and not self._force else []
        if found:
            raise pytest.UsageError("bench: not to be compared: " + "; ".join(found))

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_benchmark_scale_unit(
        self, unit: str, benchmarks: Sequence[Mapping[str, Any]], best: Mapping[str, float]
    ) -> tuple[str, float] | None:
        """Return the unit for the head of a table (an s is appended) and what to multiply by."""
        if any(bench["extra_info"].get("unit") != "instructions" for bench in benchmarks):
            return None
        if unit != "seconds":
            return "", 1.0
        least = best.get("min", 0.0)
        scale, prefix = next(pair for pair in _SCALES if least >= pair[0])
        return f"{prefix}instruction", 1 / scale if scale else 1.0


def _source(option: Any) -> Source:
    if option.bench_run and option.bench_scenario:
        raise pytest.UsageError("bench: either --bench-run or --bench-scenario")
    if option.bench_run:
        return stored([*map(Path, option.bench_run)], option.bench_ticks, option.bench_force)
    out = Path(option.bench_out) if option.bench_out else None
    return planned(option.bench_scenario, out, option.bench_ticks)


def _refusal(error: BenchError) -> pytest.UsageError:
    """Return the error as pytest shows it: without a traceback."""
    return pytest.UsageError(*(f"bench: {line}" for line in (error.message, error.hint) if line))


def _values(side: Side, key: Key, compared: bool) -> list[float]:
    """Return the values of a cell in seconds or instructions.

    Skips the test of a cell that was skipped; CellFailed for one that failed, is missing, or
    was skipped and is to be ``compared``.
    """
    why = side.without.get(key, "")
    if why.startswith("skipped") and not compared:
        pytest.skip(why.removeprefix("skipped: "))
    if key not in side.cells:
        raise CellFailed(why or "missing: the run does not have it")
    values: list[float] = side.cells[key].values.tolist()
    return [value / _NS for value in values] if side.unit == "ns" else values


def _extra(side: Side, key: Key) -> dict[str, Any]:
    """Return what is saved beside the values: the factors of the cell, its unit and boots."""
    factors: Mapping[str, Any] = key.factors() if isinstance(key, Cell) else {}
    boots = len(side.cells[key].by_boot())
    unit = "instructions" if side.unit == "instructions" else "seconds"
    return {**factors, "unit": unit, "boots": boots}


def _raiser(error: BenchError) -> Callable[[], None]:
    """Return a body that raises inside pytest-benchmark, which then saves nothing of the test."""

    def fail() -> None:
        raise error

    return fail
