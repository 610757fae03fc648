# SPDX-License-Identifier: GPL-2.0-only
"""The statistics of a patch series, in real repositories; what is no series, in one line."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.commands.git import read_series
from bench.errors import UsageError

WHO = {"NAME": "A", "EMAIL": "a@example.org", "DATE": "2026-01-01T00:00:00Z"}
IDENTITY = {
    f"GIT_{who}_{what}": text for who in ("AUTHOR", "COMMITTER") for what, text in WHO.items()
}


def git(tree: Path, *words: str) -> str:
    env = {**os.environ, **IDENTITY, "GIT_CONFIG_GLOBAL": "/dev/null"}
    argv = ["git", "-C", str(tree), *words]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(tree: Path, **files: str | bytes | None) -> str:
    """Write the files (None: remove) and commit them; the new commit's id."""
    for name, content in files.items():
        path = tree / name
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "--allow-empty", "-m", "a change")
    return git(tree, "rev-parse", "HEAD")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """main has one commit more than the three of `series` know."""
    path = tmp_path / "tree"
    path.mkdir()
    git(path, "init", "--quiet", "--initial-branch=main")
    commit(path, a="1\n2\n3\n", b="x\n" * 20, picture=b"\0\1")
    git(path, "tag", "start")
    git(path, "switch", "--quiet", "--create", "series")
    commit(path, a="1\n2\nthree\n")
    commit(path, a="1\n2\nthree\nfour\n", new="n\n", picture=b"\0\2")
    commit(path, b=None, renamed="x\n" * 20)
    git(path, "switch", "--quiet", "main")
    commit(path, elsewhere="not of the series\n")
    return path


STAT = """\
 a            |   3 ++-
 new          |   1 +
 picture      | Bin 2 -> 2 bytes
 b => renamed |   0
 4 files changed, 3 insertions(+), 1 deletion(-)
 create mode 100644 new
 rename b => renamed (100%)
"""


@pytest.mark.parametrize("span", ["start..series", "main..series", "refs/heads/main..series~0"])
def test_a_series(span: str, tree: Path) -> None:
    """Against the commit in which it left main, as its author sees it."""
    series = read_series(tree, span)
    assert series.base == git(tree, "rev-parse", "start")
    assert series.commits == 3
    assert [" ".join(line.split()) for line in series.stat] == [
        " ".join(line.split()) for line in STAT.splitlines()
    ]


def test_an_end_that_is_left_out_is_head(tree: Path) -> None:
    git(tree, "switch", "--quiet", "series")
    assert read_series(tree, "start..") == read_series(tree, "start..series")
    git(tree, "switch", "--quiet", "--detach", "start")
    assert read_series(tree, "..series") == read_series(tree, "start..series")


def test_merges_are_no_patches(tree: Path) -> None:
    git(tree, "switch", "--quiet", "series")
    git(tree, "merge", "--quiet", "--no-edit", "main")
    assert read_series(tree, "main..series").commits == 3


def test_a_series_in_a_directory_below_and_in_a_bare_repository(tree: Path, tmp_path: Path) -> None:
    (tree / "below").mkdir()
    git(tmp_path, "clone", "--quiet", "--bare", str(tree), "bare")
    wanted = read_series(tree, "start..series")
    assert read_series(tree / "below", "start..series") == wanted
    assert read_series(tmp_path / "bare", "start..series") == wanted


def test_odd_names_of_files(tree: Path) -> None:
    names = ["a\tb", "c\nd", "\u00e9", "diff --git", '"quoted"']
    commit(tree, **dict.fromkeys(names, "1\n"))
    found = read_series(tree, "HEAD~..HEAD")
    assert " 5 files changed, 5 insertions(+)" in found.stat
    assert all(line.isascii() and line.isprintable() for line in found.stat)
    assert sum("|" in line for line in found.stat) == 5


def test_settings_of_the_tree_start_nothing(tree: Path) -> None:
    """Neither its diff driver nor its hooks are programs of ours."""
    for key in ("diff.external", "core.fsmonitor", "diff.evil.textconv", "core.pager"):
        git(tree, "config", key, f"touch {tree}/ran; false")
    commit(tree, **{".gitattributes": "* diff=evil\n", "c": "1\n"})
    (tree / "ran").unlink(missing_ok=True)
    assert " 3 files changed, 2 insertions(+)" in read_series(tree, "HEAD~..HEAD").stat
    assert not (tree / "ran").exists()


def test_its_words_are_those_of_git(tree: Path) -> None:
    wanted = git(tree, "diff", "-M", "--stat=72", "--summary", "start..series")
    assert "\n".join(read_series(tree, "start..series").stat).strip() == wanted.strip()


def test_a_diffstat_of_very_many_files_ends(tree: Path) -> None:
    commit(tree, **{f"many-{n}": "1\n" for n in range(200)})
    found = read_series(tree, "HEAD~..HEAD").stat
    assert len(found) < 90 and " 200 files changed, 200 insertions(+)" in found
    assert found[-1].endswith("more lines")


@pytest.mark.skipif(os.geteuid() != 0, reason="a tree of another user: takes root")
def test_a_tree_of_another_user_says_what_git_wants(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (tree, *tree.rglob("*")):
        os.chown(path, 12345, 12345)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UsageError, match="dubious ownership") as caught:
        read_series(tree, "start..series")
    assert "safe.directory" in caught.value.hint


def test_another_repository_of_the_environment(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in `git rebase --exec` and in a hook, which export the place of theirs."""
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    assert read_series(tree, "start..series").commits == 3


BAD = {
    "--output=x": "is no range",
    "--output=x..series": "names no commits",
    "start..--output=x": "names no commits",
    "-..-": "names no commits",
    "": "is no range",
    "..": "is no range",
    "series": "is no range",
    "start...series": "is no range",
    "a..b..c": "is no range",
    "start..nowhere": "has no commit 'nowhere'",
    "nowhere..series": "has no commit 'nowhere'",
    "start..series\0": "names no commits",
    "start..a b\nc": "names no commits",
    "start..:a": "has no commit ':a'",
    "series..start": "no patch is in",
    "start..start": "no patch is in",
}


@pytest.mark.parametrize(("span", "said"), BAD.items())
def test_what_is_no_range(span: str, said: str, tree: Path) -> None:
    before = sorted(tree.iterdir())
    with pytest.raises(UsageError, match=r"^--range: ") as error:
        read_series(tree, span)
    assert said in error.value.message and "\n" not in error.value.message
    assert sorted(tree.iterdir()) == before


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(span=st.one_of(st.text(), st.from_regex(r"-[a-z-]*=?[a-z]*\.\.[a-z-]*", fullmatch=True)))
def test_any_text_is_a_range_or_a_line(span: str, tree: Path) -> None:
    try:
        read_series(tree, span)
    except UsageError as error:
        assert "\n" not in error.message


def test_two_histories(tree: Path) -> None:
    git(tree, "switch", "--quiet", "--orphan", "other")
    commit(tree, z="1\n")
    with pytest.raises(UsageError, match=r"start\.\.other: the two have no commit in common"):
        read_series(tree, "start..other")


def test_a_shallow_clone_says_what_it_lacks(tree: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{tree}", "shallow")
    with pytest.raises(UsageError, match="has no commit 'HEAD~1'") as caught:
        read_series(tmp_path / "shallow", "HEAD~1..HEAD")
    assert "git fetch --unshallow" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        read_series(tree, "nowhere..HEAD")
    assert "shallow" not in caught.value.hint


def test_a_partial_clone_says_how_to_fetch_the_rest(tree: Path, tmp_path: Path) -> None:
    """Nothing is fetched for a report: that may take long, and needs the network."""
    git(tree, "config", "uploadpack.allowFilter", "true")
    git(
        *(tmp_path, "clone", "--quiet", "--filter=blob:none", "--no-checkout"),
        *(f"file://{tree}", "partial", "--branch=series"),
    )
    with pytest.raises(UsageError, match="could not fetch") as caught:
        read_series(tmp_path / "partial", "HEAD~1..HEAD")
    assert "git diff --stat HEAD~1..HEAD" in caught.value.hint
    assert "\n" not in caught.value.message


def test_a_range_the_wrong_way_round_is_turned(tree: Path) -> None:
    with pytest.raises(UsageError, match=r"no patch is in series\.\.start") as caught:
        read_series(tree, "series..start")
    assert caught.value.hint == "did you mean start..series?"


def test_a_tree_without_a_commit_or_of_another_git(tree: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "empty")
    with pytest.raises(UsageError, match="has no commit 'HEAD~1'") as caught:
        read_series(tmp_path / "empty", "HEAD~1..HEAD")
    assert "nothing is committed" in caught.value.hint
    git(tree, "config", "core.repositoryFormatVersion", "1")
    git(tree, "config", "extensions.unheard", "true")
    with pytest.raises(UsageError, match="unknown repository extension found: unheard"):
        read_series(tree, "start..series")


def test_links_modes_submodules_and_bytes_that_are_no_text(tree: Path) -> None:
    """In git's own words, whatever the name of a file is."""
    (tree / "link").symlink_to("a")
    (tree / "a").chmod(0o755)
    (Path(os.fsdecode(os.fsencode(tree) + b"/latin\xe9.c"))).write_bytes(b"x")
    git(tree, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    git(tree, "add", "link", "a", "latin*")
    git(tree, "commit", "--quiet", "-m", "a change")
    said = "\n".join(read_series(tree, "HEAD~..HEAD").stat)
    assert "create mode 120000 link" in said and "create mode 160000 sub" in said
    assert "mode change 100644 => 100755 a" in said and '"latin\\351.c"' in said


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(UsageError, match="not a git repository"):
        read_series(tmp_path, "a..b")
    with pytest.raises(UsageError, match="No such file or directory"):
        read_series(tmp_path / "gone", "a..b")


def test_no_git(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match="git is not installed") as error:
        read_series(tree, "start..series")
    assert "package git" in error.value.hint
