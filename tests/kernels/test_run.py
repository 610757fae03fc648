# SPDX-License-Identifier: GPL-2.0-only
"""What is measured on 7.3: the methods of all three families, proven in one boot."""

from itertools import product
from pathlib import Path

from tests.kernels.conftest import NAME, bench, measured

METHODS = "reset-owner new-owner vfio-remap vfio-vaddr iommufd-remap iommufd-process exec-only"


def test_smoke_passes_its_proofs(plain: Path, tmp_path: Path) -> None:
    ended = bench("run", "smoke", "--kernel", NAME, "--clock", "icount", "--out", tmp_path / "run")
    assert ended.code == 0, ended.err
    assert len(measured(tmp_path / "run")) >= 10
    assert "7.3.4+live-update" in (tmp_path / "run/run.json").read_text()


def test_all_methods_are_proven_in_one_boot(plain: Path, tmp_path: Path) -> None:
    """iommufd's two are to be had on no kernel of Debian's."""
    words = ["--mem", "64M", "--pages", "thp,hugetlb-2m", "--reps", "2", "--clock", "icount"]
    out = tmp_path / "run"
    ended = bench("run", "reference", "--kernel", NAME, *words, "--out", out)
    assert ended.code == 0, ended.err
    cells = {(row["method"], row["pages"]) for row in measured(out)}
    assert cells == set(product(METHODS.split(), ("thp", "hugetlb-2m")))


def test_vduse_suspends_where_its_daemon_can(plain: Path, tmp_path: Path) -> None:
    """Suspending is a message to the daemon, and not the clock being read twice."""
    words = ["--device", "vduse-suspend", "--reps", "2", "--clock", "icount"]
    out = tmp_path / "run"
    ended = bench("run", "smoke", "--kernel", NAME, *words, "--out", out)
    assert ended.code == 0, ended.err
    found = measured(out)
    assert len(found) == 4
    assert all(row["phases"]["suspend"] > 10_000 for row in found)
