# SPDX-License-Identifier: GPL-2.0-only
"""The host executor where there is a device: all of bench, in a guest that has one.

The guest mounts this machine's files read-only and runs the same Python and checkout.
Its seconds are those of an emulator that counts instructions, so that nothing here looks
at how long anything took.
"""

import json
import lzma
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bench.executors.guest_setup import GuestSetup
from bench.guest.boot import Guest, boot
from bench.guest.initramfs import ensure_helper, ensure_initramfs
from bench.kernel.config import load_config
from bench.kernel.packages import ensure_packages
from bench.model.device import DEVICES
from bench.model.units import GIB, MIB
from bench.paths import ROOT
from bench.results.writer import load

SHARING = ("netfs", "9pnet", "9pnet_virtio", "9p")
# A directory of every Debian system that becomes writable; the checkout is not below it.
SCRATCH = next(path for path in ("/srv", "/opt", "/mnt") if not str(ROOT).startswith(path))
BENCH = (
    f"ulimit -l unlimited; busybox chroot /host /bin/sh -c 'cd {ROOT} && HOME={SCRATCH}"
    f" XDG_CACHE_HOME={SCRATCH} PYTHONDONTWRITEBYTECODE=1 exec {sys.executable} -m bench"
    " {words} >/tmp.out 2>&1'"
).replace("/tmp.out", f"{SCRATCH}/out")


@contextmanager
def with_our_files(setup: GuestSetup, scratch: Path) -> Iterator[Guest]:
    """A guest in which this machine's root is at /host, and bench can run in it."""
    modules = {}
    for name in SHARING:
        packed = next(ensure_packages(load_config()).modules.rglob(f"{name}.ko.xz"))
        modules[f"{name}.ko"] = scratch / f"{name}.ko"
        modules[f"{name}.ko"].write_bytes(lzma.decompress(packed.read_bytes()))
    initramfs = ensure_initramfs(setup.kernel, more=modules)
    console = scratch / "console.log"
    setup = replace(setup, initramfs=initramfs, memory=2 * GIB, console=console)
    helper = f"/host{SCRATCH}/bench/helper/{ensure_helper().parent.name}"
    with boot(replace(setup.config(), share=Path("/")), 180) as (guest, _):
        for name in modules:
            guest.run(f"insmod /bin/{name}")
        for command in (
            "busybox mkdir /host",
            "mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=1048576 share /host",
            "mount --bind /dev /host/dev",
            "mount -t proc proc /host/proc",
            "mount -t sysfs sysfs /host/sys",
            f"mount -t tmpfs tmpfs /host{SCRATCH}",
            f"busybox mkdir -p {helper} && busybox cp /bin/bench-helper {helper}",
        ):
            guest.run(command)
        yield guest


@pytest.fixture(scope="module")
def guest(setup: GuestSetup, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    """With a simulated device on user addresses, so that nothing of it is pinned."""
    device = DEVICES["sim-net-va"]
    with with_our_files(setup, tmp_path_factory.mktemp("host")) as guest:
        for module, parameters in device.modules.items():
            guest.run(f"insmod /modules/{module}.ko {parameters}")
        for command in device.add:
            guest.run(command)
        yield guest


def bench(guest: Guest, words: str) -> tuple[int, str]:
    """Exit code and all that it printed."""
    *_, last = guest.lines(BENCH.format(words=words), deadline=300)
    return json.loads(last)["code"], written(guest, "out")


def written(guest: Guest, name: str) -> str:
    """A file of the guest's scratch directory, as JSON strings over the result port."""
    script = f'while IFS= read -r line; do echo "{{}}$line" >&4; done <"/host{SCRATCH}/{name}"'
    *lines, _ = guest.lines(script, deadline=60)
    return "\n".join(line.removeprefix("{}") for line in lines)


def test_live_update_of_a_device_that_was_named(guest: Guest, tmp_path: Path) -> None:
    words = f"run smoke --device /dev/vhost-vdpa-0 --method reopen,new-owner --out {SCRATCH}/run"
    code, said = bench(guest, f"{words} --mem 64M,128M --reps 2+")
    assert code == 0, said
    assert "/dev/vhost-vdpa-0 is vdpa0, driven by vdpasim_net" in said
    for name in ("run.json", "samples.jsonl"):
        (tmp_path / name).write_text(written(guest, f"run/{name}") + "\n")
    run = load(tmp_path)
    ok = [sample for sample in run.samples if sample.ok]
    assert sorted({sample.cell.method.value for sample in ok}) == ["new-owner", "reopen"]
    assert {sample.cell.device for sample in ok} == {"/dev/vhost-vdpa-0"}
    assert {sample.pinned for sample in ok} == {0}
    assert not run.damage  # each block ended before its order did, and left the device free
    assert all(len(columns) < 20 for columns in run.by_cell.values())
    (device,) = run.facts.executor.devices or ()
    assert (device.parameters or {})["vdpa_sim.use_va"] == "Y"
    assert device.mgmtdev == "vdpasim_net"


def test_a_device_that_is_open_is_left_alone_and_its_holder_named(guest: Guest) -> None:
    # Not a sleep: an idle guest that counts instructions skips to its end.
    guest.run("busybox mkfifo /tmp/never")
    guest.run("cat /tmp/never 3<>/dev/vhost-vdpa-0 & echo $! >/tmp/holder")
    code, said = bench(guest, f"run smoke --device /dev/vhost-vdpa-0 --out {SCRATCH}/open")
    guest.run("kill $(cat /tmp/holder)")
    assert code == 125
    assert "--device: /dev/vhost-vdpa-0 is open in cat (pid " in said


@pytest.mark.long
def test_pin_loop_by_messages_to_the_device(guest: Guest) -> None:
    words = f"run pin --executor host --device /dev/vhost-vdpa-0 --mem {64 * MIB} --reps 1"
    words += f" --pages 4k --ptes cold --method iotlb,io-uring --out {SCRATCH}/pin"
    code, said = bench(guest, words)
    assert code == 0, said
    assert "iotlb" in said
    assert "io-uring" in said
