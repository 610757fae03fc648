# SPDX-License-Identifier: GPL-2.0-only
"""QEMU's command line, without a QEMU."""

import itertools
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from bench.guest.qemu import CMDLINE, Accelerator, GuestConfig, argv
from bench.model.cell import Clock
from bench.model.units import GIB, MIB

CONFIG = GuestConfig(
    kernel=Path("/cache/vmlinuz"),
    initramfs=Path("/cache/initramfs.cpio"),
    memory=512 * MIB,
    accelerator=Accelerator.TCG,
    commands_fd="7",
    results_fd="9",
    control_fd="11",
    console=Path("/run/console.log"),
)


def values(option: str, config: GuestConfig = CONFIG) -> list[str]:
    """What follows an option, each time it is given."""
    words = argv("qemu", config)
    return [value for word, value in itertools.pairwise(words) if word == option]


def test_a_command_line_is_pure() -> None:
    before = replace(CONFIG)
    assert argv("qemu", CONFIG) == argv("qemu", CONFIG)
    assert before == CONFIG
    assert argv("/usr/bin/qemu", CONFIG)[0] == "/usr/bin/qemu"


def test_tcg_counts_instructions() -> None:
    assert values("-icount") == ["shift=0,sleep=off"]
    assert values("-accel") == ["tcg,thread=single"]
    assert Accelerator.TCG.clock is Clock.ICOUNT


def test_kvm_counts_none() -> None:
    config = replace(CONFIG, accelerator=Accelerator.KVM)
    assert values("-icount", config) == []
    assert values("-accel", config) == ["kvm"]
    assert values("-cpu", config) == ["host"]
    assert Accelerator.KVM.clock is Clock.WALL


def test_plain_tcg_has_the_wall_clock_of_kvm() -> None:
    """Its words are those of KVM but for the accelerator and the CPU, which TCG has to emulate."""
    plain = replace(CONFIG, accelerator=Accelerator.PLAIN_TCG)
    kvm = argv("qemu", replace(CONFIG, accelerator=Accelerator.KVM))
    own = {"tcg,thread=single": "kvm", "Nehalem,pdpe1gb=on": "host"}
    assert [own.get(word, word) for word in argv("qemu", plain)] == kvm
    assert Accelerator.PLAIN_TCG.clock is Clock.WALL


def test_commas_of_the_console_are_escaped() -> None:
    config = replace(CONFIG, console=Path("/a,b/c,,d/console.log"))
    assert "file,id=console,path=/a,,b/c,,,,d/console.log,append=on" in values("-chardev", config)


@pytest.mark.parametrize(
    ("memory", "word"),
    [
        (1, "1M"),
        (MIB, "1M"),
        (MIB + 1, "2M"),
        (512 * MIB, "512M"),
        (512 * MIB - 1, "512M"),
        (64 * GIB, "65536M"),
    ],
)
def test_memory_is_rounded_up(memory: int, word: str) -> None:
    assert values("-m", replace(CONFIG, memory=memory)) == [word]


def test_the_sockets_are_the_channels() -> None:
    chardevs = values("-chardev")
    assert "socket,id=commands,fd=7" in chardevs
    assert "socket,id=results,fd=9" in chardevs
    assert "socket,id=control,fd=11" in chardevs
    assert values("-serial") == ["chardev:console", "chardev:commands"]
    assert "isa-debugcon,iobase=0xe9,chardev=results" in values("-device")


def test_nothing_interrupts_the_guest_from_outside() -> None:
    """A virtio-serial port that nobody uses is enough for restored guests to differ."""
    assert not [device for device in values("-device") if "serial" in device]
    assert values("-rtc") == ["clock=vm,base=2026-01-01"]


def test_a_state_is_gone_on_from() -> None:
    assert values("-incoming") == []
    config = replace(CONFIG, state=Path("/cache/it's/state"))
    (incoming,) = values("-incoming", config)
    assert shlex.split(incoming.removeprefix("exec:")) == ["cat", "/cache/it's/state"]


def test_the_kernel_is_booted_without_randomisation() -> None:
    assert values("-kernel") == ["/cache/vmlinuz"]
    assert values("-initrd") == ["/cache/initramfs.cpio"]
    assert values("-append") == [" ".join(CMDLINE)]
    assert {"nokaslr", "norandmaps"} <= set(CMDLINE)


def test_one_cpu_and_nothing_by_default() -> None:
    assert values("-smp") == ["1"]
    assert {"-nodefaults", "-no-user-config", "-no-reboot"} <= set(argv("qemu", CONFIG))
