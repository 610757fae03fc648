# SPDX-License-Identifier: GPL-2.0-only
"""JUnit XML, as Jenkins' xUnit plugin takes it (junit-10.xsd): a suite a run, a case a cell."""

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from bench.report.export.collected import Collected, collected
from bench.results.writer import Run


def junit(*runs: Run) -> str:
    """Write a case for each cell; that it has a figure is all that is judged.

    A case has the time of its pause where a clock has measured it, and else none: a count is
    a property of the suite.
    """
    rows = [*collected(runs)]
    suites = {row.suite: TestSuite(row.suite) for row in rows}
    for row in rows:  # before the cases, as Ant's schema wants them
        if row.row.pause:
            name = f"{row.name} ({row.unit})"
            suites[row.suite].add_property(name, f"{row.row.pause.median:.0f}")
    for row in rows:
        suites[row.suite].add_testcase(_case(row))
    whole = JUnitXml("bench")
    for suite in suites.values():
        whole.add_testsuite(suite)
    text: bytes = whole.tostring()  # type: ignore[no-untyped-call]
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text.decode()}\n'


def _case(row: Collected) -> TestCase:
    case = TestCase(row.name, classname=row.suite)
    if row.row.pause is not None:
        if row.unit == "ns":
            case.time = row.row.pause.median / 1e9
        return case
    case.result = [Failure(row.reason, "failed") if row.failed else Skipped(row.reason)]
    return case
