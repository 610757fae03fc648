# SPDX-License-Identifier: GPL-2.0-only
"""What a file of --on dask-slurm:FILE has to be, and what is said where Slurm does not want it."""

import gc
import os
import sys
from pathlib import Path

import pytest

from bench.engines.open import open_engine
from bench.errors import UsageError
from tests.unit.kernel.programs import program

GOOD = "jobs: 2\ncores: 1\nmemory: 1GiB\ninterface: lo\n"


def refusal(path: Path, text: str) -> str:
    """The line with which a file is refused."""
    path.write_text(text)
    message = ""
    try:
        open_engine(f"dask-slurm:{path}")
    except UsageError as error:
        message = error.message
    gc.collect()  # of a cluster that was not even begun: here, and not beside another test
    assert message.startswith(f"--on: dask-slurm:{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"--on: dask-slurm:{path}: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + "corez: 1", "'corez' is unknown: did you mean cores?"),
        (GOOD + "job_extra: [-x]", "'job_extra' is unknown: did you mean job_extra_directives?"),
        (GOOD + "scheduler: x", "'scheduler' is unknown: "),
        (GOOD + "walltime: 1:00:00", "walltime: expected str, got int"),
        (GOOD + "queue: 7", "queue: expected str, got int"),
        (GOOD.replace("2", "0"), "jobs: expected int >= 1"),
        (GOOD.replace("2", "two"), "jobs: expected int, got str"),
        (GOOD.replace("memory", "# memory"), "it has no memory"),
        (GOOD.replace("cores", "# cores"), "it has no cores"),
        (GOOD + "7: 1", "Expected str, got int as a key"),
        ("cores: [1", "while parsing a flow sequence"),
    ],
)
def test_a_file_is_read_before_slurm_is_looked_for(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    assert said in refusal(tmp_path / "slurm.yaml", text)


@pytest.fixture
def sbatch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that never takes a job."""
    program(tmp_path, "sbatch", "echo sbatch: error: no >&2; echo sbatch: error: Never >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)


@pytest.mark.usefixtures("sbatch")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD, "sbatch: error: Never"),
        (GOOD.replace("1GiB", "3 apples"), "Could not interpret 'apples' as a byte unit"),
        (GOOD.replace("lo\n", "none9\n"), "'none9' is not a valid network interface"),
        (GOOD + "security: true", "`cryptography` is required"),
    ],
)
@pytest.mark.filterwarnings("ignore:unclosed cluster")
def test_what_dask_or_slurm_do_not_take_is_one_line(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)  # as if it were not installed
    assert said in refusal(tmp_path / "slurm.yaml", text)
