# SPDX-License-Identifier: GPL-2.0-only
"""The set-up: what it asks for on each system, where nothing is there yet."""

import shutil
import subprocess
from pathlib import Path

import pytest

from bench.kernel.config import load_config
from bench.paths import ROOT
from tests.unit.kernel.programs import program

TESTS_ONLY = ("clang", "ccache", "shellcheck", "sparse", "valgrind", "chromium")
SYSTEMS = {
    "bookworm": "ID=debian\nVERSION_CODENAME=bookworm\n",
    "trixie": "ID=debian\nVERSION_CODENAME=trixie\n",
    "sid": "ID=debian\n",
    "ubuntu": "ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n",
    "fedora": "ID=fedora\n",
    "rocky": 'ID="rocky"\nID_LIKE="rhel centos fedora"\n',
    "arch": "ID=arch\n",
    "tumbleweed": 'ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n',
    "other": "ID=other\n",
}


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A directory with no more programs than the script itself calls."""
    for tool in ("sh", "env", "id", "ls", "test"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    return tmp_path


def set_up(bare: Path, system: str, *what: str) -> "subprocess.CompletedProcess[str]":
    (bare / "os-release").write_text(SYSTEMS[system])
    # Of the script only its additions to the path are left out: they lead to this machine's.
    script = (ROOT / "bench/setup.sh").read_text().replace("PATH=$PATH:", "UNUSED=")
    (bare / "setup.sh").write_text(script)
    return subprocess.run(
        ["sh", str(bare / "setup.sh"), *what],
        env={"PATH": str(bare), "PYTHON": "python3", "OS_RELEASE": str(bare / "os-release")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("what", [[], ["tests"]])
@pytest.mark.parametrize(
    ("system", "command", "named"),
    [
        ("fedora", "sudo dnf install", "iproute glibc-static python3"),
        ("rocky", "sudo dnf install", "perl-Term-ANSIColor"),
        ("arch", "sudo pacman -S --needed", "busybox iproute2 glibc python"),
        ("tumbleweed", "sudo zypper install", "qemu-x86 glibc-devel-static"),
        ("other", "as Debian names it:", "qemu-system-x86 python3-venv"),
        ("trixie", "there is no apt-get here", "qemu-system-x86 python3-venv"),
    ],
)
def test_what_cannot_be_installed_is_named(
    system: str, command: str, named: str, what: list[str], bare: Path
) -> None:
    """In one line, which ends in the command to run, by the names of that system."""
    done = set_up(bare, system, *what)
    assert done.returncode == 125
    assert done.stderr.count("\n") == 1
    before, _, packages = done.stderr.partition(command)
    assert packages and before.startswith("bench: ")
    assert set(named.split()) <= set(packages.split())
    assert all((name in packages.lower()) == (what == ["tests"]) for name in TESTS_ONLY)
    assert ("kernels come from a tree here" in before) == (system != "trixie")
    assert ("gcc-1" in packages) == (system == "trixie")
    assert ("slurm-wlm" in packages) == (system == "trixie" and what == ["tests"])


@pytest.mark.parametrize("system", ["bookworm", "trixie", "sid", "ubuntu"])
def test_apt_is_asked_once_for_all(
    system: str, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The compiler is the one that kernel.toml names for this system."""
    program(bare, "apt-get", 'echo "apt-get $*"')
    program(bare, "sudo", 'exec "$@"')
    done = set_up(bare, system)
    assert done.returncode == 0, done.stderr
    printed, update, install = done.stdout.splitlines()
    assert printed.startswith("+ ") and "apt-get update" in printed
    assert update == "apt-get update -q"
    assert install.startswith("apt-get install -q -y --no-install-recommends qemu-system-x86 ")
    fields = dict(line.split("=") for line in SYSTEMS[system].splitlines())
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: fields)
    compilers = [name for name in install.split() if name.startswith("gcc-")]
    assert compilers == [load_config().host.compiler]
    assert {"flex", "bison", "bc", "make", "patch"} <= set(install.split())


def test_nothing_is_asked_for_where_all_is_there() -> None:
    done = subprocess.run(
        ["sh", str(ROOT / "bench/setup.sh")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
