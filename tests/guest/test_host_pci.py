# SPDX-License-Identifier: GPL-2.0-only
"""vfio's live update on the host executor: all of bench, in a guest that has an IOMMU."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.executors.guest_setup import GuestSetup
from bench.guest.boot import Guest
from bench.model.device import DEVICES, VFIO_ADDRESS
from bench.model.method import Method
from bench.model.units import MIB
from bench.results.writer import load
from tests.guest.test_host import SCRATCH, bench, with_our_files, written

NAME = f"vfio:{VFIO_ADDRESS}"


@pytest.fixture(scope="module")
def guest(setup: GuestSetup, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    """vfio is there; the device is still that of another driver."""
    behind = replace(setup, platform_iommu=True)
    with with_our_files(behind, tmp_path_factory.mktemp("pci")) as guest:
        for module in DEVICES["vfio-type1"].modules:
            guest.run(f"insmod /modules/{module}.ko")
        yield guest


def bound(guest: Guest) -> None:
    for command in DEVICES["vfio-type1"].add:
        guest.run(command)


def test_what_another_driver_has_stays_there(guest: Guest) -> None:
    code, said = bench(guest, f"run smoke --device {NAME} --method vfio-vaddr --out {SCRATCH}/no")
    assert code == 2
    assert f"{VFIO_ADDRESS} is driven by virtio-pci, not by vfio-pci" in said
    driver = f"/sys/bus/pci/devices/{VFIO_ADDRESS}/driver"
    guest.run(f'case "$(busybox readlink {driver})" in */virtio-pci) ;; *) false ;; esac')


def test_live_update_of_what_its_user_bound(guest: Guest, tmp_path: Path) -> None:
    bound(guest)
    words = f"run smoke --device {NAME} --method vfio-vaddr,vfio-remap --out {SCRATCH}/run"
    code, said = bench(guest, words)
    assert code == 0, said
    assert f"{VFIO_ADDRESS} is 1af4:1044, driven by vfio-pci" in said
    for name in ("run.json", "samples.jsonl"):
        (tmp_path / name).write_text(written(guest, f"run/{name}") + "\n")
    run = load(tmp_path)
    ok = [sample for sample in run.samples if sample.ok]
    assert {sample.cell.method for sample in ok} == {Method.VFIO_VADDR, Method.VFIO_REMAP}
    assert {sample.pinned for sample in ok} == {64 * MIB}
    assert (run.facts.executor.devices or ())[0].dma_proven is True


@pytest.mark.long
def test_a_kernel_without_iommufd_says_what_it_takes(guest: Guest) -> None:
    bound(guest)
    words = f"run smoke --device iommufd:{VFIO_ADDRESS} --method iommufd-process"
    code, said = bench(guest, f"{words} --out {SCRATCH}/iommufd")
    assert code == 125
    assert "IOMMU_IOAS_CHANGE_PROCESS (6.14)" in said


def test_a_group_that_is_open_is_left_alone(guest: Guest) -> None:
    bound(guest)
    # Not a sleep: an idle guest that counts instructions skips to its end.
    guest.run("busybox mkfifo /tmp/never")
    guest.run(
        f"g=$(busybox readlink /sys/bus/pci/devices/{VFIO_ADDRESS}/iommu_group);"
        " cat /tmp/never 3<>/dev/vfio/${g##*/} & echo $! >/tmp/holder"
    )
    code, said = bench(guest, f"run smoke --device {NAME} --method vfio-vaddr --out {SCRATCH}/open")
    guest.run("kill $(cat /tmp/holder)")
    assert code == 125
    assert f"--device: {NAME} is open in cat (pid " in said
