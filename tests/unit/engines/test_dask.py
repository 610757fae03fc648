# SPDX-License-Identifier: GPL-2.0-only
"""What is asked of a Dask scheduler for a block: counted, since times are of a machine."""

import pickle
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster

from bench.engines.dask import DaskEngine, dask
from bench.engines.dask_workers import Sent
from bench.errors import UsageError
from bench.measure.loop import run
from bench.results.writer import create
from bench.worker.block import describe_worker, measure_block
from tests.scale.answers import RECORDED, Replay
from tests.scale.command import executor_of
from tests.scale.wire import COUNTED, count_bytes
from tests.unit.streams import Notes, Silent, make_scenario, small_plan

BLOCKS = 100
WITHOUT_BENCH = """
import pickle, sys
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("bench", "msgspec", "numpy"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Nothing())
print(pickle.loads(sys.stdin.buffer.read())(*sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("function", "words"),
    [(measure_block, ['{"qemu": "none", "memory": 1}']), (describe_worker, ["none", "1"])],
)
def test_what_is_sent_runs_without_bench(function: Any, words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", WITHOUT_BENCH, *words],
        input=pickle.dumps(Sent(function)),
        capture_output=True,
        check=False,
    )
    assert b'"refused"' in done.stdout, done.stderr


@contextmanager
def cluster(workers: int) -> Iterator[Client]:
    """A scheduler and workers that talk through sockets, all in this process."""
    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=False,
            protocol="tcp",
            dashboard_address=":0",
        ) as started,
        Client(started, set_as_default=False) as client,
    ):
        yield client


class Counted(DaskEngine):
    """Counts what it is asked for."""

    def __init__(self, client: Client) -> None:
        super().__init__("dask:here", client)
        self.asked: Counter[str] = Counter()

    def workers(self) -> int:
        self.asked["workers"] += 1
        return super().workers()

    def submit(self, job: str, files: Any) -> Any:
        self.asked["submit"] += 1
        return super().submit(job, files)

    def check(self, qemu: str, memory: int) -> tuple[str, ...]:
        return ()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_block_costs_the_scheduler_one_task_and_its_bytes_on_the_wire(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.engines.dask.measure_block", Replay(measure_block))
    monkeypatch.setattr("bench.executors.remote.qemu_version", lambda: "none")
    fields = {"mem": ",".join(f"{64 + 2 * n}M" for n in range(BLOCKS)), "reps": "5"}
    plan, store = small_plan(**fields), create(tmp_path / "run", "small")
    with cluster(2) as client:
        engine = Counted(client)
        executor = executor_of(
            tmp_path,
            1000,
            make_scenario(**fields),
            plan,
            None,
            store.console,
            Notes(),
            engine=engine,
        )
        count_bytes()
        COUNTED.clear()
        run(plan, executor, store, Silent())
        engine.close()
    assert engine.asked["submit"] == BLOCKS
    assert engine.asked["workers"] < BLOCKS / 2
    # Of all sockets of this process: job and answer pass each of two hops once.
    assert COUNTED["sent"] < 4 * BLOCKS * RECORDED.stat().st_size


def test_without_an_address_no_workers_are_started_here() -> None:
    with pytest.raises(UsageError, match="which scheduler"):
        dask("")


class Hostile:
    """Makes a file where it is unpickled."""

    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self) -> Any:
        return Path.touch, (self.made,)


def test_what_a_worker_returns_is_not_unpickled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "made"
    futures = []
    with cluster(1) as client:
        for answer in (lambda _: "{}", lambda _: Hostile(made)):
            monkeypatch.setattr("bench.engines.dask.measure_block", answer)
            engine = dask(str(client.scheduler_info()["address"]))
            futures.append(engine.submit("{}", []))
            futures[-1].exception(timeout=60)
            engine.close()
    assert futures[0].result() == "{}"
    assert isinstance(futures[1].exception(), TypeError)
    assert not made.exists()
    pickle.loads(pickle.dumps(Hostile(made)))
    assert made.exists()
