# SPDX-License-Identifier: GPL-2.0-only
"""Read Debian's archive with an apt configuration of our own, which lies in the cache.

The apt of this machine gives its mirror and its proxies; its lists, its cache and its packages
stay as they are, and no root is needed. Suites are spelled as in an apt source, one or several:
"trixie-backports", "trixie trixie-security". The newest package of them all is taken.
"""

import email
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import CannotJudge, MissingTool, UsageError
from bench.model.settings import MIRROR
from bench.model.steps import SILENT, Step, Steps
from bench.paths import cache_dir, cache_path, locked
from bench.process import ProcessFailed, find_tool, run

ARCH = "amd64"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# What reads the archive and unpacks its packages, with the Debian package of each.
PROGRAMS = {"apt-get": "apt", "dpkg-deb": "dpkg"}


@dataclass(frozen=True)
class Package:
    """What a package list says about a package."""

    name: str
    version: str
    size: int  # of the .deb, in bytes
    depends: str  # as it stands there: "linux-image-6.12.117+deb12-amd64 (= 6.12.117-1)"


def mirror() -> str:
    """Return the address of Debian's packages: the environment's, or that of this machine's apt.

    UsageError for an environment's that is no address, CannotJudge when there is none.
    """
    given = os.environ.get(MIRROR, "").rstrip("/")
    if given:
        if not re.fullmatch(r"[\w+]+:/\S+", given):
            hint = "http://HOST/debian is one"
            raise UsageError(f"{MIRROR}: '{given}' is not an address", hint)
        return given
    found = [uri for uri in _apt_sources() if re.search(r"/debian(\.list)?$", uri)]
    # Other projects' addresses end like this, too, but more often below a directory of their own.
    found.sort(key=lambda uri: not re.fullmatch(r"[^/]+//[^/]+/debian", uri))
    if not found:
        raise CannotJudge(
            "the apt sources of this machine name no mirror of Debian",
            f"set {MIRROR} to the address of one, as http://HOST/debian",
        )
    return found[0]


def _security(main: str) -> str:
    """Return the address of security updates: beside the mirror, where apt names no other."""
    if not os.environ.get(MIRROR):
        for uri in _apt_sources():
            if re.search(r"/debian-security(\.list)?$", uri):
                return uri
    return re.sub(r"(\.list)?$", r"-security\1", main, count=1)


def _apt_sources() -> list[str]:
    """Return the addresses that apt has packages of a component "main" from, as it reads them."""
    options = ["--no-release-info", "-o", "Dir::State::Lists=/dev/null"]  # it reads no list
    target = ["--format", "$(COMPONENT) $(REPO_URI)", "Created-By: Packages"]
    lines = run([find_tool("apt-get", "apt"), "indextargets", *options, *target])
    pairs = (line.partition(" ") for line in lines.splitlines())
    return [uri.rstrip("/") for component, _, uri in pairs if component == "main"]


def ready() -> str:
    """Return the mirror's address, if it can be used. Nothing is fetched.

    CannotJudge without a mirror, MissingTool without apt or Debian's keyring.
    """
    if not KEYRING.exists():
        raise MissingTool(
            f"{KEYRING} is missing, and packages are checked with it",
            "install the package debian-archive-keyring",
        )
    return mirror()


def newest(suites: str, name: str, update: bool = False) -> str:
    """Return the version of the newest package of that name.

    The lists are those of the last refresh(); they are fetched when there are none, or with
    ``update``. CannotJudge when there is no such package, or the mirror does not answer.
    """
    if update:
        refresh(suites)
    return lookup(suites, name).version


def lookup(suites: str, name: str) -> Package:
    """Return the newest package of that name, or the version of "name=version".

    As newest(): the network is used only where there are no lists.
    """
    if not has_lists(suites):
        refresh(suites)
    try:
        record = run([*_apt("apt-cache", suites), "show", "--no-all-versions", name])
    except ProcessFailed:
        record = ""
    fields = email.message_from_string(record)
    version, size = fields["Version"], fields["Size"]
    if not version or not size:
        raise CannotJudge(
            f"{name}: Debian's {suites} has no such package",
            "bench kernel --update reads the lists of packages anew",
        )
    return Package(name.partition("=")[0], version, int(size), fields["Depends"] or "")


def has_lists(suites: str) -> bool:
    """Tell whether the lists of packages were fetched, from the mirror of today."""
    try:
        return (_directory(suites) / "fetched").read_text() == sources(suites)
    except FileNotFoundError:
        return False


def refresh(suites: str, steps: Steps = SILENT) -> None:
    """Fetch the lists of packages that have changed.

    Lists are replaced whole, so that an interrupted call leaves the old ones. CannotJudge
    when the mirror does not answer or has no such suite, MissingTool without Debian's keyring.
    """
    ready()
    wanted = sources(suites)
    directory = cache_dir() / "apt" / _directory(suites).name
    for needed in ("lists/partial", "cache/archives/partial"):
        (directory / needed).mkdir(parents=True, exist_ok=True)
    with locked(directory / ".lock", steps), steps.at(Step.LISTS):
        (directory / "status").touch()
        _write(directory / "sources.list", wanted)
        _write(directory / "apt.conf", _configuration(directory))
        try:
            run([*_apt("apt-get", suites), "-q", "update"], timeout=900)
        except ProcessFailed as error:
            raise CannotJudge(
                f"cannot fetch the package lists of Debian's {suites}: {_reason(error)}",
                f"check the network; {MIRROR} names another mirror",
            ) from None
        _write(directory / "fetched", wanted)


def fetch_debs(suites: str, names: Sequence[str], where: Path, steps: Steps = SILENT) -> list[Path]:
    """Download packages, "name" or "name=version", into a directory; return them by name.

    Signatures and checksums are checked by apt. An old list may name what the mirror has no
    more: refresh() before. CannotJudge if one of them cannot be had; files are left then.
    """
    sizes = [lookup(suites, name).size for name in names]
    before = _bytes(where)

    def look() -> None:
        steps.reached(_bytes(where) - before)

    with steps.at(Step.FETCH, sum(sizes)):
        download = [*_apt("apt-get", suites), "-q", "download", *names]
        try:
            run(download, cwd=where, timeout=3600, watch=look)
        except ProcessFailed as error:
            raise CannotJudge(
                f"cannot download {names[0]} and what belongs to it: {_reason(error)}",
                "check the network; bench kernel --update reads the lists of packages anew",
            ) from None
    return sorted(where.glob("*.deb"))


def unpack(debs: Sequence[Path], where: Path) -> None:
    """Unpack packages over one another into a directory. None of their scripts runs."""
    for deb in debs:
        run([find_tool("dpkg-deb", "dpkg"), "-x", str(deb), str(where)])


def _directory(suites: str) -> Path:
    return cache_path() / "apt" / "+".join(suites.split())


def _apt(program: str, suites: str) -> list[str]:
    return [find_tool(program, "apt"), "-c", str(_directory(suites) / "apt.conf")]


def sources(suites: str) -> str:
    """Return a sources.list: only lists of packages, without translations and the like."""
    main = mirror()
    options = f"[arch={ARCH} target=Packages signed-by={KEYRING}]"
    lines = [
        f"deb {options} {_security(main) if suite.endswith('-security') else main} {suite} main\n"
        for suite in suites.split()
    ]
    return "".join(lines)


def _configuration(directory: Path) -> str:
    """Return an apt.conf, which apt reads after the machine's own.

    Hooks of the machine are cleared: they change what is not ours.
    """
    options = {
        "Dir::Etc::SourceList": directory / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::Etc::Preferences": "/dev/null",
        "Dir::Etc::PreferencesParts": "/dev/null",
        "Dir::State": directory,
        "Dir::State::Lists": directory / "lists",
        "Dir::State::status": directory / "status",
        "Dir::Cache": directory / "cache",
        "Dir::Cache::pkgcache": "",
        "Dir::Cache::srcpkgcache": "packages.bin",
        "Acquire::GzipIndexes": "true",
        "Acquire::PDiffs": "false",
        "Acquire::Retries": "3",
        "APT::Architecture": ARCH,
        "APT::Update::Error-Mode": "any",  # a list that is missing is an error
        "APT::Get::AllowUnauthenticated": "false",
        "APT::Sandbox::User": "root",  # no other user, who could not write to the cache
        "Debug::NoLocking": "true",
    }
    cleared = ["APT::Update", "APT::Architectures", "DPkg::Pre-Invoke", "DPkg::Post-Invoke"]
    lines = [f"#clear {name};" for name in cleared]
    return "\n".join([*lines, *(f'{name} "{value}";' for name, value in options.items()), ""])


def _write(path: Path, text: str) -> None:
    """Replace a file whole: who reads it meanwhile sees the old one or the new one."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(text)
    part.replace(path)


def _bytes(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.iterdir())


def _reason(error: ProcessFailed) -> str:
    """Return the first error of apt's output: those after it follow from it."""
    found = re.search(r"^E: (.*)$", error.output, re.MULTILINE)
    return found[1].strip() if found else error.message
