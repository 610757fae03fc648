# SPDX-License-Identifier: GPL-2.0-only
"""The archive's packages, by the apt of this machine: from a mirror on the disk, and from none."""

import hashlib
import os
import subprocess
from email.utils import formatdate
from pathlib import Path

import pytest

from bench.errors import CannotJudge, MissingTool, UsageError
from bench.kernel import archive
from bench.kernel.archive import fetch_debs, has_lists, lookup, mirror, newest, refresh, unpack
from bench.model.settings import MIRROR
from bench.model.steps import Step
from tests.unit.kernel.programs import program
from tests.unit.streams import Notes


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no mirror of whoever runs the tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(MIRROR, raising=False)
    return tmp_path / "cache/bench"


def deb(pool: Path, name: str, version: str) -> Path:
    """Make a package with one file, which says its version."""
    tree = pool / f"{name}.tree"
    (tree / "DEBIAN").mkdir(parents=True, exist_ok=True)
    (tree / name).write_text(f"{version}\n")
    control = {"Package": name, "Version": version, "Architecture": "amd64"}
    control |= {"Maintainer": "nobody", "Description": "test", "Depends": "other (= 1)"}
    lines = "".join(f"{key}: {value}\n" for key, value in control.items())
    (tree / "DEBIAN/control").write_text(lines)
    path = pool / f"{name}_{version}_amd64.deb"
    subprocess.run(["dpkg-deb", "--build", str(tree), str(path)], check=True, capture_output=True)
    return path


def index(root: Path, suite: str, debs: list[Path]) -> None:
    """Write the list of a suite's packages, and the Release file that has its checksum."""
    records = ""
    for path in debs:
        control = subprocess.run(
            ["dpkg-deb", "-f", str(path)], check=True, capture_output=True, text=True
        ).stdout
        data = path.read_bytes()
        place = f"Filename: {path.relative_to(root)}\nSize: {len(data)}\n"
        records += f"{control}{place}SHA256: {hashlib.sha256(data).hexdigest()}\n\n"
    listed = records.encode()
    where = root / "dists" / suite
    (where / "main/binary-amd64").mkdir(parents=True, exist_ok=True)
    (where / "main/binary-amd64/Packages").write_bytes(listed)
    checksum = f" {hashlib.sha256(listed).hexdigest()} {len(listed)} main/binary-amd64/Packages"
    date = formatdate(usegmt=True)
    head = f"Suite: {suite}\nDate: {date}\nComponents: main\nArchitectures: amd64\n"
    (where / "Release").write_text(f"{head}SHA256:\n{checksum}\n")


@pytest.fixture
def unsigned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror with two suites, the newer package in the second."""
    root = tmp_path / "mirror/debian"
    pool = root / "pool"
    pool.mkdir(parents=True)
    index(root, "one", [deb(pool, "kernel", "1.9")])
    index(root, "two", [deb(pool, "kernel", "1.10"), deb(pool, "source", "3")])
    monkeypatch.setenv(MIRROR, f"file:{root}")
    return root


@pytest.fixture
def trusted(unsigned: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same mirror, taken without Debian's signature."""
    signed = archive.sources
    key = f"signed-by={archive.KEYRING}"
    monkeypatch.setattr(
        archive, "sources", lambda suites: signed(suites).replace(key, "trusted=yes")
    )
    return unsigned


class Bytes(Notes):
    """Keeps the bytes that were promised."""

    total = -1

    def step_begins(self, step: Step, total: int, of: str) -> None:
        super().step_begins(step, total, of)
        self.total = total


def test_packages_are_found_fetched_and_unpacked(trusted: Path, tmp_path: Path) -> None:
    assert newest("one", "kernel") == "1.9"
    assert lookup("one two", "kernel").version == "1.10"
    assert lookup("one two", "kernel").depends == "other (= 1)"
    debs, root, steps = tmp_path / "debs", tmp_path / "root", Bytes()
    debs.mkdir()
    root.mkdir()
    fetched = fetch_debs("one two", ["source", "kernel=1.9"], debs, steps)
    assert [path.name for path in fetched] == ["kernel_1.9_amd64.deb", "source_3_amd64.deb"]
    assert steps.begun == steps.ended == [Step.FETCH]
    assert steps.total == sum(path.stat().st_size for path in fetched)
    unpack(fetched, root)
    assert (root / "kernel").read_text() == "1.9\n"


def test_lists_stay_until_they_are_asked_for_anew(trusted: Path) -> None:
    assert not has_lists("two")
    assert newest("two", "kernel") == "1.10"
    index(trusted, "two", [deb(trusted / "pool", "kernel", "1.11")])
    assert has_lists("two")
    assert newest("two", "kernel") == "1.10"
    assert newest("two", "kernel", update=True) == "1.11"


def test_lists_of_another_mirror_are_not_those_of_this_one(
    trusted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert newest("two", "kernel") == "1.10"
    monkeypatch.setenv(MIRROR, f"file:{trusted.parent}/other")
    assert not has_lists("two")
    with pytest.raises(CannotJudge, match="cannot fetch the package lists of Debian's two"):
        lookup("two", "kernel")


def test_nothing_of_this_machine_is_read_but_its_mirror(trusted: Path, cache: Path) -> None:
    """The configuration that apt ends up with names no file of its own."""
    refresh("two")
    conf = cache / "apt/two/apt.conf"
    dump = subprocess.run(
        ["apt-config", "-c", str(conf), "dump"], check=True, capture_output=True, text=True
    ).stdout
    values = dict(line.split(" ", 1) for line in dump.splitlines() if " " in line)
    for name in ("Dir::State", "Dir::State::lists", "Dir::State::status", "Dir::Cache"):
        assert str(cache / "apt/two") in values[name]
    assert values["Dir::Etc::sourceparts"] == values["Dir::Etc::preferencesparts"] == '"/dev/null";'
    assert not any("Invoke" in name for name in values if values[name] != '"";')


@pytest.mark.parametrize("name", ["nothing", "kernel=7", "kernel nothing"])
def test_a_package_that_is_not_there(name: str, trusted: Path, tmp_path: Path) -> None:
    with pytest.raises(CannotJudge, match="Debian's two has no such package") as caught:
        fetch_debs("two", ["source", name], tmp_path)
    assert name in caught.value.message and "--update" in caught.value.hint
    assert not list(tmp_path.glob("*.deb"))


def test_a_package_that_the_mirror_has_no_more(trusted: Path, tmp_path: Path) -> None:
    newest("two", "kernel")
    (trusted / "pool/kernel_1.10_amd64.deb").unlink()
    (tmp_path / "debs").mkdir()
    with pytest.raises(CannotJudge, match="cannot download kernel") as caught:
        fetch_debs("two", ["kernel"], tmp_path / "debs")
    assert "--update" in caught.value.hint


def test_a_package_that_is_damaged(trusted: Path, tmp_path: Path) -> None:
    newest("two", "kernel")
    path = trusted / "pool/kernel_1.10_amd64.deb"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    (tmp_path / "debs").mkdir()
    with pytest.raises(CannotJudge, match="Hash Sum mismatch"):
        fetch_debs("two", ["kernel"], tmp_path / "debs")


def test_what_debian_has_not_signed_is_refused(unsigned: Path) -> None:
    with pytest.raises(CannotJudge, match=r"cannot fetch .* 'file:\S* two Release' is not signed"):
        lookup("two", "kernel")
    assert not has_lists("two")


def test_a_suite_that_is_not_there(trusted: Path) -> None:
    with pytest.raises(CannotJudge, match="cannot fetch the package lists of Debian's three"):
        refresh("three")


def test_lists_that_cannot_be_fetched_leave_those_of_before(trusted: Path) -> None:
    newest("two", "kernel")
    packages = trusted / "dists/two/main/binary-amd64/Packages"
    index(trusted, "two", [deb(trusted / "pool", "kernel", "1.11")])
    packages.unlink()
    with pytest.raises(CannotJudge, match="cannot fetch the package lists"):
        refresh("two")
    assert newest("two", "kernel") == "1.10"


@pytest.mark.slow
def test_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MIRROR, "http://127.0.0.1:9/debian")  # nobody listens
    with pytest.raises(CannotJudge, match="Could not connect") as caught:
        refresh("trixie")
    assert MIRROR in caught.value.hint


def test_no_keyring(unsigned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "KEYRING", tmp_path / "none.gpg")
    with pytest.raises(MissingTool, match=r"none.gpg is missing") as caught:
        refresh("two")
    assert caught.value.hint == "install the package debian-archive-keyring"


def sources(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    """Have the machine's apt read these sources."""
    (tmp_path / "parts").mkdir()
    (tmp_path / f"parts/test.{suffix}").write_text(text)
    conf = f'Dir::Etc::SourceList "/dev/null";\nDir::Etc::SourceParts "{tmp_path}/parts";\n'
    (tmp_path / "apt.conf").write_text(conf)
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))


FIELDS = """\
Types: deb deb-src
URIs: https://packages.example/linux/debian http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main
"""
LINES = """\
# deb http://off.example/debian bookworm main
deb [arch=amd64] https://packages.example/linux/debian bookworm main
deb http://chat.example/debian bookworm stable
deb http://mirror.example/debian/ bookworm main contrib
deb http://security.example/debian-security bookworm-security main
"""


@pytest.mark.parametrize(("text", "suffix"), [(FIELDS, "sources"), (LINES, "list")])
def test_the_mirror_of_the_machine(
    text: str, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In both formats, and not the address of some other project's packages."""
    sources(tmp_path, text, monkeypatch, suffix)
    assert mirror() == "http://mirror.example/debian"
    assert "http://security.example/debian-security " in archive.sources("trixie-security")
    monkeypatch.setenv(MIRROR, "http://own.example/debian/")
    assert mirror() == "http://own.example/debian"
    assert "http://own.example/debian-security " in archive.sources("trixie-security")


def test_a_mirror_that_is_a_list_of_mirrors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = "mirror+file:/etc/apt/mirrors/debian.list"
    sources(tmp_path, f"deb {listed} bookworm main\n", monkeypatch, "list")
    assert mirror() == listed
    assert "/etc/apt/mirrors/debian-security.list " in archive.sources("trixie-security")


def test_no_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources(tmp_path, "deb http://archive.example/ubuntu noble main\n", monkeypatch, "list")
    with pytest.raises(CannotJudge, match="name no mirror of Debian") as caught:
        mirror()
    assert f"set {MIRROR}" in caught.value.hint


@pytest.mark.parametrize("text", ["mirror.example", "http://a b/debian", "/srv/debian"])
def test_a_mirror_that_is_no_address(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MIRROR, text)
    with pytest.raises(UsageError, match="is not an address"):
        mirror()


def test_no_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv(MIRROR, "http://own.example/debian")
    with pytest.raises(MissingTool, match="apt-get is not installed"):
        refresh("trixie")


def test_a_download_tells_the_bytes_that_came(
    trusted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest("two", "kernel")
    program(tmp_path / "bin", "apt-get", "head -c 4096 /dev/zero >a.deb; sleep 0.8; exit 100")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    debs = tmp_path / "debs"
    debs.mkdir()
    (debs / "before").write_text("x")
    came: list[int] = []
    steps = Bytes()
    monkeypatch.setattr(steps, "reached", came.append)
    with pytest.raises(CannotJudge, match="cannot download"):
        fetch_debs("two", ["kernel"], debs, steps)
    assert came and set(came) == {4096}
    assert not steps.ended
