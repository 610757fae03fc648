# SPDX-License-Identifier: GPL-2.0-only
"""A process that is a Dask scheduler, and one that is many workers of it.

python -m tests.scale.nodes scheduler PORT
python -m tests.scale.nodes workers ADDRESS FIRST COUNT

Each worker is a whole one: its own server, connections, heartbeats, and a thread for tasks.
"""

import asyncio
import os
import sys
import time
from typing import Any

import dask
import psutil
from distributed import Scheduler, Worker

from tests.scale.wire import COUNTED, count_bytes

WITHOUT = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.interval": "60s",
    "distributed.admin.tick.interval": "5s",
}


def usage() -> dict[str, float]:
    """CPU seconds, bytes of memory now and at most, and bytes on the wire of this process."""
    process = psutil.Process()
    times = process.cpu_times()
    info = process.memory_info()
    return {"cpu": times.user + times.system, "rss": info.rss, "at": time.time(), **COUNTED}


async def scheduler(port: int) -> None:
    count_bytes()
    async with Scheduler(port=port, host="127.0.0.1", dashboard=False) as running:
        print(running.address, flush=True)
        await running.finished()


async def workers(address: str, first: int, count: int) -> None:
    # What they do for themselves, twice a second each, is a host's of its own elsewhere.
    dask.config.set(WITHOUT)
    many: list[Any] = []
    for number in range(first, first + count):
        worker = Worker(
            address,
            nthreads=1,
            name=f"worker-{number}",
            memory_limit=0,
            dashboard=False,
            local_directory=os.environ["SCALE_SCRATCH"],
        )
        many.append(worker)
        await worker
    print(f"{count} workers", flush=True)
    await asyncio.gather(*(worker.finished() for worker in many))


def main() -> None:
    kind, *rest = sys.argv[1:]
    if kind == "scheduler":
        asyncio.run(scheduler(int(rest[0])))
    else:
        asyncio.run(workers(rest[0], int(rest[1]), int(rest[2])))


if __name__ == "__main__":
    main()
