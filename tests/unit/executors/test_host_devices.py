# SPDX-License-Identifier: GPL-2.0-only
"""A PCI device of this machine: looked at in a tree that is made, never touched."""

from pathlib import Path

import pytest
from msgspec import to_builtins

from bench.errors import CannotJudge, UsageError
from bench.executors.host_devices import find_pci
from bench.model.method import Family

ADDRESS = "0000:03:00.0"
NAME = f"vfio:{ADDRESS}"


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """A network card that vfio-pci has, in group 7."""
    device = tmp_path / "sys/bus/pci/devices" / ADDRESS
    device.mkdir(parents=True)
    (device / "vendor").write_text("0x8086\n")
    (device / "device").write_text("0x10fb\n")
    (device / "driver").symlink_to("../../../bus/pci/drivers/vfio-pci")
    (device / "iommu_group").symlink_to("../../../kernel/iommu_groups/7")
    return device


def relinked(link: Path, target: str) -> None:
    link.unlink()
    if target:
        link.symlink_to(target)


@pytest.mark.parametrize(("kind", "family"), [("vfio", Family.TYPE1), ("iommufd", Family.IOMMUFD)])
def test_what_sysfs_says_of_it(device: Path, tmp_path: Path, kind: str, family: Family) -> None:
    found = find_pci(f"{kind}:{ADDRESS}", tmp_path)
    assert found.family is family
    assert found.target.words() == ["--device", f"{family}={ADDRESS}"]
    assert to_builtins(found.facts()) == {
        "path": ADDRESS,
        "name": "8086:10fb",
        "driver": "vfio-pci",
        "iommu_group": "7",
        "dma_proven": False,
    }


def test_dma_is_proven_where_the_helper_can_drive_it(device: Path, tmp_path: Path) -> None:
    (device / "vendor").write_text("0x1af4\n")
    (device / "device").write_text("0x1044\n")
    assert find_pci(NAME, tmp_path).driven


@pytest.mark.parametrize(
    ("driver", "words"), [("", "driven by nothing"), ("drivers/ixgbe", "driven by ixgbe")]
)
def test_what_vfio_pci_has_not_is_not_taken(
    device: Path, tmp_path: Path, driver: str, words: str
) -> None:
    relinked(device / "driver", driver)
    with pytest.raises(UsageError, match=words) as caught:
        find_pci(NAME, tmp_path)
    assert "driverctl" in caught.value.hint


def test_without_an_iommu_there_is_nothing_to_measure(device: Path, tmp_path: Path) -> None:
    relinked(device / "iommu_group", "")
    with pytest.raises(UsageError, match="behind no IOMMU"):
        find_pci(NAME, tmp_path)


def test_no_such_device(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"there is no PCI device {ADDRESS}"):
        find_pci(NAME, tmp_path)


def test_whoever_has_it_open_is_named(device: Path, tmp_path: Path) -> None:
    """A node that is a device file, and a process that has it open."""
    (tmp_path / "dev/vfio").mkdir(parents=True)
    (tmp_path / "dev/vfio/7").symlink_to("/dev/null")
    files = tmp_path / "proc/42/fd"
    files.mkdir(parents=True)
    (files / "3").symlink_to("/dev/null")
    (tmp_path / "proc/42/comm").write_text("qemu\n")
    with pytest.raises(CannotJudge, match=r"is open in qemu \(pid 42\)"):
        find_pci(NAME, tmp_path)
