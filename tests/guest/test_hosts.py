# SPDX-License-Identifier: GPL-2.0-only
"""Workers that are hosts of their own to the network: each in a namespace, a scheduler between."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.results.writer import load
from tests.guest.test_elsewhere import Dask, bench, require_same

pytestmark = [
    pytest.mark.long,
    pytest.mark.guest,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces are made by root"),
]
WORDS = ("run", "smoke", "--mem", "32M,40M", "--clock", "icount", "--reps", "2")


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _network(number: int) -> str:
    """Return the network between this machine, which is .1 there, and one of the hosts, .2."""
    return f"198.18.{os.getpid() % 100 * 2 + number}"


def _link(name: str, number: int) -> None:
    """Connect a namespace with this machine."""
    ours, theirs = f"{name}o", f"{name}t"
    ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", name)
    ip("addr", "add", f"{_network(number)}.1/24", "dev", ours)
    ip("link", "set", ours, "up")
    ip("-n", name, "addr", "add", f"{_network(number)}.2/24", "dev", theirs)
    for device in (theirs, "lo"):
        ip("-n", name, "link", "set", device, "up")


def _connect(first: str, second: str) -> None:
    """Connect two namespaces: workers of Dask give files to one another."""
    ip("-n", first, "link", "add", "beside", "type", "veth", "peer", "beside", "netns", second)
    for name, other in ((first, 1), (second, 0)):
        ip("-n", name, "link", "set", "beside", "up")
        here = f"{_network(1 - other)}.2"
        ip("-n", name, "route", "add", f"{_network(other)}.2", "dev", "beside", "src", here)


@pytest.fixture
def hosts() -> Iterator[list[str]]:
    """Make two network namespaces that reach this machine and one another."""
    names = [f"bh{os.getpid()}{letter}" for letter in "ab"]
    with ExitStack() as stack:
        for number, name in enumerate(names):
            try:
                ip("netns", "add", name)
            except (subprocess.CalledProcessError, FileNotFoundError):
                pytest.skip("network namespaces cannot be made here")
            stack.callback(ip, "netns", "del", name)  # and its links with it
            _link(name, number)
        _connect(*names)
        yield names


def test_two_hosts_measure_what_this_one_does(hosts: list[str], tmp_path: Path) -> None:
    assert bench(*WORDS, "--out", str(tmp_path / "here")).returncode == 0
    with ExitStack() as stack:
        dask = Dask(tmp_path, stack, host="0.0.0.0")
        for number, name in enumerate(hosts):
            dask.add_worker(prefix=("ip", "netns", "exec", name), at=f"{_network(number)}.1")
        done = bench(*WORDS, "--on", dask.name, "--out", str(tmp_path / "run"))
        assert done.returncode == 0, done.stderr
    run = load(tmp_path / "run")
    require_same(run, load(tmp_path / "here"))
    measured = sorted(n for worker in run.facts.executor.workers for n in worker.blocks)
    assert measured == [0, 1]
