# SPDX-License-Identifier: GPL-2.0-only
"""Write QEMU's command line. Pure: what the guest is to be in, words out."""

import shlex
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bench.model.cell import Clock
from bench.model.device import PCI_SLOT, VFIO_SLOT
from bench.model.facts import PLAIN_TCG
from bench.model.units import MIB


class Accelerator(StrEnum):
    """What runs the guest's instructions."""

    KVM = "kvm"
    TCG = "tcg"
    # Without counting, by the wall clock: tests take KVM's way with it where there is no KVM.
    # What it measures is marked as no result everywhere.
    PLAIN_TCG = PLAIN_TCG

    @property
    def clock(self) -> Clock:
        """Return the clock: TCG counts instructions, since its wall time means nothing."""
        return Clock.ICOUNT if self is Accelerator.TCG else Clock.WALL


@dataclass(frozen=True)
class GuestConfig:
    """What a guest is to be."""

    kernel: Path
    initramfs: Path
    memory: int  # bytes
    accelerator: Accelerator
    console: Path
    platform_iommu: bool = False  # it has an IOMMU, and devices behind it
    gigantic_pages: int = 0  # pages of 1 GiB, set aside at boot
    boot: int = 0  # its number: boots of one number are the same, those of two are not
    parameters: tuple[str, ...] = ()  # of drivers that are part of the kernel
    share: Path | None = None  # a directory that the guest may mount (9p, tag "share"), read-only
    script: Path = Path()  # commands, one a line, that it runs as soon as it is up
    state: Path | None = None  # of a guest that was saved, to go on from instead of booting
    plugin: tuple[str, ...] = ()  # a file, and KEY=VALUE words for it
    commands_fd: str = "-1"  # numbers of connected sockets that QEMU inherits, set by start()
    results_fd: str = "-1"
    control_fd: str = "-1"  # QMP
    loop_fd: str = "-1"  # a datagram socket that is connected to itself


# See Documentation/admin-guide/kernel-parameters.txt.
CMDLINE = (
    "console=ttyS0",
    "quiet",  # init raises the level again, to see warnings
    "nokaslr",  # same addresses, same branches: counts repeat from boot to boot
    "norandmaps",  # the same addresses in processes too
    "panic=-1",  # a panic ends QEMU (-no-reboot) at once
    "oops=panic",
    "sysctl.vm.panic_on_oom=1",  # a helper that is killed cannot say why; a panic does
    "cryptomgr.notests",  # self tests would run for seconds beside the first cells
    "tsc=reliable",  # no watchdog, which could fall back to a coarser clock
)


def cmdline(config: "GuestConfig") -> str:
    """Return the kernel's command line. Pages of 1 GiB can only be reserved there."""
    words = [*CMDLINE, *config.parameters]
    if config.platform_iommu:
        words.append("intel_iommu=on")
    if config.gigantic_pages:
        words.append(f"hugepagesz=1G hugepages={config.gigantic_pages} hugepagesz=2M hugepages=0")
    return " ".join(words)


CPU = {
    Accelerator.KVM: "host",
    Accelerator.PLAIN_TCG: "Nehalem,pdpe1gb=on",
    # A named model whose features every QEMU since 7.2 emulates: with "max" another version
    # of QEMU is another CPU, and new-owner's count 4 % higher (7.2 against 10.0). It has four
    # levels of page tables and no ERMS, so that the kernel clears pages by words, an eighth of
    # the emulated steps. pdpe1gb: pages of 1 GiB.
    Accelerator.TCG: "Nehalem,pdpe1gb=on",
}

MACHINE_TYPE = "q35"

_ACCELERATOR = {
    Accelerator.KVM: ("-accel", "kvm"),
    Accelerator.PLAIN_TCG: ("-accel", "tcg,thread=single"),
    # One tick an instruction; an idle guest skips to its next timer and costs no time. Its
    # date is a fixed one, and all of its clocks are counts: nothing of the host's reaches it.
    Accelerator.TCG: (
        *("-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off"),
        *("-rtc", "clock=vm,base=2026-01-01"),
    ),
}


def argv(qemu: str, config: GuestConfig) -> list[str]:
    """Return QEMU's command line, without the devices that it would add by itself."""
    return [
        qemu,
        "-nodefaults",
        "-no-user-config",
        "-display", "none",
        "-no-reboot",
        "-machine", MACHINE_TYPE + (",kernel-irqchip=split" if config.platform_iommu else ""),
        "-cpu", CPU[config.accelerator],
        "-smp", "1",
        "-m", f"{-(-config.memory // MIB)}M",
        *_ACCELERATOR[config.accelerator],
        "-kernel", str(config.kernel),
        "-initrd", str(config.initramfs),
        "-append", cmdline(config),
        "-chardev", f"file,id=console,path={_escaped(config.console)},append=on",
        "-serial", "chardev:console",
        *_channels(config),
        *(_platform_iommu(config.loop_fd) if config.platform_iommu else ()),
        *(_share(config.share) if config.share else ()),
        *(("-plugin", ",".join(config.plugin)) if config.plugin else ()),
    ]  # fmt: skip


def _platform_iommu(loop_fd: str) -> tuple[str, ...]:
    """Return an IOMMU and two virtio devices behind it: a looped network, a source of entropy.

    intremap: vfio does not hand out a device without it. snoop-control: vhost-vdpa needs
    IOMMU_CAP_CACHE_COHERENCY. disable-legacy and iommu_platform: the device uses IO virtual
    addresses. tx=timer: the card sends at a time of the guest's clock; otherwise a thread of QEMU
    sends when the host comes to it, and what the kernel put off for later then came into some
    reps and not into others (8e-4 of a pause). period: every 65.5 s of the guest's clock a source
    of entropy looks at its ring again, and breaks down where vfio-remap has just unmapped that;
    this is the longest, 49 days. The guest has no driver of its own for either device, so that
    only vp_vdpa and the helper drive them.
    """
    return (
        "-device", "intel-iommu,intremap=on,snoop-control=on,device-iotlb=on",
        "-netdev", f"dgram,id=loop,local.type=fd,local.str={loop_fd}",
        "-device", "virtio-net-pci,netdev=loop,tx=timer,disable-legacy=on,iommu_platform=on,ats=on,"
        f"addr=0x{PCI_SLOT},romfile=",
        "-object", "rng-builtin,id=entropy",
        "-device", "virtio-rng-pci,rng=entropy,disable-legacy=on,iommu_platform=on,ats=on,"
        f"period={0xFFFFFFFF},addr=0x{VFIO_SLOT}",
    )  # fmt: skip


def _channels(config: GuestConfig) -> tuple[str, ...]:
    """How the guest hears of us and answers: its script, its results, a line for more commands.

    None of them interrupts it while it measures. Two guests of one saved state differed by
    up to 11 instructions when they had a virtio-serial port that nobody used, and by none
    without. announce-rounds: a restored QEMU would announce itself to the network, and the
    network that comes back to itself would hand that to the test packet's receiver.
    """
    return (
        "-chardev", f"socket,id=results,fd={config.results_fd}",
        "-device", "isa-debugcon,iobase=0xe9,chardev=results",
        "-chardev", f"socket,id=commands,fd={config.commands_fd}",
        "-serial", "chardev:commands",
        "-chardev", f"socket,id=control,fd={config.control_fd}",
        "-mon", "chardev=control,mode=control",
        "-fw_cfg", f"name=opt/org.bench/script,file={_escaped(config.script)}",
        "-fw_cfg", f"name=opt/org.bench/boot,string={config.boot % 2**64:#018x}",
        "-global", "migration.announce-rounds=0",
        *(("-incoming", f"exec:cat {shlex.quote(str(config.state))}") if config.state else ()),
    )  # fmt: skip


def _share(path: Path) -> tuple[str, ...]:
    return (
        "-fsdev", "local,security_model=none,readonly=on,multidevs=remap,"
        f"id=share,path={_escaped(path)}",
        "-device", "virtio-9p-pci,fsdev=share,mount_tag=share",
    )  # fmt: skip


def _escaped(path: Path) -> str:
    """Double the commas of a path: a single one ends an option of QEMU."""
    return str(path).replace(",", ",,")
