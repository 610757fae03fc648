# SPDX-License-Identifier: GPL-2.0-only
"""What --on names: an engine, or one line that says why it is none."""

from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from bench.engines import open as engines
from bench.errors import BenchError, MissingTool, UsageError


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "--on: '' is unknown: known are local, dask, dask-slurm"),
        ("locall:2", "'locall' is unknown: did you mean local?"),
        ("local", "local:: how many processes?"),
        ("local:0", "local:0: how many processes?"),
        ("local:two", "local:two: how many processes?"),
        ("dask-slurm:/nowhere", "dask-slurm:/nowhere: No such file or directory"),
    ],
)
def test_what_is_no_engine_is_said(text: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        engines.open_engine(text)
    assert said in error.value.message


@pytest.mark.parametrize("text", ["cores: [", "- 1", "7"])
def test_a_file_that_is_no_table_is_said(text: str, tmp_path: Path) -> None:
    path = tmp_path / "slurm.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match="dask-slurm:"):
        engines.open_engine(f"dask-slurm:{path}")


def test_slurm_that_is_not_there_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    path = tmp_path / "slurm.yaml"
    path.write_text("cores: 1\nmemory: 2GB\n")
    with pytest.raises(MissingTool, match="sbatch is not installed"):
        engines.open_engine(f"dask-slurm:{path}")


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entry points of others."""
    here = f"{__name__}:"
    points = [
        EntryPoint("threads", f"{here}threads", engines.GROUP),
        EntryPoint("nothing", f"{here}nothing", engines.GROUP),
        EntryPoint("leaves", f"{here}leaves", engines.GROUP),
    ]
    monkeypatch.setattr(engines, "entry_points", lambda group: points)


def threads(text: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(int(text))


def nothing(text: str) -> str:
    return text


def leaves(text: str) -> ThreadPoolExecutor:
    raise SystemExit(text)


@pytest.mark.usefixtures("own")
def test_an_executor_of_others_that_ends_the_program_is_said() -> None:
    with pytest.raises(UsageError, match="--on: leaves: SystemExit: no licence"):
        engines.open_engine("leaves:no licence")


@pytest.mark.usefixtures("own")
def test_an_executor_of_others_is_an_engine(tmp_path: Path) -> None:
    engine = engines.open_engine("threads:3")
    assert (engine.name, engine.workers(), engine.gone()) == ("threads:3", None, False)
    assert engine.share(tmp_path) == str(tmp_path)
    assert '"worker"' in engine.submit('{"qemu": "none", "memory": 1}', ()).result()
    engine.close()


@pytest.mark.usefixtures("own")
def test_an_executor_of_others_that_cannot_be_made_is_said() -> None:
    with pytest.raises(UsageError, match="--on: threads: ValueError: invalid literal for int"):
        engines.open_engine("threads:three")


@pytest.mark.usefixtures("own")
def test_what_gives_no_executor_is_said() -> None:
    with pytest.raises(BenchError, match="gives no Executor"):
        engines.open_engine("nothing:x")
