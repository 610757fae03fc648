# SPDX-License-Identifier: GPL-2.0-only
"""The devices: what each needs is built and packed, and what it adds it removes."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

import bench.model.device
from bench.guest.initramfs import APPLETS, OF_DEVICES, PACKAGES
from bench.kernel.config import load_config
from bench.model.device import (
    DEVICES,
    IOTLB_ENTRIES,
    NO_DEVICE,
    PCI_ADDRESS,
    VFIO_ADDRESS,
    Device,
    device_named,
    of_this_machine,
)
from bench.model.method import Family
from bench.paths import KERNEL_CONFIG

# The option that builds each module. Debian sets those of the second table itself.
OPTIONS = {
    "vdpa_sim": "CONFIG_VDPA_SIM",
    "vdpa_sim_net": "CONFIG_VDPA_SIM_NET",
    "vdpa_sim_blk": "CONFIG_VDPA_SIM_BLOCK",
    "vp_vdpa": "CONFIG_VP_VDPA",
    "vduse": "CONFIG_VDPA_USER",
    "vringh": "CONFIG_VHOST_RING",
}
DEBIAN = {
    "vhost_vdpa": "CONFIG_VHOST_VDPA",
    "vhost": "CONFIG_VHOST",
    "vhost_iotlb": "CONFIG_VHOST_IOTLB",
    "vdpa": "CONFIG_VDPA",
}
# Those that come with the image, as they are.
IMAGE = {"irqbypass", "vfio", "vfio_iommu_type1", "vfio-pci-core", "vfio-pci"}
BUILTINS = {"echo", "for", "["}

REAL = [device for device in DEVICES.values() if device is not NO_DEVICE]

every_device = pytest.mark.parametrize("device", DEVICES.values(), ids=lambda device: device.name)
real_device = pytest.mark.parametrize("device", REAL, ids=lambda device: device.name)
vdpa_device = pytest.mark.parametrize(
    "device",
    [device for device in REAL if device.family is Family.VDPA],
    ids=lambda device: device.name,
)


def names_in_the_source() -> list[str]:
    """The name of each device that the module makes, as often as it does."""
    tree = ast.parse(Path(bench.model.device.__file__).read_text())
    names = []
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Name) and call.func.id in ("_sim", "Device", "replace"):
            given = [keyword.value for keyword in call.keywords if keyword.arg == "name"]
            values = [*(call.args[:1] if call.func.id == "_sim" else ()), *given]
            names += [node.value for node in values if isinstance(node, ast.Constant)]
    return [str(name) for name in names]


def test_no_name_is_given_twice() -> None:
    assert sorted(names_in_the_source()) == sorted(DEVICES)
    assert len({device.stands_for for device in DEVICES.values()}) == len(DEVICES)


@every_device
def test_a_device_is_known_by_its_name(device: Device) -> None:
    assert DEVICES[device.name] is device
    assert re.fullmatch(r"[a-z][a-z0-9-]*", device.name)


@every_device
def test_its_modules_are_built(device: Device) -> None:
    options = load_config().options
    for module in device.modules:
        if module in IMAGE:
            assert module in load_config().image_modules
        elif module in DEBIAN:
            assert options.get(DEBIAN[module], "m") == "m"
        else:
            assert options[OPTIONS[module]] == "m"


def test_modules_of_every_device_are_built_or_of_the_image() -> None:
    config = load_config()
    for module in config.base_modules:
        assert module in {*DEBIAN, *IMAGE} or config.options[OPTIONS[module]] == "m"
    wanted = {*config.base_modules, *(m for d in DEVICES.values() for m in d.modules)}
    assert {*config.image_modules} == IMAGE <= wanted


def test_nothing_is_built_for_no_device() -> None:
    config = load_config()
    built = {name for name, value in config.options.items() if value == "m"}
    modules = {*config.base_modules, *(m for d in DEVICES.values() for m in d.modules)}
    assert built == {OPTIONS[module] for module in modules if module in OPTIONS}


def test_every_option_has_its_line_once() -> None:
    lines = (KERNEL_CONFIG / "modules.config").read_text().splitlines()
    names = [line.partition("=")[0] for line in lines if line.startswith("CONFIG_")]
    assert len(names) == len(set(names)) == len(load_config().options)


@every_device
def test_base_modules_are_not_loaded_again(device: Device) -> None:
    assert not set(device.modules) & {*load_config().base_modules}


@every_device
def test_whatever_keeps_an_iotlb_has_room(device: Device) -> None:
    """One entry for every 4 KiB of the 64 GiB that are promised, scattered."""
    assert IOTLB_ENTRIES >= (64 << 30) // 4096
    for module in {"vhost_vdpa", "vdpa_sim", "vduse"} & set(device.modules):
        assert f"max_iotlb_entries={IOTLB_ENTRIES}" in device.modules[module].split()


def found(pattern: str, commands: tuple[str, ...]) -> list[Any]:
    return [name for command in commands for name in re.findall(pattern, command)]


@vdpa_device
def test_what_is_added_is_removed(device: Device) -> None:
    added = found(r"^vdpa dev add name (\S+) mgmtdev \S+$", device.add)
    assert len(added) == 1
    assert found(r"^vdpa dev del (\S+)$", device.remove) == added


@every_device
def test_programs_that_stay_are_ended(device: Device) -> None:
    started = found(r"^(\S+) .*&$", device.add)
    assert started == found(r"^killall (\S+)$", device.remove)
    assert set(started) <= set(device.programs) <= {*PACKAGES, *OF_DEVICES}


@every_device
def test_a_pci_device_is_unbound_again(device: Device) -> None:
    pattern = r"\|\| echo (\S+) >/sys/bus/pci/devices/(\S+)/driver/unbind$"
    unbound = found(pattern, device.add)
    assert unbound == found(pattern, device.remove)
    address = PCI_ADDRESS if device.family is Family.VDPA else VFIO_ADDRESS
    assert unbound == ([(address, address)] if device.platform_iommu else [])


@vdpa_device
def test_its_management_device_is_that_of_its_module(device: Device) -> None:
    (management,) = found(r"mgmtdev (\S+)$", device.add)
    kind = {f"vdpasim_{kind}": f"vdpa_sim_{kind}" for kind in ("net", "blk")}
    kind |= {"vduse": "vduse", f"pci/{PCI_ADDRESS}": "vp_vdpa"}
    assert kind[management] == [*device.modules][-1]


@every_device
def test_the_guest_has_every_program_of_its_commands(device: Device) -> None:
    known = {*APPLETS, *BUILTINS, *device.programs, "vdpa"}
    assert {command.split()[0] for command in (*device.add, *device.remove)} <= known


@every_device
def test_what_holds_user_addresses_pins_nothing(device: Device) -> None:
    parameters = " ".join(device.modules.values()).split()
    assert not (device.pins and "use_va=1" in parameters)


def test_devices_of_the_simulator_differ_as_they_say() -> None:
    parameters = {name: device.modules.get("vdpa_sim", "") for name, device in DEVICES.items()}
    assert "use_va=0 batch_mapping=1" in parameters["sim-net-pa"]
    assert "use_va=1 batch_mapping=1" in parameters["sim-net-va"]
    assert "use_va=0 batch_mapping=0" in parameters["sim-net-pa-nobatch"]
    assert parameters["sim-blk-pa"] == parameters["sim-net-pa"]


def test_no_device_needs_nothing() -> None:
    assert DEVICES["none"] is NO_DEVICE
    assert not (NO_DEVICE.modules or NO_DEVICE.add or NO_DEVICE.remove or NO_DEVICE.programs)
    assert not (NO_DEVICE.pins or NO_DEVICE.platform_iommu)


@every_device
def test_a_known_name_is_of_the_guest(device: Device) -> None:
    assert not of_this_machine(device.name)
    assert device_named(device.name) is device


@every_device
def test_its_family_says_what_it_is_named_by(device: Device) -> None:
    nodes = {Family.NONE: "", Family.VDPA: "/dev/vhost-vdpa-0"}
    assert device.node == nodes.get(device.family, VFIO_ADDRESS)


@pytest.mark.parametrize(("kind", "family"), [("vfio", Family.TYPE1), ("iommufd", Family.IOMMUFD)])
def test_a_pci_device_of_this_machine_has_an_address(kind: str, family: Family) -> None:
    device = device_named(f"{kind}:0000:03:1f.7")
    assert of_this_machine(device.name)
    assert (device.family, device.node) == (family, "0000:03:1f.7")
    assert device.pins
    assert not (device.modules or device.add or device.remove)


def test_a_path_is_a_device_of_this_machine() -> None:
    device = device_named("/dev/vhost-vdpa-7")
    assert of_this_machine(device.name)
    assert device.name == "/dev/vhost-vdpa-7"
    assert device.pins  # until its driver is known
    assert not (device.modules or device.add or device.remove)


@pytest.mark.parametrize("name", ["floppy", "dev/x", "./x", "", "vfio:3:0.0", "vfio:"])
def test_another_name_is_no_device(name: str) -> None:
    with pytest.raises(KeyError):
        device_named(name)
