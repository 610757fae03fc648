# SPDX-License-Identifier: GPL-2.0-only
"""The templates and the examples in docs/ci.md: of the schemas, and of one mind with each other."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bench.paths import ROOT
from tests.unit.kernel.programs import program

CI = ROOT / "ci"
DOCUMENT = (ROOT / "docs/ci.md").read_text()
SCRIPTS = "".join(path.read_text() for path in CI.glob("*.sh"))


def parsed(text: str) -> dict[str, Any]:
    """YAML by 1.2, in which `on` is a name."""
    found = YAML(typ="safe", pure=True).load(text)
    assert isinstance(found, dict)
    return found


ACTION = parsed((CI / "action.yml").read_text())


def examples(section: str) -> list[str]:
    """The indented blocks of a section of the document."""
    text = DOCUMENT.split(f"\n## {section}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"(?:^    .*\n)+", text, re.M)
    assert blocks
    return [textwrap.dedent(block) for block in blocks]


def rows() -> dict[str, tuple[str, str]]:
    """Input and default of each variable, as the document has them."""
    cells = re.findall(r"^\| `(BENCH_CI_\w+)` \|(.*?)\|(.*?)\|", DOCUMENT, re.M)
    return {name: (one.strip(" `"), default.strip(" `")) for name, one, default in cells}


def check(schema: str, *paths: Path, words: tuple[str, ...] = ()) -> None:
    """Hold files against a schema that check-jsonschema brings along."""
    program = Path(sys.executable).with_name("check-jsonschema")
    command = [str(program), "--builtin-schema", f"vendor.{schema}", *words, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def workflows(tmp_path: Path) -> list[Path]:
    """The examples for GitHub as files; the short one has no trigger."""
    found = []
    for number, text in enumerate(examples("GitHub")):
        path = tmp_path / f".github/workflows/{number}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if text.startswith("on:") else f"on: push\n{text}")
        found.append(path)
    assert len(found) == 2
    return found


@pytest.mark.slow
def test_templates_and_examples_are_of_the_schemas(workflows: list[Path], tmp_path: Path) -> None:
    check("github-actions", CI / "action.yml")
    check("github-workflows", *workflows)
    (gitlab,) = examples("GitLab")
    (tmp_path / "gitlab.yml").write_text(gitlab)
    transform = ("--data-transform", "gitlab-ci")
    check("gitlab-ci", CI / "gitlab.yml", tmp_path / "gitlab.yml", words=transform)


@pytest.mark.slow
def test_a_workflow_with_a_mistake_is_not(workflows: list[Path]) -> None:
    workflows[0].write_text(workflows[0].read_text().replace("steps:", "step:"))
    with pytest.raises(AssertionError, match=r"step"):
        check("github-workflows", *workflows)


@pytest.mark.skipif(not shutil.which("actionlint"), reason="there is no actionlint here")
def test_actionlint_finds_nothing(workflows: list[Path]) -> None:
    done = subprocess.run(["actionlint", *workflows], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_five_lines_are_enough() -> None:
    short = [text for section in ("GitHub", "GitLab") for text in examples(section)[:1]]
    assert [len(text.splitlines()) for text in short] == [5, 5]


def test_examples_use_inputs_that_there_are() -> None:
    used: set[str] = set()
    for text in examples("GitHub"):
        for step in parsed(text)["jobs"]["pause"]["steps"]:
            if step["uses"].startswith("OWNER/"):
                assert (ROOT / step["uses"].split("@")[0].split("/")[2] / "action.yml").exists()
                used |= step.get("with", {}).keys()
    assert used and used <= ACTION["inputs"].keys()
    (gitlab,) = examples("GitLab")
    assert parsed(gitlab)["pause"]["extends"] in parsed((CI / "gitlab.yml").read_text())
    assert parsed(gitlab)["pause"]["variables"].keys() <= rows().keys()


def test_every_variable_is_documented_and_every_documented_one_is_read() -> None:
    read = set(re.findall(r"BENCH_CI_[A-Z_]+", SCRIPTS + (CI / "gitlab.yml").read_text()))
    assert read == rows().keys()
    assert set(re.findall(r"BENCH_CI_[A-Z_]+", DOCUMENT)) == rows().keys()
    (known,) = re.findall(r'^KNOWN="([^"]+)"', SCRIPTS, re.M)
    assert {f"BENCH_CI_{name}" for name in known.split()} == rows().keys()


def test_inputs_are_variables_with_the_same_defaults() -> None:
    (step,) = (each for each in ACTION["runs"]["steps"] if each.get("id") == "bench")
    handed = {
        name: found[1]
        for name, value in step["env"].items()
        if (found := re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", value))
    }
    described = {name: one for name, (one, _) in rows().items() if one}
    assert handed == described
    assert sorted(handed.values()) == sorted(ACTION["inputs"])
    settled = dict(re.findall(r'"\$\{(BENCH_CI_\w+):=([^$}"]*)\}"', SCRIPTS))
    for name, (one, default) in rows().items():
        if name in settled:
            assert settled[name] == default, name
        if one and one != "token":
            assert ACTION["inputs"][one]["default"] == default, name


def test_the_verdicts_are_those_of_the_scripts() -> None:
    words = set(re.findall(r"\bword=(\w+)", SCRIPTS))
    documented = re.findall(r"^\| `(\w+)` \| (\d+|others) \|", DOCUMENT, re.M)
    assert {word for word, _ in documented} == words
    said = ACTION["outputs"]["verdict"]["description"]
    assert set(re.split(r", | or ", said)) == words


def test_the_rule_of_udev_is_the_one_that_is_installed() -> None:
    (rule,) = examples("Times and KVM")
    assert rule.strip() in (CI / "99-bench-kvm.rules").read_text()


def test_results_are_where_the_templates_look_for_them() -> None:
    directory = rows()["BENCH_CI_DIR"][1]
    assert ACTION["outputs"]["directory"]["value"] == directory
    artifacts = parsed((CI / "gitlab.yml").read_text())[".bench"]["artifacts"]
    assert artifacts["paths"] == [f"{directory}/"]
    assert json.dumps(ACTION["runs"]["steps"][-1]).count(directory) == 2


def output_of(*command: str | Path, cwd: Path, **variables: str) -> str:
    """What a program prints, with these variables alone."""
    path = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        command, cwd=cwd, env=path | variables, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_action_calls_programs_that_there_are(tmp_path: Path) -> None:
    """One of them says what the cache depends on, wherever it is called."""
    called = set(re.findall(r"\$GITHUB_ACTION_PATH/([\w.]+)", (CI / "action.yml").read_text()))
    assert called == {"cache_key.sh", "job.sh"}
    assert all(os.access(CI / name, os.X_OK) for name in called)
    key = output_of(CI / "cache_key.sh", cwd=tmp_path)
    assert re.fullmatch(r"bench-[\w.-]+-[0-9a-f]{16}", key)
    shutil.copytree(CI, tmp_path / "ci")
    for name in ("kernel-config", "bench/guest", "bench/helper", "bench/kernel"):
        (tmp_path / name).mkdir(parents=True)
    assert output_of(tmp_path / "ci/cache_key.sh", cwd=tmp_path) != key


@pytest.mark.parametrize("elsewhere", [True, False])
def test_the_script_for_gitlab_runs_the_job(tmp_path: Path, elsewhere: bool) -> None:
    """Of a clone of bench, or of the project itself; both have a blank in their names."""
    project, source = tmp_path / "pro ject", tmp_path / "of bench"
    project.mkdir()
    there = source if elsewhere else project
    program(there / "ci", "job.sh", 'echo "job in $PWD"')
    for words in (
        ("init", "-q", "-b", "main"),
        ("add", "--all"),
        ("-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "-q", "-m", "x"),
    ):
        subprocess.run(["git", "-C", there, *words], check=True)
    job = parsed((CI / "gitlab.yml").read_text())[".bench"]
    variables = {"CI_PROJECT_DIR": str(project), "BENCH_CI_REVISION": "main"}
    variables |= {"BENCH_CI_SOURCE": f"file://{source}"} if elsewhere else {}
    script = "\n".join(job["script"])
    said = output_of("sh", "-e", "-c", script, cwd=project, TMPDIR=str(tmp_path), **variables)
    assert said == f"job in {project}"
