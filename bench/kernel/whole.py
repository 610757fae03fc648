# SPDX-License-Identifier: GPL-2.0-only
"""Build a whole kernel: tinyconfig with fragments over it, out of its tree."""

import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from bench.cleanup.scratch import atomic_directory
from bench.errors import CannotJudge, MissingTool, NoSpace
from bench.kernel.config import Architecture, load_config
from bench.kernel.fragments import (
    Option,
    check_survivors,
    merge,
    read_fragment,
    without_modules,
)
from bench.kernel.kernel import Kernel, directory_of
from bench.kernel.name import DEBIAN, DEBUG, FRAGMENTS, LINES, KernelName, config_label
from bench.kernel.series import STOCK, digest_of, patches_of, series_label
from bench.kernel.tree import DEBIAN_CONFIG, Origin, Tree
from bench.model.steps import Step, Steps
from bench.model.units import GIB
from bench.paths import KERNEL_CONFIG, cache_dir, require_space
from bench.process import ProcessFailed, find_tool, missing_tools, run

# To build a whole kernel, with the Debian package of each.
PROGRAMS = {
    "gcc": "gcc",
    "make": "make",
    "patch": "patch",
    "strip": "binutils",
    "flex": "flex",
    "bison": "bison",
    "bc": "bc",
    "perl": "perl",
}
LIBELF = Path("/usr/include/libelf.h")  # objtool is made with it
NEEDED = 2 * GIB  # bytes in the cache while one is built
_PLAIN = ("base", "vdpa", "iommu", "liveupdate")
_UML = ("uml",)
VMLINUX = "vmlinux"  # with debug information, in the directory of a kernel that was built with it
_CC = Path(__file__).with_name("cc.sh")
# Of how kernels are built. 1: an image could hold the kernel of another build (see cc.sh).
_REVISION = "2"
# Included before each C file of user-mode Linux.
_LOCKED = KERNEL_CONFIG / "uml-locked.h"
# What a distribution's configuration is laid under: its own answers hold for the rest.
_DRIVERS = ("debian", "vdpa", "iommu")
# Nothing of the build shows when, where and by whom it was made: the same bytes each time.
_REPRODUCIBLE = {
    "KBUILD_BUILD_TIMESTAMP": "2026-01-01",
    "KBUILD_BUILD_USER": "bench",
    "KBUILD_BUILD_HOST": "bench",
}
_LONGEST = 200  # letters of all its configurations: they are a part of a directory's name
_OBJECT = re.compile(r"^  (?:CC|AS|LD|AR)(?: \[M\])? ", re.MULTILINE)


@dataclass(frozen=True)
class Recipe:
    """All that a whole kernel is made of. What it is built from is in a tree of the cache."""

    name: KernelName
    origin: Origin
    patches: tuple[Path, ...]
    options: tuple[Option, ...]
    asked: frozenset[str]  # names of those that have to survive: not what a distribution says
    compiler: str  # as it calls itself
    digest: str  # of all that the result depends on, as it is now: people go on editing
    series: str = STOCK  # what is applied: not what the tree has by itself

    @property
    def path(self) -> Path:
        """Return where the kernel is kept in the cache."""
        return directory_of(self.name.label, self.digest)

    @property
    def configs(self) -> str:
        """Return the name of its configuration, as of a directory."""
        plain = "uml" if self.name.architecture is Architecture.UML else "plain"
        return "-".join(map(config_label, self.name.configs))[:_LONGEST] or plain


def recipe_of(name: KernelName, origin: Origin) -> Recipe:
    """Say what a kernel is made of; its tree is laid already.

    MissingTool without a compiler, UsageError for a fragment that cannot be read.
    """
    tree = name.tree
    series, own = name.series, load_config().patches
    if origin.interface:
        series = "+".join(each for each in series.split("+") if each != own) or STOCK
    said = without_modules(debian_config(tree)) if DEBIAN in name.configs else []
    asked = merge(map(read_fragment, _fragments(name)))
    patches = patches_of(series, origin.series)
    options = tuple(merge([said, asked]))
    compiler = run([find_tool("gcc", "gcc"), "--version"]).partition("\n")[0]
    parts = [origin.identity, compiler, *map(str, options), *_REPRODUCIBLE, _REVISION]
    if name.architecture is Architecture.UML:
        parts += [name.architecture, _LOCKED.read_text()]
    digest = hashlib.sha256("\n".join(parts).encode() + digest_of(patches)).hexdigest()[:12]
    names = frozenset(option.name for option in asked)
    return Recipe(name, origin, patches, options, names, compiler, digest, series)


def _fragments(name: KernelName) -> list[Path]:
    """List the files of options, each of which is laid over those before it."""
    usual: tuple[str, ...] = _DRIVERS if DEBIAN in name.configs else _PLAIN
    if name.architecture is Architecture.UML:
        usual = _UML
    own = [each for each in (DEBUG, LINES) if each in name.configs]
    files = [Path(config) for config in name.configs if config not in (DEBIAN, DEBUG, LINES)]
    return [*(FRAGMENTS / f"{each}.config" for each in (*usual, *own)), *files]


def debian_config(tree: Tree) -> str:
    """Return Debian's configuration, which lies beside the tree; "" where it does not."""
    path = tree.path / DEBIAN_CONFIG
    return path.read_text() if path.exists() else ""


def cached_whole(recipe: Recipe) -> Kernel | None:
    """Return the kernel if the cache has it, else None."""
    try:
        facts = json.loads((recipe.path / "kernel.json").read_text())
        release, builtin = facts["release"], frozenset(facts["builtin"])
    except (OSError, ValueError, KeyError):
        return None
    modules = tuple(sorted((recipe.path / "modules").glob("*.ko")))
    names = {path.stem for path in modules}
    return Kernel(
        path=recipe.path,
        name=_full_name(recipe, release),
        digest=recipe.digest,
        image=recipe.path / Path(recipe.name.architecture.image).name,
        modules=modules,
        base_modules=tuple(each for each in load_config().base_modules if each in names),
        builtin=builtin,
        configs=recipe.name.configs,
    )


def build_whole(recipe: Recipe, steps: Steps) -> Kernel:
    """Build a kernel that the cache has not; the tree is locked by the caller.

    CannotJudge for a patch that does not apply, an option that does not survive, an error of
    the compiler; MissingTool and NoSpace. Nothing half-built is ever used.
    """
    check_programs()
    require_space(cache_dir(), NEEDED, "building a kernel")
    tree = recipe.name.tree
    tree.patched_with(recipe.patches, f"{recipe.origin.described} ({recipe.origin.version})")
    out = tree.out(recipe.configs)
    out.mkdir(exist_ok=True)
    _lay(_CC, tree)
    if recipe.name.architecture is Architecture.UML:
        _lay(_LOCKED, tree)
    _configure(recipe, tree, out)
    with steps.at(Step.KERNEL, _objects_ahead(out)):
        _make_all(recipe.name.architecture, tree, out, steps)
    with atomic_directory(recipe.path) as scratch:
        _collect(recipe, tree, out, scratch)
    kernel = cached_whole(recipe)
    if kernel is None:
        raise CannotJudge(f"{recipe.path}: what was built is gone", "build it again")
    return kernel


def check_programs() -> None:
    """Find what building a whole kernel needs, else MissingTool with the Debian packages."""
    if absent := missing_programs():
        raise MissingTool(
            f"a kernel cannot be built without {', '.join(absent)}",
            f"install the packages {' '.join(absent.values())}",
        )


def missing_programs() -> dict[str, str]:
    """Return what building a whole kernel lacks here, with the Debian package of each."""
    absent = missing_tools(PROGRAMS)
    return absent if LIBELF.exists() else {**absent, LIBELF.name: "libelf-dev"}


def make_command(tree: Tree, out: Path, architecture: Architecture = Architecture.X86) -> list[str]:
    """Return what builds in ``out``, but for the targets: another compiler would build all anew."""
    cc, hostcc = "gcc", "gcc"
    if shutil.which("ccache"):
        cc, hostcc = str(tree.path / _CC.name), "ccache gcc"
    words = [find_tool("make", "make"), "-C", str(tree.source), f"O={out}", f"CC={cc}"]
    if architecture is Architecture.UML:
        # From the tree: the name of a checkout would have all compiled anew in another one.
        words += [f"ARCH={architecture}", f"KCFLAGS=-include {tree.path / _LOCKED.name}"]
    return [*words, f"HOSTCC={hostcc}", f"-j{len(os.sched_getaffinity(0))}"]


def build_environment(tree: Tree) -> dict[str, str]:
    """Return what make gets; the same file of another tree is in ccache already.

    The Makefile of a kernel drops LC_ALL, and errors are to be found in any country.
    """
    paths = {"CCACHE_BASEDIR": str(tree.path), "CCACHE_NOHASHDIR": "1"}
    # Headers are those that the compiler lists: a preprocessor of its own is a fifth of a build.
    ours = {**paths, "CCACHE_DEPEND": "1"}
    return {**_REPRODUCIBLE, **ours, "LANG": "C", "LC_MESSAGES": "C", "LC_CTYPE": "C"}


def _configure(recipe: Recipe, tree: Tree, out: Path) -> None:
    """Write the .config: tinyconfig or nothing, then what is asked for, then Kconfig's answers."""
    start = "allnoconfig" if DEBIAN in recipe.name.configs else "tinyconfig"
    config = out / ".config"
    make = make_command(tree, out, recipe.name.architecture)
    try:
        run([*make, start], env=build_environment(tree))
        with config.open("a") as file:
            file.write("".join(f"{option}\n" for option in recipe.options))
        run([*make, "olddefconfig"], env=build_environment(tree))
    except ProcessFailed as error:
        raise CannotJudge(
            f"{recipe.origin.described} cannot be configured: {_first_error(error.output)}"
        ) from None
    asked = [option for option in recipe.options if option.name in recipe.asked]
    kconfigs = "um" if recipe.name.architecture is Architecture.UML else "x86"
    check_survivors(asked, config.read_text(), tree.source, kconfigs)


def _lay(file: Path, tree: Tree) -> None:
    """Lay a file of ours beside the source of a tree; one that is there is not touched."""
    path = tree.path / file.name
    if not path.exists() or path.read_text() != file.read_text():
        shutil.copy(file, path)


def _objects_ahead(out: Path) -> int:
    """Return how many objects the last build here had, or an estimate by the options set."""
    return _objects_before(out) or int(2 * (out / ".config").read_text().count("=y\n"))


def _objects_before(out: Path) -> int:
    path = out / "objects"
    text = path.read_text() if path.exists() else ""
    return int(text) if text.isdecimal() else 0


def _make_all(architecture: Architecture, tree: Tree, out: Path, steps: Steps) -> None:
    log = out / "make.log"
    # The lock is make's, which goes on where bench is killed: no other may build here then.
    lock = [find_tool("flock", "util-linux"), "--no-fork", str(out / ".lock")]
    logged = ["sh", "-c", f'exec "$@" {architecture.targets} >{log} 2>&1', "sh"]
    words = [*lock, *logged, *make_command(tree, out, architecture)]

    def look() -> None:
        steps.reached(_objects(log))

    try:
        # Make removes what is half-written when it is asked to end, and not when it is killed.
        run(words, env=build_environment(tree), timeout=4 * 3600, watch=look, grace=10)
    except ProcessFailed:
        said = log.read_text(errors="replace")
        if "No space left on device" in said:
            raise NoSpace(f"{out}: no space left on the disk", "free some, then go on") from None
        raise CannotJudge(
            f"the kernel does not build: {_first_error(said)}", f"all that make said is in {log}"
        ) from None
    (out / "objects").write_text(str(max(_objects(log), _objects_before(out))))


def _objects(log: Path) -> int:
    return len(_OBJECT.findall(log.read_text(errors="replace"))) if log.exists() else 0


_ERRORS = (
    r"^.*: (?:fatal )?error: .*$",
    r"^.*undefined reference.*$",
    r"^ERROR: .*$",
    r"^\S*Kconfig\S*:\d+: .*$",  # of Kconfig; its warnings have no space there
)


def _first_error(output: str) -> str:
    """Return the first error of compiler, linker, Kconfig or make, else the last line."""
    for pattern in _ERRORS:
        if match := re.search(pattern, output, re.MULTILINE):
            return match[0].strip()
    lines = [line for line in output.splitlines() if line.strip() and "***" in line]
    return (lines or output.strip().splitlines() or ["no output"])[0].strip()


def _collect(recipe: Recipe, tree: Tree, out: Path, where: Path) -> None:
    """Copy what a guest needs of a build, and what people want to know of it."""
    architecture = recipe.name.architecture
    release = run([*make_command(tree, out, architecture), "-s", "kernelrelease"]).strip()
    check_image(out, out / architecture.image)
    shutil.copy(out / architecture.image, where)
    shutil.copy(out / ".config", where / "config")
    if "CONFIG_DEBUG_INFO=y" in (out / ".config").read_text():
        shutil.copy(out / VMLINUX, where)  # for the lines of profiles
    (where / "modules").mkdir()
    order = (out / "modules.order").read_text().split()
    for ko in (out / line for line in order):
        target = where / "modules" / ko.with_suffix(".ko").name
        run(["strip", "--strip-debug", "-o", str(target), str(ko.with_suffix(".ko"))])
    builtin = (Path(line).stem for line in (out / "modules.builtin").read_text().split())
    facts = {
        "name": _full_name(recipe, release),
        "release": release,
        "builtin": sorted(name.replace("-", "_") for name in builtin),
        "base": recipe.name.base,
        "from": recipe.origin.described,
        "compiler": recipe.compiler,
        "interface": recipe.origin.interface,
    }
    (where / "kernel.json").write_text(json.dumps(facts, indent=1) + "\n")


def check_image(out: Path, image: Path) -> None:
    """Check that an image holds the kernel that was linked beside it; else CannotJudge."""
    linked = [*(out / "arch/x86/boot/compressed").glob("vmlinux.bin.*")]
    whole = image.read_bytes()
    if linked and not any(path.read_bytes() in whole for path in linked):
        raise CannotJudge(
            f"{image} holds another kernel than the one that was linked",
            f"rm -r {out}, and build it again",
        )


def _full_name(recipe: Recipe, release: str) -> str:
    """Name it as ``7.3.4-debug+live-update``, or ``7.3.4-mine@1a2b3c+live-update`` for a tree."""
    parts = [release, *["uml"] * (recipe.name.architecture is Architecture.UML)]
    if recipe.origin.kind != "debian":
        what = f"@{recipe.origin.described}" if recipe.origin.kind == "git" else ""
        parts.append(f"{recipe.name.base}{what}".replace(" ", "-"))
    parts += map(config_label, recipe.name.configs)
    return f"{'-'.join(parts)}+{series_label(recipe.series)}"
