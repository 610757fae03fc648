# SPDX-License-Identifier: GPL-2.0-only
"""Build the guest's file system: busybox, the vdpa tool, the modules and the helper."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from bench.cleanup.scratch import atomic_directory
from bench.guest import cpio
from bench.kernel.kernel import Kernel
from bench.model.steps import SILENT, Step, Steps
from bench.model.vmm import VMM
from bench.paths import cache_dir, cache_path, forget_old, locked
from bench.process import find_tool, run
from bench.protocol.helper import HELPER, source_digest

INIT = Path(__file__).with_name("init")
PORT = Path(__file__).with_name("port")
VDUSE = Path(__file__).with_name("vduse")

# The applets of busybox that init and the commands of the executor use.
APPLETS = (
    *("sh", "mount", "cat", "echo", "uname", "sleep", "poweroff"),
    *("insmod", "rmmod", "truncate", "killall", "mkfifo", "stty"),
)

# The programs of C that every guest has, each with the directory of its source.
_PROGRAMS = {"bench-helper": HELPER, "bench-port": PORT, "bench-stir": PORT}
# Those that only some devices need.
OF_DEVICES = {"bench-vduse": VDUSE}

Entries = dict[str, tuple[int, bytes]]


# To compile the helper, with the Debian package of each.
HELPER_PROGRAMS = {"gcc": "gcc", "make": "make"}


def ensure_helper(steps: Steps = SILENT) -> Path:
    """Return the path of the static helper; compile it when the cache has none of this source.

    MissingTool without a compiler, ProcessFailed when it fails.
    """
    return ensure_compiled(HELPER, "bench-helper", steps)


def ensure_compiled(source: Path, name: str, steps: Steps = SILENT) -> Path:
    """Return the path of what a directory of C makes, as `ensure_helper` does."""
    with _compiling({name: source}, steps):
        return _compiled(source, name)


def _compiling(programs: Mapping[str, Path], steps: Steps) -> AbstractContextManager[None]:
    """Tell that programs are compiled until the block is left, unless all are in the cache."""
    cached = all(_binary(source, name).exists() for name, source in programs.items())
    return nullcontext() if cached else steps.at(Step.COMPILE)


def _compiled(source: Path, name: str) -> Path:
    """Return the path of the program that a directory of C makes by its own Makefile."""
    cache = cache_dir() / "helper"
    cache.mkdir(exist_ok=True)
    binary = _binary(source, name)
    with locked(cache / ".lock"):
        if not binary.exists():
            find_tool("gcc", HELPER_PROGRAMS["gcc"])
            make = find_tool("make", HELPER_PROGRAMS["make"])
            with atomic_directory(binary.parent) as scratch:
                # TMPDIR: a compiler that is killed leaves its temporary files there.
                build = [make, "-s", "-C", str(source), f"O={scratch}", "CC=gcc"]
                run(build, env={"TMPDIR": str(scratch)})
    return binary


def cached_helper() -> Path | None:
    """Return the path of the helper if it is compiled, else None. Nothing is made."""
    path = _binary(HELPER, "bench-helper")
    return path if path.exists() else None


def our_programs() -> list[Path]:
    """List the programs of C that the cache has for guests, for their symbols."""
    found = [_binary(source, name) for name, source in (_PROGRAMS | OF_DEVICES).items()]
    return [path for path in found if path.exists()]


def _binary(source: Path, name: str) -> Path:
    return cache_path() / "helper" / source_digest(source) / name


def ensure_initramfs(
    kernel: Kernel,
    programs: Iterable[str] = (),
    more: Mapping[str, Path] | None = None,
    steps: Steps = SILENT,
) -> Path:
    """Return the path of the archive in the cache; make it when it is not there.

    ``programs`` are those of this machine that devices need, ``more`` are others, by the name
    that they get in the guest. MissingTool for one that is not installed.
    """
    programs = [*programs]
    ours = _ours(programs)
    with _compiling(ours, steps):
        built = {name: _compiled(source, name) for name, source in ours.items()}
    data, name = _archive(kernel, built, programs, more or {})
    cache = cache_dir() / "initramfs"
    cache.mkdir(exist_ok=True)
    path = cache / name
    with locked(cache / ".lock"):
        if not path.exists():
            forget_old(cache, "*.cpio")  # a run that may boot again is younger
            scratch = path.with_suffix(".tmp")
            scratch.write_bytes(data)
            scratch.rename(path)
    return path


def cached_initramfs(kernel: Kernel, programs: Iterable[str] = ()) -> Path | None:
    """Return what `ensure_initramfs` would, if it is in the cache, else None. Nothing is made."""
    programs = [*programs]
    built = {name: _binary(source, name) for name, source in _ours(programs).items()}
    if not all(path.exists() for path in built.values()):
        return None
    path = cache_path() / "initramfs" / _archive(kernel, built, programs, {})[1]
    return path if path.exists() else None


def _ours(programs: Iterable[str]) -> dict[str, Path]:
    """Return the programs of C that a guest gets, with where their sources are."""
    return _PROGRAMS | {name: OF_DEVICES[name] for name in programs if name in OF_DEVICES}


def _archive(
    kernel: Kernel, built: Mapping[str, Path], programs: Iterable[str], more: Mapping[str, Path]
) -> tuple[bytes, str]:
    """Return the archive, and a file name from its programs and its digest."""
    wanted = sorted({"vdpa", *programs} - {*OF_DEVICES})
    data = cpio.archive(_entries(kernel, built, wanted, more))
    digest = hashlib.sha256(data).hexdigest()[:12]
    return data, f"{'+'.join(wanted)}-{digest}.cpio"


# The Debian package of each program that a guest can have.
PACKAGES = {
    "vdpa": "iproute2",
    "qemu-storage-daemon": "qemu-utils",  # in Debian 12 a package that QEMU itself needs
    VMM: "qemu-system-x86",
}
# Where the loader finds libraries: without it, it would look for each in many places.
_LOADERS_CACHE = Path("/etc/ld.so.cache")


def _entries(
    kernel: Kernel, built: Mapping[str, Path], wanted: Iterable[str], more: Mapping[str, Path]
) -> Entries:
    busybox = Path(find_tool("busybox", "busybox-static"))
    programs = {**{name: Path(find_tool(name, PACKAGES[name])) for name in wanted}, **more}
    libraries = {lib for path in (busybox, *programs.values()) for lib in _libraries(path)}
    files = {
        "init": INIT,
        "bin/busybox": busybox,
        **{f"bin/{name}": path for name, path in programs.items()},
        **{f"bin/{name}": path for name, path in built.items()},
        **{f"modules/{ko.name}": ko for ko in kernel.modules},
        **{str(library).lstrip("/"): library for library in sorted(libraries)},
    }
    if VMM in programs and _LOADERS_CACHE.exists():
        files[str(_LOADERS_CACHE).lstrip("/")] = _LOADERS_CACHE
    entries: Entries = {}
    for name in ("proc", "sys", "dev", "tmp", *_parents(files)):
        entries[name] = (cpio.DIRECTORY, b"")
    for applet in APPLETS:
        entries[f"bin/{applet}"] = (cpio.LINK, b"busybox")
    for name, path in files.items():
        entries[name] = (cpio.FILE, path.read_bytes())
    entries["modules/base"] = (cpio.FILE, "\n".join([*kernel.base_modules, ""]).encode())
    return entries


def _parents(names: dict[str, Path]) -> list[str]:
    parents = {str(parent) for name in names for parent in Path(name).parents}
    return sorted(parents - {"."})


def _libraries(program: Path) -> list[Path]:
    """Return the shared libraries of a program, none for a static one."""
    output = run(["sh", "-c", 'ldd "$1" || true', "sh", str(program)])
    return [Path(path) for path in re.findall(r"(/\S+) \(0x", output)]
