# SPDX-License-Identifier: GPL-2.0-only
"""A Slurm of one node on the loopback interface, which ends with whoever has started it."""

import os
import secrets
import shutil
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

from tests.guest.test_elsewhere import free_port, started, wait_until

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")
SBIN = os.pathsep.join((os.environ["PATH"], "/usr/local/sbin", "/usr/sbin", "/sbin"))


def missing() -> list[str]:
    """Name the programs of Slurm that are not there."""
    return [name for name in PROGRAMS if not shutil.which(name, path=SBIN)]


class Slurm:
    """Its node is this machine; sbatch and squeue find it by ``env``."""

    def __init__(self, place: Path, stack: ExitStack) -> None:
        self.place = place
        self._configure()
        self.env = {"SLURM_CONF": str(place / "slurm.conf"), "PATH": SBIN}
        munge = ["--force", f"--socket={place}/munge", f"--key-file={place}/key"]
        munge += [f"--{each}-file={place}/munged.{each}" for each in ("pid", "log", "seed")]
        # Each of them in the foreground: what this process has started it can end.
        for words in (
            ["munged", "--foreground", *munge],
            ["slurmctld", "-D", "-c"],
            ["slurmd", "-D", "-c", "-N", "here"],
        ):
            stack.enter_context(started(words, place / "log", **self.env))
        stack.callback(self._end_jobs)
        wait_until(lambda: "idle" in self.ask("sinfo", "--noheader", "--format=%T"))

    def _configure(self) -> None:
        place = self.place
        (place / "key").write_bytes(secrets.token_bytes(128))
        (place / "key").chmod(0o400)
        for name in ("state", "spool"):
            (place / name).mkdir()
        host = socket.gethostname().partition(".")[0]
        (place / "slurm.conf").write_text(
            f"""
            ClusterName=bench
            SlurmctldHost={host}(127.0.0.1)
            SlurmctldPort={free_port()}
            SlurmdPort={free_port()}
            SlurmUser=root
            AuthType=auth/munge
            AuthInfo=socket={place}/munge
            CredType=cred/munge
            StateSaveLocation={place}/state
            SlurmdSpoolDir={place}/spool
            SlurmctldPidFile={place}/slurmctld.pid
            SlurmdPidFile={place}/slurmd.pid
            ProctrackType=proctrack/linuxproc
            TaskPlugin=task/none
            SwitchType=switch/none
            MpiDefault=none
            ReturnToService=2
            KillWait=2
            MinJobAge=2
            SelectType=select/cons_tres
            SchedulerParameters=sched_interval=1,batch_sched_delay=1
            SlurmdParameters=config_overrides
            NodeName=here NodeHostname={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=8192
            PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
            """
        )

    def ask(self, *words: str) -> str:
        """Return what a program of Slurm says."""
        done = subprocess.run(
            words, env={**os.environ, **self.env}, capture_output=True, text=True, cwd=self.place
        )
        return done.stdout

    def jobs(self) -> str:
        """Return the jobs that wait or run, a line each."""
        return self.ask("squeue", "--noheader")

    def _end_jobs(self) -> None:
        self.ask("scancel", "--user=root", "--signal=KILL", "--full")
        self.ask("scancel", "--user=root")
