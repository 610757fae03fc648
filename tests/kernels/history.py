# SPDX-License-Identifier: GPL-2.0-only
"""A git tree of the kernel whose commits a bisection tells apart."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.kernel.tree import Tree
from tests.guest.gate_runs import Environment, git

# What nothing in a build of ours reads: a third of all bytes.
_LEFT_OUT = ("drivers/gpu/drm/amd/include/", "Documentation/devicetree/")
_VDPA = "drivers/vhost/vdpa.c"

Change = Callable[[str], str]


def lay(tree: Tree, to: Path) -> None:
    """Lay out the source of a tree of the cache as it is without patches.

    Files are links to those of the cache, but for those that patches change.
    """
    pristine = tree.path / "pristine"
    for at, directories, files in os.walk(tree.source):
        where = Path(at).relative_to(tree.source)
        (to / where).mkdir()
        linked = [name for name in directories if (Path(at) / name).is_symlink()]
        for name in filter(lambda name: _wanted(where / name), (*files, *linked)):
            changed = pristine / where / name
            source = changed if changed.is_file() else Path(at) / name
            _link(source, to / where / name)


def _wanted(path: Path) -> bool:
    """Tell whether a build for x86 reads a file: of other machines it reads Kconfig's."""
    top, *below = path.parts
    other = top == "arch" and len(below) > 1 and below[0] != "x86"
    left_out = other or str(path).startswith(_LEFT_OUT)
    return not left_out or path.name.startswith("Kconfig")


def _link(source: Path, target: Path) -> None:
    if source.is_symlink():
        target.symlink_to(source.readlink())
        return
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def comment(text: str) -> str:
    """Add a comment, of which no code comes."""
    return f"{text}\n/* Nothing to see here. */\n"


def breaks(text: str) -> str:
    """Add what no compiler takes."""
    return f"{text}\nint vhost_broken(void) {{ return here_is_nothing; }}\n"


def counts_each_page(text: str) -> str:
    """Count pages in the loop that unpins them: two instructions a page, of some 160.

    Where the series of bench has no line of context, so that it applies still.
    """
    fields = "\tstruct vdpa_device *vdpa;\n"
    page = "\t\t\tpage = pfn_to_page(pfn);\n\t\t\tif (map->perm & VHOST_ACCESS_WO)\n"
    assert text.count(fields) >= 1 and text.count(page) == 1
    counters = "\tu64 unpinned_pages;\n\tu64 unpinned_bytes;\n"
    text = text.replace(fields, fields + counters, 1)
    counting = "\t\t\tv->unpinned_pages++;\n\t\t\tv->unpinned_bytes += PAGE_SIZE;\n"
    first, second = page.splitlines(keepends=True)
    return text.replace(page, first + counting + second)


# Subjects of commits, in their order: what each changes, and how.
COMMITS: Mapping[str, tuple[str, Change]] = {
    "iotlb: say something": ("drivers/vhost/iotlb.c", comment),
    "virtio_ring: say something": ("drivers/virtio/virtio_ring.c", comment),
    "vhost-vdpa: count what is unpinned": (_VDPA, counts_each_page),
    "pipe: say something": ("fs/pipe.c", comment),
}
PLANTED = [*COMMITS].index("vhost-vdpa: count what is unpinned")


def change(repository: Path, name: str, how: Change) -> None:
    """Change a file; one that is a link to the cache's is replaced."""
    path = repository / name
    text = how(path.read_text())
    path.unlink()
    path.write_text(text)


def commit_all(repository: Path, env: Environment) -> None:
    """Make a repository of a directory: its files first, then COMMITS."""
    git(repository, env, "init", "-q", "-b", "history")
    fast = ("-c", "core.compression=1", "-c", "core.looseCompression=1")
    git(repository, env, *fast, "add", "--all", "--force")
    git(repository, env, "-c", "gc.auto=0", "commit", "-q", "-m", "the kernel")
    for subject, (name, how) in COMMITS.items():
        change(repository, name, how)
        git(repository, env, "commit", "-q", "-a", "-m", subject)
