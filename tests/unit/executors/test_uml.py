# SPDX-License-Identifier: GPL-2.0-only
"""User-mode Linux: what it refuses, each in a line, before anything is fetched or built."""

import platform
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from bench.errors import BenchError, CannotJudge, MissingTool, UsageError
from bench.executors import uml
from bench.executors.choose import check
from bench.guest.uml import UmlConfig, cmdline
from bench.kernel.config import Architecture, architecture_of, source_bases, tree_name
from bench.kernel.fragments import read_fragment
from bench.kernel.name import FRAGMENTS, read_name
from bench.model.cell import Backing, Clock
from bench.model.units import GIB, MIB
from bench.plan.matrix import make_plan
from tests.unit.streams import make_scenario, small_plan

NATIVE = {"executor": "uml", "method": "iotlb", "pages": "4k"}
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has all that is needed."""
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(uml, "find_tool", lambda name, package: name)
    monkeypatch.setattr("bench.executors.guest_setup.available_memory", lambda: 1 << 50)
    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage(0, 0, 1 << 50))


def ask(clock: Clock | None = None, **fields: Any) -> None:
    scenario = make_scenario(**{**NATIVE, **fields})
    check(scenario, make_plan(scenario), clock)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"kernel": "7.3-uml:stock"},
        {"device": "sim-blk-pa"},
        {"ptes": "warm"},
    ],
)
def test_what_it_measures(fields: dict[str, Any]) -> None:
    ask(**fields)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"pages": "thp"}, "--pages: user-mode Linux has no thp pages, only 4k"),
        ({"pages": "4k,hugetlb-2m"}, "--pages: user-mode Linux has no hugetlb-2m pages"),
        ({"pages": "4k-fragmented"}, "--pages: user-mode Linux has no 4k-fragmented pages"),
        (
            {"method": "reset-owner"},
            "--method: user-mode Linux is for iotlb alone, not reset-owner: ",
        ),
        ({"method": "new-owner"}, "--method: user-mode Linux is for iotlb alone, not new-owner: "),
        ({"method": "populate"}, "--method: user-mode Linux is for iotlb alone, not populate: "),
        ({"method": "io-uring"}, "--method: user-mode Linux is for iotlb alone, not io-uring: "),
        (
            {"method": "iotlb", "device": "none"},
            "--device: user-mode Linux has simulators alone, not none",
        ),
        ({"device": "vp-vdpa"}, "--device: user-mode Linux has simulators alone, not vp-vdpa"),
        ({"device": "vduse-blk"}, "--device: user-mode Linux has simulators alone, not vduse-blk"),
        (
            {"device": "/dev/vhost-vdpa-0"},
            "--device: user-mode Linux has simulators alone, not /dev/vhost-vdpa-0",
        ),
        ({"threads": "2"}, "--threads: user-mode Linux has one CPU"),
        ({"kernel": "6.12"}, "--kernel: live-update is no user-mode Linux"),
        ({"kernel": "7.3:stock"}, "--kernel: 7.3+stock is no user-mode Linux"),
        ({"config": "debug"}, "--config: user-mode Linux has one configuration"),
    ],
)
def test_what_it_refuses(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        ask(**fields)
    assert caught.value.message.startswith(said)
    assert caught.value.hint and "\n" not in caught.value.message


def test_it_does_not_count() -> None:
    with pytest.raises(UsageError, match="--clock: icount counts in a guest"):
        ask(Clock.ICOUNT)


def test_a_guest_cannot_boot_it() -> None:
    with pytest.raises(UsageError, match=r"--kernel: 7\.3-uml is a process") as caught:
        ask(executor="guest", kernel="7.3-uml", method="reset-owner")
    assert caught.value.hint == "use --executor uml"


def refused(**fields: Any) -> BenchError:
    with pytest.raises(CannotJudge) as caught:
        ask(**fields)
    assert caught.value.exit_code == 125 and "\n" not in caught.value.message
    return caught.value


def test_another_architecture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert "user-mode Linux is for x86_64, this machine is aarch64" in refused().message


def test_memory_that_has_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage(0, 0, 64 * MIB))
    error = refused(mem="4G")
    assert "/dev/shm has room for 0.1 GiB, not for the 5.0 GiB" in error.message
    assert "remount,size=6G /dev/shm" in error.hint


def test_more_memory_than_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.executors.guest_setup.available_memory", lambda: 2 * GIB)
    assert "2.0 GiB are free" in refused(mem="4G").message


def test_a_program_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(name: str, package: str) -> str:
        raise MissingTool(f"{name} is not installed", f"install the package {package}")

    monkeypatch.setattr(uml, "find_tool", find)
    assert refused().message == "busybox is not installed"


def test_memory_is_real_unless_asked_for() -> None:
    (cell,) = small_plan(**NATIVE, mem="64G").blocks[0].cells
    assert (cell.backing, cell.file) == (Backing.REAL, 64 * GIB)
    (cell,) = small_plan(**NATIVE, mem="64G", backing="alias").blocks[0].cells
    assert cell.backing is Backing.ALIAS


def test_drivers_are_told_what_the_device_is() -> None:
    words = uml.parameters_of(small_plan(**NATIVE).blocks[0])
    assert {"vdpa_sim.use_va=0", "vdpa_sim.batch_mapping=1"} <= {*words}
    config = UmlConfig(Path("linux"), Path("i"), GIB, Path("c"), words)
    assert "mem=1024M" in cmdline(config) and cmdline(config).endswith(words[-1])


def test_its_source_is_that_of_another_base() -> None:
    (name,) = uml.bases()
    assert architecture_of(name) is Architecture.UML
    assert tree_name(name) == "7.3" == read_name(name).tree.name
    own, other = source_bases()[name], source_bases()["7.3"]
    assert (own.source, own.suites) == (other.source, other.suites)


def test_what_two_fragments_have_is_the_same_in_both() -> None:
    """But what the architecture has not, and what says that one CPU is started."""
    found = {option.name: option.value for option in read_fragment(FRAGMENTS / "uml.config")}
    apart = {
        option.name
        for name in ("base", "vdpa")
        for option in read_fragment(FRAGMENTS / f"{name}.config")
        if found.get(option.name, option.value) != option.value
    }
    assert apart == {
        "CONFIG_SMP",
        "CONFIG_VDPA_SIM",
        "CONFIG_VDPA_SIM_NET",
        "CONFIG_VDPA_SIM_BLOCK",
    }
