# SPDX-License-Identifier: GPL-2.0-only
"""Ask Slurm for workers of Dask, as a file says."""

import inspect
from pathlib import Path
from typing import Annotated, Any

import dask.config
import msgspec
from dask_jobqueue.core import Job, JobQueueCluster
from dask_jobqueue.slurm import SLURMCluster, SLURMJob
from distributed import Client
from distributed.core import Status

from bench.engines.dask import PATIENCE, DaskEngine, be_quiet
from bench.engines.dask_workers import AS_DATA
from bench.errors import BenchError, UsageError
from bench.model.near import near
from bench.model.typed import complaint
from bench.process import find_tool

_HINT = "docs/spread.md says what is in the file"
# What the classes take besides: objects, what bench sets itself, and names of long ago.
_NO_KEYS = {"self", "scheduler", "n_workers", "job_cls", "loop", "asynchronous", "silence_logs"}
_NO_KEYS |= {"scheduler_cls", "dashboard_address", "host"}
_NO_KEYS |= {"project", "extra", "job_extra", "env_extra", "header_skip"}

Count = Annotated[int, msgspec.Meta(ge=1)]


class _Keys(msgspec.Struct):
    """Types of keys with which YAML misleads: 01:00:00 without quotes is a number to it."""

    jobs: Count = 1
    cores: Count | None = None
    processes: Count | None = None
    memory: str | None = None
    walltime: str | None = None
    queue: str | None = None
    account: str | None = None
    interface: str | None = None
    python: str | None = None
    log_directory: str | None = None
    job_extra_directives: list[str] | None = None
    job_script_prologue: list[str] | None = None
    worker_extra_args: list[str] | None = None
    scheduler_options: dict[str, Any] | None = None


def dask_slurm(argument: str) -> DaskEngine:
    """Ask Slurm for workers as a file says; UsageError where it is wrong, or Slurm refuses.

    The file is YAML: ``jobs``, how many, and what dask_jobqueue.SLURMCluster takes. A job that
    ends before the run does, at its time limit say, is asked for again.
    """
    table = _read(Path(argument))
    find_tool("sbatch", "slurm-client")  # else workers would be waited for in vain
    be_quiet()
    jobs = table.pop("jobs", 1)
    # Its HTTP server at a port that is free: the usual one may be another run's.
    options = {"dashboard_address": ":0", **table.pop("scheduler_options", {})}
    try:
        cluster = SLURMCluster(**table, scheduler_options=options)
    except (ImportError, TypeError, ValueError, OSError, RuntimeError) as error:
        raise _refused(argument, str(error).partition("\n")[0]) from None
    try:
        cluster.sync(_ask, cluster, jobs)
        cluster.adapt(minimum_jobs=jobs, maximum_jobs=jobs, interval="5s")
        client = Client(cluster, timeout=PATIENCE, set_as_default=False, **AS_DATA)
    except BaseException as error:
        cluster.close(timeout=PATIENCE)
        if not isinstance(error, ValueError | OSError | RuntimeError):
            raise
        *_, why = ["", *str(error).strip().splitlines()]  # of a command that failed, it is its own
        raise _refused(argument, why or type(error).__name__) from None
    return DaskEngine(f"dask-slurm:{argument}", client, cluster)


async def _ask(cluster: SLURMCluster, jobs: int) -> None:
    """Submit all jobs; RuntimeError with what sbatch says where it refuses one.

    Whether Dask tells of that is a matter of chance: a job that is not submitted is so once more.
    """
    cluster.scale(jobs=jobs)
    try:
        await cluster
        for job in cluster.workers.values():
            await job
    finally:
        for job in cluster.workers.values():
            if job.status is Status.created:
                job.status = Status.failed  # without which the cluster cannot be closed


def _read(path: Path) -> dict[str, Any]:
    """Return what is in the file; UsageError for what a cluster would not take."""
    try:
        table = msgspec.yaml.decode(path.read_bytes(), type=dict[str, Any])
        msgspec.convert(table, _Keys)
    except OSError as error:
        raise _refused(path, error.strerror or "it cannot be read") from None
    except msgspec.ValidationError as error:
        raise _refused(path, complaint(error)) from None
    except ValueError as error:
        raise _refused(path, " ".join(str(error).split())) from None
    takers = (SLURMJob, Job, SLURMCluster, JobQueueCluster)
    known = {"jobs"}.union(*(inspect.signature(each.__init__).parameters for each in takers))
    known = {name for name in known - _NO_KEYS if not name.endswith("kwargs")}
    for key in table:
        if key not in known:
            raise _refused(path, f"'{key}' is unknown: {near(key, sorted(known))}")
    for key in ("cores", "memory"):
        if table.get(key) is None and dask.config.get(f"jobqueue.slurm.{key}", None) is None:
            raise _refused(path, f"it has no {key}")
    return table


def _refused(path: Path | str, why: str) -> BenchError:
    return UsageError(f"--on: dask-slurm:{path}: {why}", _HINT)
