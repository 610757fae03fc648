# SPDX-License-Identifier: GPL-2.0-only
"""A job from its beginning to its verdict: what it says, and what is on the branch then."""

import base64
import shutil
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from bench.paths import ROOT
from bench.sides import read_side, write_baseline
from tests.ci.jobs import (
    COMMIT,
    ON_TARGET,
    OTHER,
    OTHER_BRANCH,
    PULL_REQUEST,
    REFERENCE,
    Workspace,
    lines,
    planted,
)
from tests.unit.histories import stored
from tests.unit.kernel.programs import program

pytestmark = pytest.mark.slow


def test_the_first_run_makes_the_baseline(fresh: Workspace, whole_bench: dict[str, str]) -> None:
    job = fresh.job(REFERENCE, **whole_bench)
    assert (job.code, job.verdict) == (0, "first"), job.text
    assert "::notice title=bench::no baseline on bench-data yet" in job.text
    assert fresh.subjects() == [f"smoke: {COMMIT}: first [skip ci]"]
    assert '"bench_baseline"' in fresh.baseline() and len(fresh.points()) == 1
    assert (fresh.place / "bench-ci/page.html").exists()


def test_a_good_run_moves_it(begun: Workspace, good: Path) -> None:
    before = begun.baseline()
    job = begun.job(good, GITHUB_SHA=OTHER)
    assert (job.code, job.verdict) == (0, "good"), job.text
    assert begun.baseline() not in ("", before)
    assert len(begun.points()) == 2
    assert "2 no change" in job.summary
    groups = [*lines(job.text, "::group::")]
    assert len(groups) == len([*lines(job.text, "::endgroup::")]) - 1  # on the way out, in any case


def test_a_regression_ends_1_and_keeps_the_baseline(begun: Workspace, slow: Path) -> None:
    before = begun.baseline()
    job = begun.job(slow, GITHUB_SHA=OTHER)
    assert (job.code, job.verdict) == (1, "regression"), job.text
    assert [*lines(job.text, "::error", "regression")]
    assert "2 regression" in job.summary
    assert begun.baseline() == before
    assert len(begun.points()) == 2
    assert "<failure" in (begun.place / "bench-ci/gate.xml").read_text()


def test_it_can_be_accepted(begun: Workspace, slow: Path) -> None:
    job = begun.job(slow, GITHUB_SHA=OTHER, BENCH_CI_ACCEPT="yes")
    assert (job.code, job.verdict) == (0, "accepted"), job.text
    assert begun.git("show", "bench-data:smoke/reference") == "2026-11-27T13:00:38\n"
    assert begun.subjects()[0] == f"smoke: {OTHER}: accepted (regression) [skip ci]"
    again = begun.job(slow, GITHUB_SHA=OTHER)
    assert (again.code, again.verdict) == (0, "good"), again.text


def test_a_job_that_runs_twice_writes_once(begun: Workspace) -> None:
    before = begun.subjects()
    job = begun.job(REFERENCE)
    assert (job.code, job.verdict) == (0, "good"), job.text
    assert "all of it was on bench-data already" in job.text
    assert begun.subjects() == before


@pytest.mark.parametrize("event", [PULL_REQUEST, OTHER_BRANCH, ON_TARGET])
def test_what_is_proposed_is_judged_and_writes_nothing(
    begun: Workspace, slow: Path, event: dict[str, str]
) -> None:
    """Not even where it asks to be accepted."""
    before = begun.git("count-objects", "-v"), begun.subjects()
    job = begun.job(slow, BENCH_CI_ACCEPT="yes", **event)
    assert (job.code, job.verdict) == (1, "regression"), job.text
    assert (begun.git("count-objects", "-v"), begun.subjects()) == before


def test_a_proposal_before_there_is_a_baseline_is_told_so(fresh: Workspace) -> None:
    job = fresh.job(REFERENCE, **PULL_REQUEST)
    assert (job.code, job.verdict) == (0, "first"), job.text
    assert "::warning title=bench::no baseline on bench-data yet, nothing is judged" in job.text
    assert fresh.git("for-each-ref") == ""


def test_a_tag_named_as_the_default_branch_is_another(fresh: Workspace) -> None:
    assert fresh.job(REFERENCE, GITHUB_REF="refs/tags/main").code == 0
    assert fresh.git("for-each-ref") == ""


def test_a_branch_may_have_a_slash(fresh: Workspace) -> None:
    job = fresh.job(REFERENCE, BENCH_CI_BRANCH="data/of-bench")
    assert job.code == 0, job.text
    assert fresh.baseline("data/of-bench")


def test_a_remote_may_be_a_path_from_where_the_job_runs(fresh: Workspace) -> None:
    job = fresh.job(REFERENCE, BENCH_CI_REMOTE="../group/project.git", BENCH_CI_KEEP="yes")
    assert job.code == 0, job.text
    assert fresh.baseline()


def racing(workspace: Workspace, times: int) -> None:
    """Have somebody else push first, as often as that."""
    real = shutil.which("git")
    program(
        workspace.place / "programs",
        "git",
        f"""
        case " $* " in *" push "*) ;; *) exec {real} "$@" ;; esac
        case " $* " in *" --dry-run "*) exec {real} "$@" ;; esac
        n=$(cat "$HOME/races" 2>/dev/null || echo 0)
        echo $((n + 1)) >"$HOME/races"
        if [ "$n" -lt {times} ]; then
            cd "{workspace.origin}" || exit
            commit=$({real} -c user.name=x -c user.email=x@localhost commit-tree \
                -p bench-data -m "other $n" "bench-data^{{tree}}") || exit
            {real} update-ref refs/heads/bench-data "$commit" || exit
            cd - >/dev/null
        fi
        exec {real} "$@"
        """,
    )
    program(workspace.place / "programs", "sleep", "exit 0")


def test_who_comes_second_begins_again_on_top(begun: Workspace, good: Path) -> None:
    racing(begun, 2)
    job = begun.job(good, GITHUB_SHA=OTHER)
    assert (job.code, job.verdict) == (0, "good"), job.text
    assert begun.subjects()[:3] == [f"smoke: {OTHER}: good [skip ci]", "other 1", "other 0"]


def test_who_always_comes_second_gives_up(begun: Workspace, good: Path) -> None:
    racing(begun, 99)
    job = begun.job(good)
    assert (job.code, job.verdict) == (125, "unkept"), job.text
    assert "others pushed to bench-data 5 times in a row; run the job again" in job.text


def test_a_baseline_that_another_job_moved_stays(begun: Workspace, good: Path) -> None:
    other = Workspace(begun.place / "other", begun.origin, begun.variables)
    other.place.mkdir()
    assert other.job(good, GITHUB_SHA=OTHER).code == 0
    moved = begun.baseline()
    first = begun.git("rev-parse", "bench-data~1").strip()
    now = begun.git("rev-parse", "bench-data").strip()
    # The job fetches the old branch, and finds the new one when it pushes.
    begun.git("update-ref", "refs/heads/bench-data", first)
    real = shutil.which("git")
    move = f"{real} -C '{begun.origin}' update-ref refs/heads/bench-data {now}"
    program(
        begun.place / "programs",
        "git",
        f'{real} "$@"; code=$?; case " $* " in *" --dry-run "*) {move} ;; esac; exit $code',
    )
    job = begun.job(planted(begun.place / "mine", 1.0002))
    assert (job.code, job.verdict) == (0, "good"), job.text
    assert "another job has moved the baseline meanwhile: its baseline stays" in job.text
    assert begun.baseline() == moved
    assert len(begun.points()) == 3


def refuse(workspace: Workspace) -> None:
    program(workspace.origin / "hooks", "pre-receive", "echo protected >&2; exit 1")


def test_a_push_that_is_refused_is_not_judged_good(begun: Workspace, good: Path) -> None:
    refuse(begun)
    job = begun.job(good)
    assert (job.code, job.verdict) == (125, "unkept"), job.text
    said = "a push to bench-data was refused; give the job the right to write, see docs/ci.md"
    assert f"::error title=bench::{said}" in job.text and said in job.summary


def test_a_regression_stays_one_where_it_cannot_be_kept(begun: Workspace, slow: Path) -> None:
    refuse(begun)
    assert begun.job(slow).code == 1


def test_a_remote_that_cannot_be_pushed_to_is_said_before_measuring(begun: Workspace) -> None:
    begun.git("bundle", "create", str(begun.place / "read-only"), "bench-data")
    job = begun.job(REFERENCE, BENCH_CI_REMOTE=str(begun.place / "read-only"))
    assert (job.code, job.verdict) == (125, "failed"), job.text
    assert "branch bench-data cannot be pushed to**; give the job the right to write" in job.summary
    assert "::group::measure" not in job.text


def test_a_fork_reads_the_baseline_of_where_it_came_from(begun: Workspace, slow: Path) -> None:
    """GitHub names the repository that the change is proposed to; GitLab has a variable for it."""
    merge_request = {
        "GITLAB_CI": "true",
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_SERVER_URL": f"file://{begun.origin.parent.parent}",
        "CI_PROJECT_PATH": "fork/project",
        "CI_MERGE_REQUEST_PROJECT_PATH": "group/project",
        "CI_DEFAULT_BRANCH": "main",
        "CI_COMMIT_SHA": OTHER,
    }
    job = begun.job(slow, **merge_request)
    assert job.code == 1, job.text
    assert "bench: smoke: regression" in job.text and "::" not in job.text
    lost = begun.job(slow, BENCH_CI_REMOTE="no", **merge_request)
    assert lost.code == 125
    said = "bench: branch bench-data cannot be read; "
    assert f"{said}BENCH_CI_REMOTE names a repository: git init --bare no makes one" in lost.text
    far = begun.job(slow, BENCH_CI_REMOTE="file:///no/such.git", **merge_request)
    assert f"{said}see above; a repository that is not public needs a token" in far.text


def test_gitlab_keeps_what_is_on_the_default_branch(fresh: Workspace) -> None:
    gitlab = {
        "GITLAB_CI": "true",
        "CI_PIPELINE_SOURCE": "web",
        "CI_SERVER_URL": f"file://{fresh.origin.parent.parent}",
        "CI_PROJECT_PATH": "group/project",
        "CI_DEFAULT_BRANCH": "main",
        "CI_COMMIT_SHA": OTHER,
    }
    assert fresh.job(REFERENCE, CI_COMMIT_BRANCH="feature", **gitlab).code == 0
    assert fresh.subjects() == []
    assert fresh.job(REFERENCE, CI_COMMIT_BRANCH="main", **gitlab).code == 0
    assert fresh.subjects() == [f"smoke: {OTHER}: first [skip ci]"]


def grown(workspace: Workspace, steps: int) -> None:
    """Put a history on the branch that grew with every point, and its last as baseline."""
    kept = workspace.place / "kept"
    for number in range(steps):
        run = planted(workspace.place / f"run{number}", 1.002 ** max(0, number - 5))
        stored(kept / "smoke/history", number, read_side(run))
    write_baseline(read_side(run), kept / "smoke/baseline.json")
    who = ("-c", "user.name=x", "-c", "user.email=x@localhost")
    for words in (
        ("init", "-q"),
        ("add", "--all"),
        (*who, "commit", "-q", "-m", "Grown"),
        ("push", "-q", str(workspace.origin), "HEAD:refs/heads/bench-data"),
    ):
        subprocess.run(["git", "-C", kept, *words], check=True)


def test_many_small_steps_are_a_regression_until_accepted(
    fresh: Workspace, whole_bench: dict[str, str]
) -> None:
    """None of them is one by itself."""
    grown(fresh, 24)
    run = planted(fresh.place / "run", 1.002**19)
    job = fresh.job(run, **whole_bench)
    assert (job.code, job.verdict) == (1, "crept"), job.text
    assert "::error title=bench::many small steps are a regression" in job.text
    assert "<summary>History</summary>" in job.summary
    assert (fresh.place / "bench-ci/history.html").exists()
    accepted = fresh.job(run, BENCH_CI_ACCEPT="yes")
    assert (accepted.code, accepted.verdict) == (0, "accepted"), accepted.text
    assert fresh.job(run).verdict == "good"


def test_a_directory_of_others_is_not_removed(fresh: Workspace) -> None:
    (fresh.place / "bench-ci").mkdir()
    (fresh.place / "bench-ci/thesis").touch()
    job = fresh.job(REFERENCE)
    assert job.code == 2
    assert "no job of bench made it; name another in BENCH_CI_DIR" in job.text
    assert (fresh.place / "bench-ci/thesis").exists()


def test_what_fails_to_measure_has_its_own_exit_code(fresh: Workspace) -> None:
    program(fresh.place, "bench", "echo 'bench: no room' >&2; exit 125")
    job = fresh.job(BENCH_CI_BENCH=str(fresh.place / "bench"))
    assert (job.code, job.verdict) == (125, "failed")
    assert "**bench: nothing is judged: bench run ended with 125**; see above" in job.summary


def test_options_are_words_and_no_patterns(fresh: Workspace) -> None:
    program(fresh.place, "bench", 'printf "<%s>" "$@"; echo; exit 9')
    job = fresh.job(
        BENCH_CI_BENCH=str(fresh.place / "bench"), BENCH_CI_OPTIONS="--mem 1G  --pages *"
    )
    assert "<run><smoke><--clock><icount><--mem><1G><--pages><*><--out><bench-ci/new>" in job.text
    assert job.code == 9


def test_a_tree_is_built_and_named_by_its_own_commit(fresh: Workspace) -> None:
    program(fresh.place, "bench", 'printf "<%s>" "$@"; echo; [ $1 = kernel ]')
    (fresh.place / "linux").mkdir()
    job = fresh.job(
        BENCH_CI_BENCH=str(fresh.place / "bench"), BENCH_CI_TREE="linux", BENCH_CI_COMMIT=COMMIT
    )
    assert "<kernel><build><ci><--tree><linux>" in job.text
    assert "<--kernel><ci:live-update>" in job.text


def test_what_is_missing_is_set_up(fresh: Workspace) -> None:
    program(fresh.place / "programs", "make", 'printf "<%s>" "$@"; exit 7')
    job = fresh.job(REFERENCE, BENCH_CI_BENCH=str(fresh.place / "none"))
    assert f"<--no-print-directory><-C><{ROOT}><setup>" in job.text
    assert job.code == 7


def test_kvm_is_opened_by_a_rule_of_udev(fresh: Workspace) -> None:
    """A directory cannot be opened for writing, whoever tries."""
    (fresh.place / "kvm").mkdir()
    for name in ("udevadm", "install"):
        program(fresh.place / "programs", name, f'echo "{name} $*"')
    program(fresh.place / "programs", "sudo", 'exec "$@"')
    program(fresh.place, "bench", "exit 125")
    wall = {"BENCH_CI_CLOCK": "wall", "BENCH_CI_BENCH": str(fresh.place / "bench")}
    asked = [*lines(fresh.job(None, BENCH_CI_KVM="kvm", **wall).text, "udev")]
    assert asked[0] == f"install -m 0644 {ROOT}/ci/99-bench-kvm.rules /etc/udev/rules.d/"
    assert "udevadm trigger --name-match=kvm" in asked
    none = fresh.job(None, BENCH_CI_KVM="none", **wall)
    assert "::warning title=bench::no none: this runner has no KVM" in none.text


class Challenger(BaseHTTPRequestHandler):
    """A server that asks for a password and then refuses it."""

    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.seen.append(self.headers.get("Authorization", ""))
        self.send_response(403 if self.seen[-1] else 401)
        self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Say nothing."""


def test_the_token_is_for_git_alone(fresh: Workspace) -> None:
    """It is in no file, and bench is not told it."""
    program(fresh.place / "programs", "make", "env")
    with ThreadingHTTPServer(("127.0.0.1", 0), Challenger) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        job = fresh.job(
            REFERENCE,
            BENCH_CI_BENCH="none",
            BENCH_CI_TOKEN="secret",
            GITHUB_SERVER_URL=f"http://127.0.0.1:{server.server_port}",
        )
        server.shutdown()
    assert job.code == 125 and "branch bench-data cannot be read" in job.text
    basic = base64.b64encode(b"x-access-token:secret").decode()
    assert Challenger.seen[:2] == ["", f"Basic {basic}"]
    assert "GITHUB_SHA=" in job.text and "secret" not in job.text
    files = [path for path in fresh.place.rglob("*") if path.is_file()]
    assert files and not [path for path in files if b"secret" in path.read_bytes()]
