# SPDX-License-Identifier: GPL-2.0-only
"""A CI system on this machine: its variables, a workspace, and a project with the branch."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from bench.paths import ROOT
from bench.results.crc import add_crc

REFERENCE = ROOT / "reports/reference/6.12/vmm-start"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "fedcba9876543210fedcba9876543210fedcba98"
PUSH = {"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main"}
PULL_REQUEST = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge"}
OTHER_BRANCH = {"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/feature/a"}
ON_TARGET = {"GITHUB_EVENT_NAME": "pull_request_target", "GITHUB_REF": "refs/heads/main"}


def planted(path: Path, factor: float) -> Path:
    """The reference run as if measured a day later, with every pause so many times as long."""
    shutil.copytree(REFERENCE, path)
    rows = []
    for line in (path / "samples.jsonl").read_text().splitlines():
        row = json.loads(line)
        del row["crc"]
        row["phases"] = {name: round(ticks * factor) for name, ticks in row["phases"].items()}
        row["pause"] = sum(row["phases"].values())
        rows.append(add_crc(json.dumps(row)) + "\n")
    (path / "samples.jsonl").write_text("".join(rows))
    whole = json.loads((path / "run.json").read_text())
    del whole["crc"]
    session = whole["sessions"][0]
    began = datetime.fromisoformat(session["began"]) + timedelta(days=factor)
    session["began"] = began.isoformat(timespec="seconds")
    (path / "run.json").write_text(add_crc(json.dumps(whole, indent=2)) + "\n")
    return path


@dataclass(frozen=True)
class Job:
    """How a job ended, and what it has told the CI system."""

    code: int
    text: str
    verdict: str
    summary: str


@dataclass
class Workspace:
    """A directory that jobs run in, one after the other, and the variables that they all have."""

    place: Path
    origin: Path
    variables: dict[str, str] = field(default_factory=dict)

    def job(self, run: Path | None = None, **variables: str) -> Job:
        """Run a job as GitHub would for a push to the default branch, unless variables differ."""
        told = {name: self.place / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for path in told.values():
            path.unlink(missing_ok=True)
        always = {
            "PATH": f"{self.place / 'programs'}:{os.environ['PATH']}",
            "HOME": str(self.place),
            "GIT_CONFIG_NOSYSTEM": "1",
            "BENCH_CI_NAME": "smoke",
        } | {name: str(path) for name, path in told.items()}
        github = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_SERVER_URL": f"file://{self.origin.parent.parent}",
            "GITHUB_REPOSITORY": f"{self.origin.parent.name}/{self.origin.stem}",
            "GITHUB_SHA": COMMIT,
            "BENCH_CI_DEFAULT_BRANCH": "main",
            **PUSH,
        }
        system = {} if "GITLAB_CI" in variables else github
        measured = {"BENCH_CI_RUN": str(run)} if run else {}
        done = subprocess.run(
            [ROOT / "ci/job.sh"],
            cwd=self.place,
            env=always | system | self.variables | measured | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        output, summary = (path.read_text() if path.exists() else "" for path in told.values())
        verdict = dict(line.split("=") for line in output.splitlines()).get("verdict", "")
        return Job(done.returncode, done.stdout, verdict, summary)

    def git(self, *words: str) -> str:
        """What git says in the bare repository; nothing where it fails."""
        command = ["git", "-C", str(self.origin), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def baseline(self, branch: str = "bench-data") -> str:
        return self.git("show", f"{branch}:smoke/baseline.json")

    def points(self, branch: str = "bench-data") -> list[str]:
        return self.git("ls-tree", "--name-only", branch, "smoke/history/").splitlines()

    def subjects(self, branch: str = "bench-data") -> list[str]:
        return self.git("log", "--format=%s", branch).splitlines()


MakeWorkspace = Callable[[], Workspace]


def lines(text: str, *words: str) -> Iterator[str]:
    """Lines that have all these words."""
    yield from (line for line in text.splitlines() if all(word in line for word in words))
