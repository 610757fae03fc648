# SPDX-License-Identifier: GPL-2.0-only
"""Find series of patches, and apply them to a tree without fuzz."""

import hashlib
import re
from collections.abc import Iterable
from email import message_from_string
from pathlib import Path

from bench.errors import CannotJudge, UsageError
from bench.paths import KERNEL_CONFIG
from bench.process import ProcessFailed, find_tool, run

STOCK = "stock"  # no patch at all
PATCHES = KERNEL_CONFIG / "patches"

Version = tuple[int, int]


def directory(series: str) -> Path:
    """Return the directory of a series: a path has a slash, a name is below patches/.

    A path becomes absolute: patch runs in another directory, and ``./`` alone has no name.
    """
    return Path(series).resolve() if "/" in series else PATCHES / series


def series_label(names: str) -> str:
    """Return the names of series without where they are: ``live-update+slower-unpin``."""
    return "+".join(directory(series).name for series in names.split("+"))


def names_of_series() -> list[str]:
    """List the series that come with bench."""
    return sorted(path.name for path in PATCHES.iterdir())


def subject_of(series: str) -> str:
    """Return what a series of ours is about: the subject of its cover letter, or only patch."""
    first = min(directory(series).rglob("*-*"), key=lambda path: path.name)
    subject = message_from_string(first.read_text())["Subject"]
    return re.sub(r"^\[.*?\] |\n", "", subject)


def check_series(names: str) -> None:
    """Refuse a series without patches, or with one that cannot be read: UsageError."""
    for series in names.split("+"):
        where = directory(series)
        if series != STOCK and not any(where.glob("*.patch")) and not _versions(where):
            known = names_of_series()
            raise UsageError(
                f"--kernel: there is no series of patches '{series}'",
                f"known are {', '.join([*known, STOCK])}, or a directory with a / in it, "
                "which has *.patch files",
            )
        for patch in where.rglob("*.patch") if series != STOCK else ():
            try:
                patch.open("rb").close()
            except OSError as error:
                raise UsageError(f"--kernel: {patch}: {error.strerror}") from None


def patches_of(names: str, version: Version) -> tuple[Path, ...]:
    """Return patches in the order in which they apply: by series, then by number.

    A series may have directories for versions of the kernel, as ``7.3``: then those of the
    newest that is not newer than ``version`` count, or the oldest.
    """
    found: list[Path] = []
    for series in names.split("+"):
        where = directory(series)
        if versions := _versions(where):
            fitting = [each for each in versions if each <= version] or [min(versions)]
            where = versions[max(fitting)]
        found += sorted(where.glob("*.patch"))
    return tuple(found)


def _versions(where: Path) -> dict[Version, Path]:
    named = ((re.fullmatch(r"(\d+)\.(\d+)", path.name), path) for path in where.glob("*"))
    return {(int(match[1]), int(match[2])): path for match, path in named if match}


def digest_of(files: Iterable[Path]) -> bytes:
    """Return a digest of files, as patches are: their names and what is in them."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.digest()


def apply_patches(tree: Path, patches: Iterable[Path], what: str = "the tree") -> None:
    """Apply patches in order, none with fuzz; CannotJudge names patch, file and hunk."""
    for patch in patches:
        _check_form(tree, patch)
        try:
            _patch(tree, patch)
        except ProcessFailed as error:
            why = _first_reject(error.output)
            raise CannotJudge(f"{patch.name} does not apply to {what}: {why}") from None


def _patch(tree: Path, patch: Path, *more: str) -> str:
    words = [find_tool("patch", "patch"), "-p1", "--fuzz=0", "--forward", "-r", "-", *more]
    return run([*words, "--no-backup-if-mismatch", "-i", str(patch)], cwd=tree)


def _check_form(tree: Path, patch: Path) -> None:
    """Refuse what would change a file that `files_of` does not see: nobody could take it back.

    The program patch reads more than we do, as context diffs.
    """
    try:
        said = _patch(tree, patch, "--dry-run")
    except ProcessFailed as error:
        said = error.output
    changed = re.findall(
        r"^checking (?:file|symbolic link) '?(.+?)'?(?: \(.*)?$", said, re.MULTILINE
    )
    if unseen := {*changed} - files_of(patch):
        raise CannotJudge(
            f"{patch.name} changes {min(unseen)} in a form that bench does not read",
            "make it with git format-patch, or with diff -u",
        )


def _first_reject(output: str) -> str:
    """Name the file and the hunk that patch stumbled over, else its first words."""
    file = ""
    for line in output.splitlines():
        if match := re.match(r"patching file '?(.+?)'?(?: \(.*)?$", line):
            file = match[1]
        elif match := re.match(r"Hunk #(\d+) FAILED at (\d+)", line):
            return f"{file}, hunk {match[1]} at line {match[2]}"
        elif "previously applied" in line:
            return f"{file} has it already"
        elif match := re.match(r"The next patch would create the file '?(.+?)'?,", line):
            return f"{match[1]} is there already"
        elif match := re.match(r"\|(?:---|\+\+\+) (?!/dev/null)[^/]*/([^\t]+)", line):
            return f"there is no {match[1]}"
    return output.strip().splitlines()[0].rpartition("**** ")[2] if output.strip() else "no output"


def files_of(patch: Path) -> set[str]:
    """Return the files that a patch changes, makes or removes, as paths in the tree.

    The first directory of a name is left out whatever it is called, as ``patch -p1`` does.
    """
    text = patch.read_text(errors="replace")
    pairs = re.findall(r"^--- ([^\t\n]+).*\n\+\+\+ ([^\t\n]+)", text, re.MULTILINE)
    # Of a file that is empty there is nothing else.
    pairs += re.findall(r"^diff --git (\S+) (\S+)$", text, re.MULTILINE)
    names = {name for pair in pairs for name in pair if "/" in name and name != "/dev/null"}
    return {name.partition("/")[2] for name in names}
