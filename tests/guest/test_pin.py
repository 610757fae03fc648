# SPDX-License-Identifier: GPL-2.0-only
"""Pin loops on a real kernel, held against the kernel's own program for it."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

from bench.executors.guest import GuestExecutor, page_steps
from bench.executors.guest_setup import GuestSetup
from bench.guest.initramfs import ensure_initramfs
from bench.kernel.config import load_config
from bench.kernel.packages import ensure_packages
from bench.model.cell import Backing, Block, Cell, Pages, Ptes, Rep
from bench.model.method import Method, Phase
from bench.model.units import MIB
from tests.guest.conftest import Bound

MEM = 128 * MIB
METHODS = (Method.IO_URING, Method.GUP_TEST, Method.IOTLB, Method.MLOCK, Method.POPULATE)


@pytest.fixture(scope="module")
def selftest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tools/testing/selftests/mm/gup_test.c of the guest's kernel, as it is."""
    source = ensure_packages(load_config()).source
    out = tmp_path_factory.mktemp("gup") / "gup_test"
    # All that it wants of vm_util.c, which wants newer headers than there may be.
    rest = out.with_name("rest.c")
    rest.write_text("unsigned int __page_size, __page_shift;\n")
    files = [str(source / "tools/testing/selftests/mm/gup_test.c"), str(rest)]
    gcc = shutil.which("gcc")
    assert gcc
    command = [gcc, "-O2", "-static", "-pthread", f"-I{source}", "-o", str(out), *files]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return out


@pytest.fixture(scope="module")
def executor(setup: GuestSetup, selftest: Path) -> Iterator[GuestExecutor]:
    initramfs = ensure_initramfs(setup.kernel, more={"gup_test": selftest})
    executor = GuestExecutor(replace(setup, initramfs=initramfs))
    yield executor
    executor.close()


def cell_of(method: Method, pages: Pages, ptes: Ptes) -> Cell:
    return Cell("sim-net-pa", method, MEM, pages, Backing.REAL, MEM, ptes)


def measured(
    executor: GuestExecutor, pages: Pages, ptes: Ptes, methods: tuple[Method, ...], reps: int = 2
) -> dict[Method, list[Rep]]:
    """Reps by method, without the warm-up."""
    cells = tuple(cell_of(method, pages, ptes) for method in methods)
    block = Block(cells, (methods[0], *methods * reps))
    reps_ = [item for item in executor.measure(block) if isinstance(item, Rep)][1:]
    return {method: [rep for rep in reps_ if rep.method is method] for method in methods}


def spans(reps: list[Rep]) -> tuple[float, float]:
    pin, unpin = ([rep.phases[phase] for rep in reps] for phase in (Phase.PIN, Phase.UNPIN))
    return median(pin), median(unpin)


@pytest.mark.parametrize(("pages", "flags"), [(Pages.SMALL, "-T"), (Pages.THP, "-t")])
def test_gup_test_agrees_with_the_kernels_own_program(
    executor: GuestExecutor, bound: Bound, setup: GuestSetup, pages: Pages, flags: str
) -> None:
    """Longterm pins, 512 pages a call, of shared memory that was touched before: 5 %."""
    ours = spans(measured(executor, pages, Ptes.WARM, (Method.GUP_TEST,), 4)[Method.GUP_TEST])
    guest = bound("sim-net-pa")
    guest.run("insmod /modules/gup_test_module.ko")
    for step in page_steps(cell_of(Method.GUP_TEST, pages, Ptes.WARM)):
        step.take(guest)
    guest.run(f"gup_test -L -S {flags} -n 512 -m {MEM // MIB} -r 5 >/dev/console 2>&1", 120)
    (console,) = setup.console.parent.glob("console-*.log")  # of the guest that runs
    said = console.read_text(errors="replace")
    found = re.findall(r"Time: get:(\d+) put:(\d+) us", said)
    assert len(found) == 5, said
    theirs = [median(int(pair[i]) * 1000 for pair in found[1:]) for i in (0, 1)]
    for phase, own, other in zip(("pin", "unpin"), ours, theirs, strict=True):
        assert own == pytest.approx(other, rel=0.05), (phase, ours, theirs)


@pytest.mark.parametrize("ptes", Ptes)
@pytest.mark.parametrize("pages", [Pages.SMALL, Pages.THP, Pages.HUGETLB_2M])
def test_all_ways_to_pin(executor: GuestExecutor, pages: Pages, ptes: Ptes) -> None:
    found = measured(executor, pages, ptes, METHODS)
    lockable = pages is not Pages.HUGETLB_2M  # mlock() leaves hugetlb pages alone
    assert all(len(reps) == 2 for m, reps in found.items() if m is not Method.MLOCK or lockable)
    assert len(found[Method.MLOCK]) == 2 * lockable
    for method in (Method.IO_URING, Method.IOTLB):
        assert {rep.pinned for rep in found[method]} == {MEM}
    assert {rep.pinned for rep in found[Method.POPULATE]} == {0}
    # vhost-vdpa unpins page by page, io_uring a huge page at once.
    ratio = spans(found[Method.IOTLB])[1] / spans(found[Method.IO_URING])[1]
    assert ratio > 50 if pages is not Pages.SMALL else ratio < 10
