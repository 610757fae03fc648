# SPDX-License-Identifier: GPL-2.0-only
"""Ask git about a series of patches, or the order of commits. Nothing of the tree is changed."""

from collections.abc import Sequence
from pathlib import Path

from bench.errors import MissingTool, UsageError
from bench.model.patch_series import PatchSeries
from bench.process import ProcessFailed, find_tool, run

_OPTION = "--range"
_BARE = ("--no-ext-diff", "--no-textconv")  # a tree's settings start no programs of theirs
_MOST = 40  # files in a diffstat: of more, the sum says enough
_SPELLING = "write A..B, as in v6.12..my-series"


def read_series(tree: Path, span: str) -> PatchSeries:
    """Count the commits of ``A..B`` in a git tree, merges aside, and ask for their diffstat.

    Files are compared with the commit in which B has left A, as `git format-patch` does.
    """
    first, last = _ends(span)
    _require_tool(_OPTION)
    _require_repository(tree, _OPTION)
    old, new = _commit(tree, first), _commit(tree, last)
    base = _left(tree, old, new, span)
    count = _count(tree, old, new)
    if not count:
        turned = f"{last or 'HEAD'}..{first or 'HEAD'}"
        hint = f"did you mean {turned}?" if _count(tree, new, old) else _SPELLING
        raise UsageError(f"{_OPTION}: no patch is in {span}", hint)
    try:
        said = _git(tree, "-c", "core.quotepath=true", "diff-tree", *_STAT, *_BARE, base, new)
    except ProcessFailed as error:
        hint = _PARTIAL.format(span) if "promisor" in error.output else "git fsck says what is lost"
        raise UsageError(f"{_OPTION}: {tree}: {_why(error)}", hint) from None
    return PatchSeries(base, count, _stat(said))


_PARTIAL = "it is a partial clone: git diff --stat {}, called in it, fetches what it lacks"


def _count(tree: Path, old: str, new: str) -> int:
    return int(_git(tree, "rev-list", "--count", "--no-merges", f"{old}..{new}"))


def _why(error: ProcessFailed) -> str:
    """Return what git died of, which may end in a colon and go on in the next line."""
    lines = error.output.strip().splitlines() or ["git says nothing"]
    died = next((at for at, line in enumerate(lines) if line.startswith("fatal: ")), 0)
    first, rest = lines[died].removeprefix("fatal: "), lines[died + 1 : died + 2]
    return f"{first} {rest[0].strip()}" if rest and first.endswith(":") else first


_STAT = ("-r", "-M", "--stat=72", f"--stat-count={_MOST}", "--summary")


def _stat(said: str) -> tuple[str, ...]:
    """Return the lines of a diffstat; of more files than a letter has room for, the first."""
    lines = said.splitlines()
    more = len(lines) - 2 * _MOST
    return (*lines[: 2 * _MOST], *([f" and {more} more lines"] if more > 0 else []))


def _ends(span: str) -> tuple[str, str]:
    """Split `A..B`; either may be left out, and is HEAD then, as git has it."""
    first, dots, last = span.partition("..")
    if not dots or not first + last or ".." in last or last.startswith("."):
        raise UsageError(f"{_OPTION}: '{span}' is no range of commits", _SPELLING)
    if not span.isprintable() or first.startswith("-") or last.startswith("-"):
        raise UsageError(f"{_OPTION}: {span!r} names no commits", _SPELLING)
    return first or "HEAD", last or "HEAD"


# git takes no settings of a tree that is another user's: they could start programs.
_OWNED = "if you trust its owner: git config --global --add safe.directory {}"


def _require_tool(option: str) -> None:
    try:
        find_tool("git", "git")
    except MissingTool as error:
        raise UsageError(f"{option}: {error.message}", error.hint) from None


def _require_repository(tree: Path, option: str) -> None:
    try:
        _git(tree, "rev-parse", "--git-dir")
    except ProcessFailed as error:
        said = _why(error)
        hint = _OWNED if "dubious ownership" in said else "name the kernel's git tree"
        raise UsageError(f"{option}: {tree}: {said}", hint.format(tree.resolve())) from None


def _commit(tree: Path, name: str) -> str:
    """Resolve a name to a commit's id, which git takes for nothing else."""
    try:
        return _git(tree, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").strip()
    except ProcessFailed:
        hint = _SHALLOW if _is_shallow(tree) else _SPELLING
        if not _git(tree, "for-each-ref", "--count=1").strip():
            hint = "nothing is committed in it: name the kernel's git tree"
        raise UsageError(f"{_OPTION}: {tree} has no commit '{name}'", hint) from None


def _left(tree: Path, old: str, new: str, span: str) -> str:
    try:
        return _git(tree, "merge-base", old, new).strip()
    except ProcessFailed:
        why = "the two have no commit in common"
        hint = _SHALLOW if _is_shallow(tree) else "name commits of one history"
        raise UsageError(f"{_OPTION}: {span}: {why}", hint) from None


_SHALLOW = "it is a shallow clone, which knows the last ones only: git fetch --unshallow"


def _is_shallow(tree: Path) -> bool:
    return _git(tree, "rev-parse", "--is-shallow-repository").strip() == "true"


def _git(tree: Path, *words: str) -> str:
    # A fetch of what a partial clone lacks is nothing to wait for.
    quiet = {"GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
    alone = ("--no-optional-locks", "--no-replace-objects", "-c", "core.fsmonitor=false")
    argv = ["git", *alone, "-C", str(tree), *words]
    return run(argv, env=quiet, timeout=120)


_AT_ONCE = 400  # commits that git is asked about in one call


def places_of_commits(tree: Path, commits: Sequence[str]) -> dict[str, int]:
    """Return the place of each commit in the tree, parents before children.

    By git's topological order, from the commit that all have in common. What the tree does not
    know has none. UsageError for what is no tree.
    """
    _require_tool("--order commit")
    _require_repository(tree, "--tree")
    names = dict.fromkeys(commits)
    known = {name: full for some in _chunks([*names]) for name, full in _resolved(tree, some)}
    if not known:
        return {}
    ends = sorted({*known.values()})
    try:
        base = [f"^{_git(tree, 'merge-base', '--octopus', *ends).strip()}^@"]
    except ProcessFailed:  # they have none in common, or git knows too few
        base = []
    lines = _git(tree, "rev-list", "--topo-order", "--reverse", *ends, *base).split()
    places = {commit: place for place, commit in enumerate(lines)}
    return {name: places[full] for name, full in known.items()}


def _chunks(names: list[str]) -> list[list[str]]:
    return [names[at : at + _AT_ONCE] for at in range(0, len(names), _AT_ONCE)]


def _resolved(tree: Path, names: list[str]) -> list[tuple[str, str]]:
    """Return the full ids of those commits that the tree knows."""
    try:
        words = [f"{name}^{{commit}}" for name in names]
        return [*zip(names, _git(tree, "rev-parse", *words).split(), strict=True)]
    except ProcessFailed:
        if len(names) == 1:
            return []
        half = len(names) // 2
        return [*_resolved(tree, names[:half]), *_resolved(tree, names[half:])]
