# SPDX-License-Identifier: GPL-2.0-only
"""What is checked before anything is fetched, built, booted or measured: one line each, exit 2."""

from pathlib import Path

import pytest

from tests.unit.command import Bench
from tests.unit.streams import write_lines


@pytest.fixture(autouse=True)
def nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be fetched or built goes where nothing can be."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def patches(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / "series"
    path.mkdir()
    if kind == "directory":
        (path / "1.patch").mkdir()
    if kind == "gone":
        (path / "1.patch").symlink_to(tmp_path / "nowhere")
    return path


@pytest.mark.parametrize("kernels", ["live-updaet", "live-update,live-updaet", "stock,a+b"])
def test_every_kernel_is_known(kernels: str, bench: Bench, tmp_path: Path) -> None:
    ended = bench("run", "smoke", "--kernel", kernels, "--boots", "2", "--out", tmp_path / "out")
    assert ended.code == 2
    assert ended.complaints[0].startswith("bench: --kernel: there is no series of patches '")
    assert len(ended.complaints) == 2
    assert not (tmp_path / "out").exists()
    assert not [*(tmp_path / "cache").glob("bench/[!j]*")]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("empty", "there is no series of patches"),
        ("directory", "1.patch: "),
        ("gone", "1.patch: No such file or directory"),
    ],
)
def test_every_patch_can_be_read(kind: str, said: str, bench: Bench, tmp_path: Path) -> None:
    series = patches(tmp_path, kind)
    ended = bench("run", "smoke", "--kernel", f"stock,{series}", "--out", tmp_path / "out")
    assert ended.code == 2
    assert said in ended.complaints[0]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere.toml"], "nowhere.toml"),
        (["smoke", "--kernel", "stock,"], "--kernel: 'stock,': a name is missing beside a comma"),
        (["smoke", "--kernel=7.3", "--config=,debug"], "--config: ',debug': a name is missing"),
        (["smoke", "--executor", "replay:nowhere"], "--executor: nowhere: No such file"),
        (["smoke", "--executor", "replay:."], "--executor: .: Is a directory"),
        (["smoke", "--executor", "gest"], "--executor: 'gest' is unknown"),
        (["smoke", "--device", "/dev/nowhere"], "--device: /dev/nowhere: No such file"),
        (["smoke", "--device", "/dev/null"], "--device: /dev/null is not a vhost-vdpa device"),
        (["smoke", "--jobs", "0"], "--jobs: '0' is neither auto nor a whole number"),
        (["smoke", "--jobs", "many"], "--jobs: 'many' is neither auto nor a whole number"),
        (["smoke", "--clock", "sundial"], "--clock: 'sundial'"),
    ],
)
@pytest.mark.parametrize("boots", ["1", "2"])
def test_what_is_named_is_there(
    boots: str, words: list[str], said: str, bench: Bench, tmp_path: Path
) -> None:
    """Also for several boots: none of them is begun."""
    ended = bench("run", *words, "--boots", boots, "--out", tmp_path / "out")
    assert ended.code == 2
    assert said in ended.complaints[0]
    assert len(ended.complaints) <= 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("boots", ["1", "2"])
def test_results_have_a_place_of_their_own(boots: str, bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    words = ["--boots", boots, "--executor", f"replay:{write_lines(tmp_path / 'r', [])}"]
    ended = bench("run", "smoke", *words, "--out", tmp_path / "out")
    assert (ended.code, ended.complaints[0]) == (2, f"bench: --out: {tmp_path / 'out'} exists")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]
