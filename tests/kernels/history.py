# SPDX-License-Identifier: GPL-2.0-only
"""A git tree of the kernel whose commits a bisection tells apart."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bench.kernel.tree import Tree
from tests.guest.gate_runs import Environment, git

Change = Callable[[str], str]


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


def counts_each_unpin(text: str) -> str:
    """Count in the kernel's own function what it unpins: two instructions a page."""
    begin = "void unpin_user_page(struct page *page)\n{\n"
    assert text.count(begin) == 1
    counters = "static unsigned long unpinned_pages, unpinned_bytes;\n\n"
    return text.replace(
        begin, f"{counters}{begin}\tunpinned_pages++;\n\tunpinned_bytes += PAGE_SIZE;\n"
    )


# Subjects of commits, in their order: what each changes, and how.
COMMITS: Mapping[str, tuple[str, Change]] = {
    "iotlb: say something": ("drivers/vhost/iotlb.c", comment),
    "virtio_ring: say something": ("drivers/virtio/virtio_ring.c", comment),
    "vhost-vdpa: count what is unpinned": ("drivers/vhost/vdpa.c", counts_each_page),
    "pipe: say something": ("fs/pipe.c", comment),
}
PLANTED = [*COMMITS].index("vhost-vdpa: count what is unpinned")


def commit_all(tree: Tree, repository: Path, env: Environment) -> None:
    """Make a repository of a tree of the cache as it is without patches, and of COMMITS on it."""
    repository.mkdir()
    git(repository, env, "init", "-q", "-b", "history")
    git(repository, env, "config", "gc.auto", "0")  # nothing goes on behind our back
    git(repository, env, "config", "core.compression", "1")
    with tree.locked():
        tree.patched_with((), tree.name)
        git(repository, env, "--work-tree", str(tree.source), "add", "--all", "--force")
    git(repository, env, "commit", "-q", "-m", "the kernel")
    git(repository, env, "reset", "-q", "--hard")
    for subject, (name, how) in COMMITS.items():
        change(repository, name, how)
        git(repository, env, "commit", "-q", "-a", "-m", subject)


def change(repository: Path, name: str, how: Change) -> None:
    """Change a file that is checked out."""
    path = repository / name
    path.write_text(how(path.read_text()))
