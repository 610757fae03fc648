# SPDX-License-Identifier: GPL-2.0-only
"""Parts of a run by the recipes of docs/spread.md: jobs of GitHub, and a loop over ssh."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bench.results.writer import Run, load
from tests.guest import test_elsewhere as elsewhere
from tests.guest.recipes import lay_bench, recipe
from tests.guest.test_elsewhere import free_port, require_same, started, wait_until
from tests.unit.kernel.programs import program

pytestmark = [pytest.mark.guest, pytest.mark.slow]

here = elsewhere.here
SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin")


def test_the_workflow_is_of_the_schema(tmp_path: Path) -> None:
    workflow = tmp_path / ".github/workflows/spread.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(recipe("on: workflow_dispatch", 4))
    check = Path(sys.executable).with_name("check-jsonschema")
    words = [str(check), "--builtin-schema", "vendor.github-workflows", str(workflow)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


class Runner:
    """A machine for one job: its steps run here, and artifacts are directories."""

    def __init__(self, place: Path, artifacts: Path) -> None:
        lay_bench(place)
        (place / "Makefile").write_text("setup:\n")
        self._place, self._artifacts = place, artifacts

    def run(self, job: dict[str, Any], part: int | None = None) -> None:
        for step in job["steps"]:
            self._step(YAML(typ="safe", pure=True).load(_filled(step, part)), job, part)

    def _step(self, step: dict[str, Any], job: dict[str, Any], part: int | None) -> None:
        action, given = step.get("uses", "").partition("@")[0], step.get("with", {})
        if "run" in step:
            variables = YAML(typ="safe", pure=True).load(_filled(job.get("env", {}), part))
            variables.pop("BENCH_DEBIAN_MIRROR", None)  # this machine's own will do
            variables = {**os.environ, **{name: str(value) for name, value in variables.items()}}
            words = ["bash", "-e", "-c", step["run"]]
            subprocess.run(words, cwd=self._place, env=variables, check=True)
        elif action == "actions/upload-artifact":
            shutil.copytree(self._place / given["path"], self._artifacts / given["name"])
        elif action == "actions/download-artifact":
            for each in self._artifacts.glob(given["pattern"]):
                shutil.copytree(each, self._place / each.name)
        else:
            assert action == "actions/checkout"


def _filled(node: Any, part: int | None) -> str:
    """Return a piece of a workflow as text, with the matrix's value for the only expression."""
    return json.dumps(node).replace("${{ matrix.part }}", str(part))


def test_jobs_of_github(here: Run, tmp_path: Path) -> None:
    workflow = YAML(typ="safe", pure=True).load(recipe("on: workflow_dispatch"))
    jobs = workflow["jobs"]
    assert [*jobs] == ["part", "whole"] and jobs["whole"]["needs"] == "part"
    for part in jobs["part"]["strategy"]["matrix"]["part"][:2]:
        Runner(tmp_path / f"job{part}", tmp_path / "artifacts").run(jobs["part"], part)
    Runner(tmp_path / "last", tmp_path / "artifacts").run(jobs["whole"])
    require_same(load(tmp_path / "artifacts/whole"), here)


@pytest.fixture
def hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A server of ssh whose ports are `host1` and `host2`, each with a home of its own."""
    assert SSHD is not None
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-N", "", "-f", tmp_path / name], check=True)
    server = [
        *(f"HostKey {tmp_path}/host", "PidFile none", "UsePAM no", "StrictModes no"),
        *(f"AuthorizedKeysFile {tmp_path}/user.pub", "PasswordAuthentication no"),
        "Subsystem sftp /usr/lib/openssh/sftp-server",
    ]
    client = [
        *(f"IdentityFile {tmp_path}/user", "IdentitiesOnly yes", "LogLevel ERROR"),
        *("StrictHostKeyChecking no", "UserKnownHostsFile /dev/null", "HostName 127.0.0.1"),
    ]
    matches = []
    for host in ("host1", "host2"):
        port = free_port()
        server.append(f"ListenAddress 127.0.0.1:{port}")
        lay_bench(tmp_path / host / "bench")
        at_home = f'cd {tmp_path}/{host} && exec sh -c "$SSH_ORIGINAL_COMMAND"'
        matches += [f"Match LocalPort {port}", f"ForceCommand {at_home}"]
        client += [f"Host {host}", f"Port {port}"]
    (tmp_path / "sshd").write_text("\n".join([*server, *matches, ""]))
    (tmp_path / "ssh").write_text("\n".join([*client, ""]))
    for name in ("ssh", "scp"):
        program(tmp_path / "programs", name, f'exec {shutil.which(name)} -F {tmp_path}/ssh "$@"')
    monkeypatch.setenv("PATH", str(tmp_path / "programs"), prepend=os.pathsep)
    with ExitStack() as stack:
        _make_directory(Path("/run/sshd"), stack)
        log = tmp_path / "sshd.log"
        stack.enter_context(started([SSHD, "-D", "-e", "-f", str(tmp_path / "sshd")], log))
        wait_until(lambda: log.read_text().count("listening") == 2)
        yield tmp_path


def _make_directory(path: Path, stack: ExitStack) -> None:
    """Make one that sshd insists on if it is root's; its service makes it, which may not run."""
    if os.geteuid() == 0 and not path.exists():
        path.mkdir(mode=0o755)
        stack.callback(path.rmdir)


@pytest.mark.skipif(SSHD is None, reason="there is no sshd here")
def test_a_loop_over_ssh(here: Run, hosts: Path) -> None:
    lay_bench(hosts)
    script = recipe("xargs -P 2 -I @ ssh")
    done = subprocess.run(["sh", "-e", "-c", script], cwd=hosts, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + (hosts / "sshd.log").read_text()
    assert (hosts / "host2/part2").is_dir() and not (hosts / "host1/part2").exists()
    require_same(load(hosts / "whole"), here)
