# SPDX-License-Identifier: GPL-2.0-only
"""Scenarios of pin loops and of devices of this machine: what goes together, and what it costs."""

from pathlib import Path
from typing import Any

import pytest

from bench.errors import UsageError
from bench.model.device import DEVICES
from bench.model.method import Experiment, Method
from bench.plan.duration import block_seconds, once_seconds, rep_seconds
from bench.plan.matrix import make_plan
from bench.plan.scenario import Scenario, load_scenario
from tests.unit.streams import LIVE_METHODS, PIN_METHODS, device_of, small_block, small_plan

PINS = {"method": "io-uring,mlock", "device": "none", "pages": "4k", "mem": "64M"}

# (fields, the key that is named, words of the reason)
MISFITS: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"threads": "2", "method": "new-owner"}, "threads", ["new-owner", "pin loops"]),
    (
        {"threads": "1,2", "method": "io-uring,exec-only"},
        "threads",
        ["exec-only", "pin loops"],
    ),
    ({**PINS, "handover": "transfer"}, "method", ["io-uring", "no handover"]),
    ({**PINS, "regions": "2"}, "method", ["io-uring", "regions"]),
    ({**PINS, "regions": "qemu"}, "method", ["io-uring", "regions"]),
    ({**PINS, "batch": "off"}, "method", ["io-uring", "batch"]),
    ({**PINS, "break": "wrong-address"}, "method", ["io-uring", "--break"]),
    (
        {"device": "vfio-type1", "method": "vfio-vaddr", "break": "wrong-address"},
        "break",
        ["vfio-vaddr", "keeps what is pinned"],
    ),
    (
        {"device": "iommufd", "method": "iommufd-remap", "break": "wrong-address"},
        "break",
        ["iommufd-remap", "no address"],
    ),
    ({"device": "none", "method": "reset-owner"}, "device", ["reset-owner", "needs a device"]),
    ({"device": "sim-net-pa,none", "method": "reopen"}, "device", ["reopen", "needs a device"]),
    ({**PINS, "mem": "64K", "threads": "1,17"}, "threads", ["16", "4k", "64 KiB"]),
    ({**PINS, "pages": "4k,thp", "threads": "33"}, "threads", ["32", "thp", "64 MiB"]),
]


def load(**overrides: Any) -> Scenario:
    return load_scenario("smoke", overrides)


def write(tmp_path: Path, text: str) -> str:
    path = tmp_path / "own.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(("fields", "key", "words"), MISFITS)
def test_what_does_not_go_together_is_named(
    fields: dict[str, Any], key: str, words: list[str]
) -> None:
    with pytest.raises(UsageError) as caught:
        load(**fields)
    message = caught.value.message
    assert message.startswith(f"--{key}: ")
    assert [word for word in words if word not in message] == []


@pytest.mark.parametrize("method", PIN_METHODS)
def test_a_pin_loop_loads_with_or_without_a_device(method: Method) -> None:
    for device in ("none", "sim-net-pa", "/dev/vhost-vdpa-0"):
        scenario = load(method=method.value, device=device, threads="1,2")
        assert scenario.values("threads") == (1, 2)
        assert {cell.threads for b in make_plan(scenario).blocks for cell in b.cells} == {1, 2}


def test_exec_only_needs_no_device() -> None:
    assert load(method="exec-only", device="none").device == ("none",)


@pytest.mark.parametrize("threads", ["2", "[2]", "'2'", "['2']"])
def test_threads_are_read_from_a_file(threads: str, tmp_path: Path) -> None:
    text = 'device = "none"\nmethod = "mlock"\nmem = "64M"\npages = "4k"\n'
    assert load_scenario(write(tmp_path, f"{text}threads = {threads}\n"), {}).values("threads") == (
        2,
    )


def test_a_count_of_threads_has_one_spelling() -> None:
    assert load(**PINS, threads="02").values("threads") == (2,)


@pytest.mark.parametrize("threads", ["true", "1.5", "[1.5]", "[[1]]", "{}"])
def test_threads_that_are_no_count_are_refused(threads: str, tmp_path: Path) -> None:
    text = 'device = "none"\nmethod = "mlock"\nmem = "64M"\npages = "4k"\n'
    path = write(tmp_path, f"{text}threads = {threads}\n")
    with pytest.raises(UsageError) as caught:
        load_scenario(path, {})
    assert caught.value.message.startswith(f"{path}:5: threads: ")


def test_an_executor_is_a_field_with_a_default(tmp_path: Path) -> None:
    assert load().executor == "auto"
    text = 'device = "none"\nmethod = "mlock"\nmem = "64M"\npages = "4k"\nexecutor = "host"\n'
    assert load_scenario(write(tmp_path, text), {}).executor == "host"


def test_an_unknown_device_says_that_a_path_will_do() -> None:
    with pytest.raises(UsageError) as caught:
        load(device="floppy")
    known = (*DEVICES, "/dev/vhost-vdpa-0")
    assert [name for name in known if name not in caught.value.message] == []


@pytest.mark.parametrize("method", (*LIVE_METHODS, *PIN_METHODS))
def test_a_method_is_of_one_experiment(method: Method) -> None:
    block = small_block(method=method.value, device=device_of(method))
    assert block.experiment is method.experiment
    assert method in (LIVE_METHODS if method.experiment is Experiment.LIVE_UPDATE else PIN_METHODS)


def test_methods_that_need_a_device() -> None:
    needing = {method for method in Method if method.needs_device}
    assert needing == {
        Method.NEW_OWNER,
        Method.RESET_OWNER,
        Method.REOPEN,
        Method.RESUME,
        Method.NEW_OWNER_BACK,
        Method.RESET_OWNER_BACK,
        Method.VFIO_VADDR,
        Method.VFIO_REMAP,
        Method.IOMMUFD_PROCESS,
        Method.IOMMUFD_REMAP,
        Method.IOTLB,
    }


@pytest.mark.parametrize("method", PIN_METHODS)
def test_a_pin_loop_costs_by_its_pages(method: Method) -> None:
    pins = {"method": method.value, "device": "/dev/vhost-vdpa-0"}
    small, more, huge = (
        small_block(**pins, mem=mem, pages=pages)
        for mem, pages in (("1G", "4k"), ("4G", "4k"), ("1G", "thp"))
    )
    seconds = [rep_seconds(block.any_cell) for block in (huge, small, more)]
    assert seconds == sorted(seconds)
    assert len({*seconds}) == 3
    assert seconds[2] == pytest.approx(4 * seconds[1])
    assert block_seconds(small) > rep_seconds(small.any_cell) * len(small.order)


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("device", [*DEVICES, "/dev/vhost-vdpa-0"])
def test_every_cell_has_a_cost(device: str, method: Method) -> None:
    for block in small_plan(device=device, method=method.value).blocks:
        assert rep_seconds(block.any_cell) > 0


def test_a_run_of_several_devices_costs_their_changes() -> None:
    devices = {"device": "sim-net-pa,vfio-type1", "mem": "64G"}
    block = small_block(method="new-owner,vfio-vaddr", **devices)
    alone = sum(rep_seconds(block.cell_of(method)) for method in block.order)
    assert block_seconds(block) > alone + 2 * once_seconds(block.any_cell)
