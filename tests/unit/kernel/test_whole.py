# SPDX-License-Identifier: GPL-2.0-only
"""A kernel that is built whole: what it is made of, what is missing, what went wrong."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import CannotJudge, MissingTool, NoSpace
from bench.kernel import build, whole
from bench.kernel.kernel import Kernel, built_kernels
from bench.kernel.name import FRAGMENTS, KernelName, read_name
from bench.kernel.tree import Origin, Tree
from bench.kernel.whole import (
    PROGRAMS,
    build_whole,
    cached_whole,
    check_image,
    check_programs,
    recipe_of,
)
from bench.model.steps import SILENT
from bench.process import run
from tests.unit.children import eventually
from tests.unit.kernel.programs import program
from tests.unit.kernel.sources import lay


@pytest.fixture
def bin_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All that a kernel is built with, as programs that do nothing, and no other program."""
    for name in PROGRAMS:
        program(tmp_path / "bin", name, "exit 0")
    (tmp_path / "libelf.h").touch()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(whole, "LIBELF", tmp_path / "libelf.h")
    monkeypatch.setattr("bench.process.search_path", lambda: str(tmp_path / "bin"))
    return tmp_path / "bin"


def test_nothing_is_missing(bin_: Path) -> None:
    check_programs()


@pytest.mark.parametrize(
    ("name", "package"), [("flex", "flex"), ("bison", "bison"), ("bc", "bc"), ("strip", "binutils")]
)
def test_one_is_missing(name: str, package: str, bin_: Path) -> None:
    (bin_ / name).unlink()
    with pytest.raises(MissingTool) as caught:
        check_programs()
    assert caught.value.message == f"a kernel cannot be built without {name}"
    assert caught.value.hint == f"install the packages {package}"


def test_all_that_is_missing_is_in_one_line(bin_: Path) -> None:
    for name in ("flex", "bison", "bc"):
        (bin_ / name).unlink()
    (bin_.parent / "libelf.h").unlink()
    with pytest.raises(MissingTool) as caught:
        check_programs()
    assert caught.value.message == "a kernel cannot be built without flex, bison, bc, libelf.h"
    assert caught.value.hint == "install the packages flex bison bc libelf-dev"


def test_every_program_is_one_of_a_package() -> None:
    assert {"gcc", "make", "flex", "bison", "bc", "perl"} <= PROGRAMS.keys()


def origin_of(name: str, interface: bool = False, described: str = "1a2b3c") -> Origin:
    tree = Tree(name)
    with tree.locked(), tree.laying(Origin("git", "/linux", f"of {name}", described)):
        lay(tree.source)
        if interface:
            (tree.source / "include/uapi/linux/vhost.h").write_text("VHOST_NEW_OWNER\n")
    origin = tree.origin()
    assert origin
    return origin


@pytest.fixture
def origin(cache: Path) -> Origin:
    return origin_of("mine")


def test_the_digest_is_of_all_that_decides(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = tmp_path / "mine.config"
    options.write_text("CONFIG_A=y\n")

    def digest(text: str = "mine", config: str = "") -> str:
        return recipe_of(read_name(text, config), origin_of("mine")).digest

    first = digest()
    assert digest() == first
    others = {digest("mine:stock"), digest(config="debug"), digest(config=str(options))}
    options.write_text("CONFIG_A=n\n")
    others.add(digest(config=str(options)))
    program(tmp_path / "bin", "gcc", "echo gcc 99")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    others.add(digest())
    assert len(others | {first}) == 6


def test_the_same_source_by_another_name_of_its_revision_is_the_same_kernel(cache: Path) -> None:
    dirty = recipe_of(of("mine"), origin_of("mine"))
    clean = recipe_of(of("mine"), origin_of("mine", described="4d5e6f"))
    assert dirty.digest == clean.digest
    stored(dirty)
    names = [kernel.name for recipe in (dirty, clean) if (kernel := cached_whole(recipe))]
    assert names == ["7.3.4-mine@1a2b3c+live-update", "7.3.4-mine@4d5e6f+live-update"]


def of(name: str) -> KernelName:
    return KernelName(name, "live-update")


def stored(recipe: whole.Recipe) -> None:
    """Put a kernel into the cache as `build_whole` does."""
    recipe.path.mkdir(parents=True)
    text = '{"release": "7.3.4", "builtin": ["vhost_vdpa"], "base": "mine", "from": "1a2b3c"}'
    (recipe.path / "kernel.json").write_text(text)


@pytest.mark.parametrize("text", ["", "{", "{}", '{"release": "7.3.4"}'])
def test_a_kernel_that_says_not_what_it_is_is_none(text: str, origin: Origin) -> None:
    recipe = recipe_of(of("mine"), origin)
    stored(recipe)
    assert cached_whole(recipe)
    (recipe.path / "kernel.json").write_text(text)
    assert cached_whole(recipe) is None


@pytest.mark.parametrize(
    ("series", "applied", "label"),
    [
        ("live-update", 0, "7.3.4-mine@1a2b3c+stock"),
        ("stock", 0, "7.3.4-mine@1a2b3c+stock"),
        ("live-update+{}", 1, "7.3.4-mine@1a2b3c+own"),
        ("{}", 1, "7.3.4-mine@1a2b3c+own"),
    ],
)
def test_a_tree_that_has_the_interface_is_taken_without_live_update(
    series: str, applied: int, label: str, cache: Path, tmp_path: Path
) -> None:
    """Its name does not say what was not applied."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own/0001.patch").write_text("--- a/x\n+++ b/x\n")
    name = KernelName("mine", series.format(tmp_path / "own"))
    recipe = recipe_of(name, origin_of("mine", interface=True))
    assert len(recipe.patches) == applied
    stored(recipe)
    kernel = cached_whole(recipe)
    assert kernel and kernel.name == label


def test_a_tree_that_somebody_has_laid_anew_is_not_taken_for_ours(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = KernelName("mine", "stock")
    ours = Kernel(tmp_path, "7.3", recipe_of(name, origin).digest, tmp_path, (), ())
    monkeypatch.setattr(build, "ensure_kernel", lambda *_: ours)
    assert build.ensure_tree_kernel(name, origin, SILENT) is ours
    with pytest.raises(CannotJudge, match=r"^mine: another bench has laid another kernel"):
        build.ensure_tree_kernel(name, replace(origin, identity="another"), SILENT)


def test_names_of_files_may_be_long(origin: Origin, tmp_path: Path) -> None:
    configs = [tmp_path / f"{letter * 240}.config" for letter in "abcd"]
    for config in configs:
        config.write_text("CONFIG_A=y\n")
    series = tmp_path / ("ä" * 120)
    series.mkdir()
    (series / "0001.patch").write_text("")
    recipe = recipe_of(KernelName("mine", str(series), tuple(map(str, configs))), origin)
    recipe.path.with_name(f"{recipe.path.name}.tmp").mkdir(parents=True)
    Tree("mine").out(recipe.configs).mkdir()


def test_debug_is_laid_over_the_plain_one(origin: Origin) -> None:
    plain = recipe_of(of("mine"), origin)
    debug = recipe_of(KernelName("mine", "live-update", ("debug",)), origin)
    assert plain.asked < debug.asked
    assert "CONFIG_KASAN" in debug.asked - plain.asked
    assert (plain.configs, debug.configs) == ("plain", "debug")


def test_of_what_debian_says_nothing_has_to_survive(origin: Origin) -> None:
    (Tree("mine").path / "debian.config").write_text("CONFIG_OF_DEBIAN=y\nCONFIG_MODULE=m\n")
    recipe = recipe_of(KernelName("mine", "live-update", ("debian",)), origin)
    options = {option.name for option in recipe.options}
    assert "CONFIG_OF_DEBIAN" in options - recipe.asked
    assert "CONFIG_MODULE" not in options
    assert "CONFIG_VHOST_VDPA" in recipe.asked


LOG = """\
  CC      lib/one.o
In file included from ../lib/two.c:1:
../lib/two.c:7:1: warning: unused
../lib/two.c:9:5: error: expected ';' before 'x'
../lib/three.c:1:1: error: later
make[3]: *** [../scripts/Makefile.build:287: lib/two.o] Error 1
make: *** [Makefile:248: __sub-make] Error 2
"""


@pytest.mark.parametrize(
    ("output", "first"),
    [
        (LOG, "../lib/two.c:9:5: error: expected ';' before 'x'"),
        (
            "x.c:1:10: fatal error: no.h: No such file or directory\n",
            "x.c:1:10: fatal error: no.h: No such file or directory",
        ),
        (
            "ld: vmlinux.o: in function `f':\nx.c:(.text+0x1): undefined reference to `g'\n",
            "x.c:(.text+0x1): undefined reference to `g'",
        ),
        (
            'ERROR: modpost: "f" [drivers/vdpa/vdpa.ko] undefined!\n',
            'ERROR: modpost: "f" [drivers/vdpa/vdpa.ko] undefined!',
        ),
        (
            "make: Entering directory\n*** Compiler lacks asm-goto support.  Stop.\n",
            "*** Compiler lacks asm-goto support.  Stop.",
        ),
        (
            "init/Kconfig:3:warning: dubious\ndrivers/vdpa/Kconfig:9: syntax error\n"
            "make[2]: *** [scripts/kconfig/Makefile:85: olddefconfig] Error 1\n",
            "drivers/vdpa/Kconfig:9: syntax error",
        ),
        ("words\n\n", "words"),
        ("", "no output"),
    ],
)
def test_the_first_error_is_what_is_said(output: str, first: str) -> None:
    assert whole._first_error(output) == first  # noqa: SLF001


MAKE = """\
for word; do case $word in O=*) out=${word#O=};; esac; done
case "$*" in
*config) printf 'make %s\\n' "$*" >$out/.config;;
*kernelrelease) echo 7.3.4;;
*) echo '  CC      a.o'; WHAT;;
esac
"""


@pytest.fixture
def small(origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> whole.Recipe:
    """A recipe without patches and options, for a make of ours."""
    monkeypatch.setattr(whole, "NEEDED", 0)
    monkeypatch.setattr(whole, "check_survivors", lambda *_: None)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    return recipe_of(KernelName("mine", "stock"), origin)


def make(tmp_path: Path, what: str) -> None:
    program(tmp_path / "bin", "make", MAKE.replace("WHAT", what))


def built(recipe: whole.Recipe) -> None:
    with Tree("mine").locked():
        build_whole(recipe, SILENT)


@pytest.mark.parametrize(
    ("what", "error", "why"),
    [
        ("echo 'x.c:1: error: no'; exit 2", CannotJudge, "the kernel does not build: x.c:1: error"),
        ("echo 'x.o: No space left on device'; exit 2", NoSpace, "no space left"),
        ("kill -9 $$", CannotJudge, "the kernel does not build: CC      a.o"),
    ],
)
def test_a_build_that_fails_leaves_no_kernel(
    what: str, error: type[CannotJudge], why: str, small: whole.Recipe, tmp_path: Path
) -> None:
    make(tmp_path, what)
    with pytest.raises(error) as caught:
        built(small)
    assert why in caught.value.message and caught.value.hint
    assert built_kernels() == [] and cached_whole(small) is None


def test_what_a_damaged_count_of_objects_says_is_nothing(
    small: whole.Recipe, tmp_path: Path
) -> None:
    make(tmp_path, "exit 2")
    out = Tree("mine").out("plain")
    out.mkdir()
    (out / "objects").write_text("")
    with pytest.raises(CannotJudge, match="does not build"):
        built(small)


def test_a_make_that_was_left_alone_is_waited_for(small: whole.Recipe, tmp_path: Path) -> None:
    """It would compile what the next build patches and configures."""
    make(tmp_path, "exit 2")
    out = Tree("mine").out("debug")
    out.mkdir()
    program(tmp_path / "bin", "left", f"sleep 1; echo ended >{out}/ended")
    with subprocess.Popen(["flock", out / ".lock", "left"]):
        assert eventually((out / ".lock").exists)
        with pytest.raises(CannotJudge, match="does not build"):
            built(small)
        assert (out / "ended").exists()


def test_fragments_are_there() -> None:
    names = {path.stem for path in FRAGMENTS.glob("*.config")}
    assert names == {"base", "vdpa", "iommu", "liveupdate", "lines", "debug", "debian", "uml"}


UML = KernelName("7.3-uml", "stock")


def test_user_mode_linux_shares_the_tree_and_has_options_of_its_own(cache: Path) -> None:
    origin = replace(origin_of("7.3"), kind="debian")
    uml, plain = recipe_of(UML, origin), recipe_of(KernelName("7.3", "stock"), origin)
    assert UML.tree == Tree("7.3")
    assert uml.digest != plain.digest and uml.path != plain.path
    assert "CONFIG_VIRTIO_UML" in uml.asked - plain.asked
    assert (uml.configs, plain.configs) == ("uml", "plain")  # directories of the tree
    stored(uml)
    kernel = cached_whole(uml)
    assert kernel and kernel.name == "7.3.4-uml+stock"
    assert kernel.image == uml.path / "linux"


def test_its_digest_is_of_its_header(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = origin_of("7.3")
    other = tmp_path / "uml-locked.h"
    other.write_text("/* nothing */\n")
    before = [recipe_of(name, origin).digest for name in (UML, KernelName("7.3", "stock"))]
    monkeypatch.setattr(whole, "_LOCKED", other)
    after = [recipe_of(name, origin).digest for name in (UML, KernelName("7.3", "stock"))]
    assert before[0] != after[0] and before[1] == after[1]


def test_it_is_made_for_its_architecture_with_its_header(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "NEEDED", 0)
    monkeypatch.setattr(whole, "check_survivors", lambda *_: None)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    recipe = recipe_of(UML, origin_of("7.3"))
    make(tmp_path, 'echo "$*"; exit 2')
    with UML.tree.locked(), pytest.raises(CannotJudge, match="does not build"):
        build_whole(recipe, SILENT)
    said = (UML.tree.out("uml") / "make.log").read_text()
    header = UML.tree.path / "uml-locked.h"
    assert f"ARCH=um KCFLAGS=-include {header}" in said and " linux modules" in said
    assert "LOCK_PREFIX" in header.read_text()


@pytest.mark.parametrize(
    ("name", "text", "compiler"),
    [
        ("a.c", "int a;", "ccache gcc"),
        ("a.S", "nop", "ccache gcc"),
        ("piggy.S", '.incbin "vmlinux.bin.gz"', "gcc"),
        ("configs.c", 'asm(".incbin \\"config_data.gz\\"");', "gcc"),
    ],
)
def test_what_is_included_as_bytes_comes_from_no_cache(
    name: str, text: str, compiler: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    for each in ("gcc", "ccache"):
        (tmp_path / each).write_text(f'#!/bin/sh\necho {each} "$@"\n')
        (tmp_path / each).chmod(0o755)
    words = ["-c", "-o", "a.o", name]
    path = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    script = str(Path(whole.__file__).with_name("cc.sh"))
    said = run([script, *words], env=path, cwd=tmp_path)
    assert said.split() == [*compiler.split(), *words]


def test_an_image_with_another_kernel_is_refused(tmp_path: Path) -> None:
    compressed = tmp_path / "arch/x86/boot/compressed"
    compressed.mkdir(parents=True)
    image = tmp_path / "bzImage"
    image.write_bytes(b"header" + b"kernel one" + b"trailer")
    (compressed / "vmlinux.bin.gz").write_bytes(b"kernel one")
    check_image(tmp_path, image)
    (compressed / "vmlinux.bin.gz").write_bytes(b"kernel two")
    with pytest.raises(CannotJudge, match="holds another kernel"):
        check_image(tmp_path, image)
