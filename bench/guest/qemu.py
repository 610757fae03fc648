# SPDX-License-Identifier: GPL-2.0-only
"""QEMU's command line: a pure function of what the guest is to be."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bench.model.cell import Clock
from bench.model.device import PCI_SLOT, VFIO_SLOT
from bench.model.units import MIB


class Accelerator(StrEnum):
    KVM = "kvm"
    TCG = "tcg"

    @property
    def clock(self) -> Clock:
        """TCG without counting would give wall time that means nothing, so it counts."""
        return Clock.WALL if self is Accelerator.KVM else Clock.ICOUNT


@dataclass(frozen=True)
class GuestConfig:
    kernel: Path
    initramfs: Path
    memory: int  # bytes
    accelerator: Accelerator
    console: Path
    platform_iommu: bool = False  # an IOMMU, and devices behind it
    gigantic_pages: int = 0  # of 1 GiB, set aside at boot
    share: Path | None = None  # a directory that the guest may mount (9p, tag "share"), read-only
    commands_fd: int = -1  # connected sockets that QEMU inherits, set by boot()
    results_fd: int = -1
    loop_fd: int = -1  # a datagram socket that is connected to itself


# One reason each; see also Documentation/admin-guide/kernel-parameters.txt.
CMDLINE = (
    "console=ttyS0",
    "quiet",  # but warnings: init raises the level
    "nokaslr",  # same addresses, same branches: counts repeat from boot to boot
    "norandmaps",  # the same for processes
    "panic=-1",  # a panic ends QEMU (-no-reboot) at once
    "oops=panic",
    "sysctl.vm.panic_on_oom=1",  # a killed helper could not say why
    "cryptomgr.notests",  # self tests run for seconds beside the first cells
    "tsc=reliable",  # no watchdog that could fall back to a coarser clock
)


def cmdline(config: "GuestConfig") -> str:
    """The kernel's command line. Pages of 1 GiB are to be had only while it boots."""
    words = [*CMDLINE]
    if config.platform_iommu:
        words.append("intel_iommu=on")
    if config.gigantic_pages:
        words.append(f"hugepagesz=1G hugepages={config.gigantic_pages} hugepagesz=2M hugepages=0")
    return " ".join(words)


CPU = {
    Accelerator.KVM: "host",
    # la57: four levels of page tables, as on the machines in question. erms: without it
    # the kernel clears pages by words, not by bytes, an eighth of the emulated steps.
    Accelerator.TCG: "max,la57=off,erms=off",
}

_ACCELERATOR = {
    Accelerator.KVM: ("-accel", "kvm"),
    # One tick an instruction; an idle guest skips to its next timer and costs no time.
    Accelerator.TCG: ("-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off"),
}


def argv(qemu: str, config: GuestConfig) -> list[str]:
    """The command line; what QEMU would add by itself is off."""
    return [
        qemu,
        "-nodefaults",
        "-no-user-config",
        "-display", "none",
        "-no-reboot",
        "-machine", "q35,kernel-irqchip=split" if config.platform_iommu else "q35",
        "-cpu", CPU[config.accelerator],
        "-smp", "1",
        "-m", f"{-(-config.memory // MIB)}M",
        *_ACCELERATOR[config.accelerator],
        "-kernel", str(config.kernel),
        "-initrd", str(config.initramfs),
        "-append", cmdline(config),
        "-chardev", f"file,id=console,path={_escaped(config.console)},append=on",
        "-serial", "chardev:console",
        "-device", "virtio-serial-pci",
        *_port("commands", config.commands_fd),
        *_port("results", config.results_fd),
        *(_platform_iommu(config.loop_fd) if config.platform_iommu else ()),
        *(_share(config.share) if config.share else ()),
    ]  # fmt: skip


def _platform_iommu(loop_fd: int) -> tuple[str, ...]:
    """Virtio devices whose DMA goes through the IOMMU: a network that comes back to itself,
    and a source of entropy.

    intremap: vfio gives no device away whose interrupts could be anybody's. snoop-control:
    vhost-vdpa wants IOMMU_CAP_CACHE_COHERENCY. disable-legacy and iommu_platform: addresses
    are IO virtual ones. No driver for either device is in the guest, so that nothing but
    vp_vdpa and the helper ever drives them.
    """
    return (
        "-device", "intel-iommu,intremap=on,snoop-control=on,device-iotlb=on",
        "-netdev", f"dgram,id=loop,local.type=fd,local.str={loop_fd}",
        "-device", "virtio-net-pci,netdev=loop,disable-legacy=on,iommu_platform=on,ats=on,"
        f"addr=0x{PCI_SLOT},romfile=",
        "-object", "rng-builtin,id=entropy",
        "-device", "virtio-rng-pci,rng=entropy,disable-legacy=on,iommu_platform=on,ats=on,"
        f"addr=0x{VFIO_SLOT}",
    )  # fmt: skip


def _port(name: str, fd: int) -> tuple[str, ...]:
    return (
        "-chardev", f"socket,id={name},fd={fd}",
        "-device", f"virtserialport,chardev={name},name=bench.{name}",
    )  # fmt: skip


def _share(path: Path) -> tuple[str, ...]:
    return (
        "-fsdev", "local,security_model=none,readonly=on,multidevs=remap,"
        f"id=share,path={_escaped(path)}",
        "-device", "virtio-9p-pci,fsdev=share,mount_tag=share",
    )  # fmt: skip


def _escaped(path: Path) -> str:
    """A comma ends a QEMU option; two of them are one."""
    return str(path).replace(",", ",,")
