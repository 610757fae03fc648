# SPDX-License-Identifier: GPL-2.0-only
"""Record how QEMU maps a guest's memory through vhost-vdpa: see README.md.

usage: record.py DIRECTORY SIZE[,SIZE...] [OPTION OF THE INNER QEMU...]
Writes DIRECTORY/SIZE.txt for each size.
"""

import lzma
import re
import sys
from pathlib import Path

from bench.guest import cpio
from bench.guest.boot import Guest, boot
from bench.guest.initramfs import ensure_initramfs
from bench.guest.qemu import Accelerator, GuestConfig
from bench.kernel.modules import Kernel, ensure_kernel
from bench.model.device import DEVICES
from bench.model.units import GIB, parse_size
from bench.process import find_tool, run

HERE = Path(__file__).resolve().parent
DEVICE = DEVICES["sim-net-va"]  # user addresses: nothing is pinned, so any size will do
INNER_MODULES = ("failover", "net_failover", "virtio_net")
APPLETS = ("grep", "rm")  # beyond those of bench's own initramfs
OUTER_MEMORY = 4 * GIB
DEADLINE = 1200  # seconds; an inner guest boots in about a minute

# QEMU's firmware, its loader of -kernel, and the part of QEMU that is a plug-in.
QEMU_FILES = (
    "/usr/share/seabios/bios-256k.bin",
    "/usr/share/seabios/vgabios-stdvga.bin",  # for -vga std
    "/usr/share/qemu/kvmvapic.bin",
    "/usr/share/qemu/linuxboot_dma.bin",
    "/usr/lib/x86_64-linux-gnu/qemu/accel-tcg-x86_64.so",
)

Files = dict[str, bytes]


def archive(files: Files, links: dict[str, str]) -> bytes:
    """An initramfs with these files, the directories above them, and links."""
    parents = {str(parent) for name in (*files, *links) for parent in Path(name).parents}
    return cpio.archive(
        {
            **dict.fromkeys(sorted(parents - {"."}), (cpio.DIRECTORY, b"")),
            **{name: (cpio.FILE, data) for name, data in files.items()},
            **{name: (cpio.LINK, target.encode()) for name, target in links.items()},
        }
    )


def inner_initramfs(kernel: Kernel) -> bytes:
    """Busybox and the driver that starts the device."""
    busybox = Path(find_tool("busybox", "busybox-static"))
    release = kernel.image.name.removeprefix("vmlinuz-")
    modules = kernel.image.parent.parent / "lib" / "modules" / release
    files = {"init": (HERE / "inner-init").read_bytes(), "bin/busybox": busybox.read_bytes()}
    for name in INNER_MODULES:
        path = next(modules.rglob(f"{name}.ko.xz"))
        files[f"modules/{name}.ko"] = lzma.decompress(path.read_bytes())
    applets = ("sh", "mount", "insmod", "cat", "sleep")
    links = {f"bin/{applet}": "busybox" for applet in applets}
    return archive({**files, "dev/.keep": b"", "sys/.keep": b""}, links)


def outer_initramfs(kernel: Kernel) -> bytes:
    """Bench's own, and QEMU with all it needs: the kernel unpacks archives in a row."""
    qemu = find_tool("qemu-system-x86_64", "qemu-system-x86")
    libraries = re.findall(r"(/\S+) \(0x", run(["ldd", qemu]))
    files = {
        "bin/record-one": (HERE / "record-one").read_bytes(),
        "usr/bin/qemu-system-x86_64": Path(qemu).read_bytes(),
        "inner/vmlinuz": kernel.image.read_bytes(),
        "inner/initramfs": inner_initramfs(kernel),
        **{path.lstrip("/"): Path(path).read_bytes() for path in (*libraries, *QEMU_FILES)},
    }
    links = {f"bin/{applet}": "busybox" for applet in APPLETS}
    return ensure_initramfs(kernel).read_bytes() + archive(files, links)


def prepare(guest: Guest, kernel: Kernel) -> None:
    """A simulated device behind /dev/vhost-vdpa-0, and memory without bounds."""
    for module in kernel.base_modules:
        guest.run(f"insmod /modules/{module}.ko")
    for module, parameters in DEVICE.modules.items():
        guest.run(f"insmod /modules/{module}.ko {parameters}")
    for command in DEVICE.add:
        guest.run(command)
    guest.run("echo 1 >/proc/sys/vm/overcommit_memory")


def main(directory: Path, sizes: str, options: list[str]) -> None:
    kernel = ensure_kernel()
    directory.mkdir(parents=True, exist_ok=True)
    initramfs = directory / "outer.cpio"
    initramfs.write_bytes(outer_initramfs(kernel))
    console = directory / "console.log"
    config = GuestConfig(kernel.image, initramfs, OUTER_MEMORY, Accelerator.TCG, console)
    with boot(config, DEADLINE) as (guest, _):
        prepare(guest, kernel)
        for size in sizes.split(","):
            command = f"record-one {parse_size(size)} {' '.join(options)} >&4"
            *lines, end = guest.lines(command, DEADLINE)
            (directory / f"{size}.txt").write_text("\n".join([*lines, end, ""]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
