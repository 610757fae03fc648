# SPDX-License-Identifier: GPL-2.0-only
"""Variables of a job that are wrong: named before anything is measured."""

import pytest

from tests.ci.jobs import REFERENCE, Workspace, lines

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("NAME", "../up", "'../up' is no name of a directory; use letters, digits, dots, dashes"),
        ("KEEP", "maybe", "'maybe' is unknown; known are auto, yes, no"),
        ("ACCEPT", "1", "'1' is unknown; known are yes, no"),
        ("BRANCH", "a..b", "'a..b' is no name of a branch"),
        ("RUN", "none", "none: no run is there; BENCH_CI_RUN names a run directory"),
        ("CLOCK", "tsc", "'tsc' is unknown; known are icount, wall"),
        ("THRESHOLD", "much", "BENCH_CI_THRESHOLD: 'much' is not a share; write percent"),
        ("THRESHOLD", "0.5", "BENCH_CI_GATE_OPTIONS: --threshold: '0.5' is not a share"),
        ("CREEP", "3", "BENCH_CI_CREEP: --threshold: '3' is not a share"),
        ("GATE_OPTIONS", "--strickt", "No such option: --strickt"),
        ("GATE_OPTIONS", "--max-pause 3", "--max-pause"),
        ("SCENARIO", "my.toml", "my.toml: there is no such file; bench list scenarios has names"),
        ("TREE", "linux", "linux: no such directory"),
        ("TRESHOLD", "1%", "BENCH_CI_TRESHOLD: no such variable; did you mean BENCH_CI_THRESHOLD?"),
    ],
)
def test_a_wrong_value_ends_2(fresh: Workspace, variable: str, value: str, said: str) -> None:
    job = fresh.job(REFERENCE, **{f"BENCH_CI_{variable}": value})
    assert job.code == 2
    assert [*lines(job.text, "::error title=bench::", said)], job.text
    assert ("::group::fetch" in job.text) == (variable in {"RUN", "BRANCH"}), "not said at once"
    assert fresh.git("for-each-ref") == ""


def test_a_series_that_is_not_there_is_said_before_its_kernel_is_built(fresh: Workspace) -> None:
    (fresh.place / "linux").mkdir()
    series = {"BENCH_CI_TREE": "linux", "BENCH_CI_SERIES": "live-update+life-update"}
    job = fresh.job(None, **series)
    assert job.code == 2
    assert "BENCH_CI_SERIES: there is no series 'life-update'" in job.text


def test_a_commit_that_nothing_names_is_said_before_measuring(fresh: Workspace) -> None:
    job = fresh.job(REFERENCE, GITHUB_SHA="")
    assert job.code == 2
    assert "nothing says which commit is measured; name it in BENCH_CI_COMMIT" in job.text
    assert "::group::measure" not in job.text
