# SPDX-License-Identifier: GPL-2.0-only
"""A kernel of three files, and a git tree with two revisions of it."""

import subprocess
from pathlib import Path

MAKEFILE = "# SPDX\nVERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 4\nEXTRAVERSION =\n"
FILES = {
    "Makefile": MAKEFILE,
    "Kconfig": "config FIRST\n\tbool\n",
    "drivers/vhost/vdpa.c": "one\ntwo\nthree\n",
    "include/uapi/linux/vhost.h": "#define VHOST_SET_OWNER 1\n",
}


def lay(where: Path) -> Path:
    """Write the files of a kernel."""
    for name, text in FILES.items():
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        (where / name).write_text(text)
    return where


def git(where: Path, *words: str) -> str:
    """Run git as somebody, whatever the machine has configured."""
    identity = ["-c", "user.name=Some Body", "-c", "user.email=some@body.example"]
    done = subprocess.run(
        ["git", "-C", str(where), *identity, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(where: Path, message: str) -> str:
    """Commit all files of a directory; return the revision as bench writes it."""
    if not (where / ".git").exists():
        git(where, "init", "--quiet", "--initial-branch=main")
    git(where, "add", "--all")
    git(where, "commit", "--quiet", "--allow-empty", "-m", message)
    return git(where, "rev-parse", "--short=12", "HEAD")


def state(where: Path) -> dict[str, tuple[bytes, int]]:
    """Return content and time of every file of a directory."""
    return {
        str(path.relative_to(where)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(where.rglob("*"))
        if path.is_file()
    }
