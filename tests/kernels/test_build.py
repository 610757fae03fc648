# SPDX-License-Identifier: GPL-2.0-only
"""Building whole kernels: once, from a git tree, wrong ones, and one that is interrupted."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.kernel.build import ensure_kernel
from bench.kernel.checkout import keep_tree
from bench.kernel.kernel import built_kernels
from bench.kernel.name import read_name
from bench.kernel.tree import Tree
from bench.kernel.whole import recipe_of
from bench.model.steps import SILENT
from tests.kernels.conftest import BENCH, NAME, TESTED, Repository, bench, with_series


def test_the_second_call_builds_nothing(plain: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in plain.rglob("*")}
    ended = bench("kernel", "build", NAME)
    assert ended.out.splitlines() == ["7.3.4+live-update", str(plain)]
    assert {path: path.stat().st_mtime_ns for path in plain.rglob("*")} == before


def test_drivers_are_built_in_but_for_those_with_parameters(plain: Path) -> None:
    kernel = ensure_kernel(read_name(NAME))
    assert [path.stem for path in kernel.modules] == [
        "vdpa_sim",
        "vdpa_sim_blk",
        "vdpa_sim_net",
        "vp_vdpa",
        "vringh",  # for the simulators alone
    ]
    assert {"vhost_vdpa", "vduse", "iommufd", "vfio_pci"} <= kernel.builtin
    assert plain.joinpath("config").read_text().count("CONFIG_MEMCG=y\n") == 1


def test_an_option_that_does_not_survive_says_what_it_depends_on(
    plain: Path, tmp_path: Path
) -> None:
    (tmp_path / "lost.config").write_text("# CONFIG_VGA_ARB is not set\nCONFIG_VFIO_PCI_VGA=y\n")
    try:
        ended = bench("kernel", "build", NAME, "--config", tmp_path / "lost.config")
    finally:
        shutil.rmtree(Tree("7.3").out("lost"), ignore_errors=True)
    assert ended.code == 125
    assert "CONFIG_VFIO_PCI_VGA=y did not survive: it depends on" in ended.err
    assert "VGA_ARB" in ended.err and "(drivers/vfio/pci/Kconfig)" in ended.err


def test_a_tree_that_has_the_interface_is_taken_as_it_is(repository: Repository) -> None:
    keep_tree(Tree(TESTED), repository.path, "series", (), SILENT)
    origin = Tree(TESTED).origin()
    assert origin and origin.interface and origin.version == "7.3.4"
    recipe = recipe_of(read_name(TESTED), origin)
    assert (recipe.patches, recipe.series) == ((), "stock")


def test_the_first_error_of_the_compiler_is_named_with_its_file(repository: Repository) -> None:
    broken = bench("kernel", "build", TESTED, "--tree", repository.path, "--rev", "broken")
    assert broken.code == 125
    (line, hint) = broken.err.splitlines()[-2:]
    assert re.search(r"does not build: \S*init/main\.c:\d+:\d+: error: 'nothing'", line)
    assert "make.log" in hint


@pytest.fixture
def panics(plain: Path, tmp_path: Path) -> Iterator[str]:
    """A series that no kernel was built with yet: it does not boot."""
    lines = (with_series() / "drivers/vhost/vdpa.c").read_text().splitlines()
    token = str(time.time_ns())
    (tmp_path / "panics").mkdir()
    (tmp_path / "panics/0001-panic.patch").write_text(_appended(lines, token))
    yield f"{NAME}+{tmp_path}/panics"
    for kernel in built_kernels():
        if "+panics-" in kernel.path.name:
            shutil.rmtree(kernel.path)


def _appended(lines: list[str], token: str) -> str:
    """Return a patch that appends a function to a file."""
    name, last = "drivers/vhost/vdpa.c", len(lines)
    added = [
        "+static int __init planted(void)",
        "+{",
        f'+\tpanic("planted {token}");',
        "+}",
        "+late_initcall(planted);",
    ]
    context = [f" {line}" for line in lines[-3:]]
    head = [f"--- a/{name}", f"+++ b/{name}", f"@@ -{last - 2},3 +{last - 2},8 @@"]
    return "\n".join([*head, *context, *added, ""])


def test_an_interrupted_build_leaves_no_kernel_and_can_go_on(panics: str, tmp_path: Path) -> None:
    """Then the kernel does not boot: the last lines of its console say why."""
    log = Tree("7.3").out("plain") / "make.log"
    before = log.stat().st_mtime_ns
    with subprocess.Popen(
        [*BENCH, "kernel", "build", panics],
        stderr=subprocess.PIPE,
        text=True,
        # A job in the background has it ignored, and bench respects that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        while log.stat().st_mtime_ns == before or "  CC " not in log.read_text():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert not [each for each in built_kernels() if "+panics-" in each.path.name]
    make = subprocess.run(["pgrep", "--full", f"O={log.parent}"], capture_output=True, check=False)
    assert make.returncode == 1, "make goes on"
    ended = bench("kernel", "build", panics)
    assert ended.code == 0, ended.err
    assert ended.out.startswith("7.3.4+live-update+panics\n")
    words = ["--kernel", panics, "--clock", "icount", "--out", str(tmp_path / "run")]
    ended = bench("run", "smoke", *words)
    assert ended.code == 125
    assert "7.3.4+live-update+panics does not boot: the guest's kernel panicked" in ended.err
    assert "Kernel panic - not syncing: planted" in ended.err
