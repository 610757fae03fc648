# SPDX-License-Identifier: GPL-2.0-only
"""Files that a worker keeps: each whole or not at all."""

import errno
import hashlib
import json
from pathlib import Path

import pytest

from bench.worker.block import measure_block
from bench.worker.files import CACHE, keep

CONTENT = b"a kernel"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE, str(tmp_path))
    return tmp_path


def full(path: Path, content: bytes) -> int:
    with path.open("wb") as handle:
        handle.write(content[:3])
    raise OSError(errno.ENOSPC, "No space left on device")


def test_what_a_worker_that_was_killed_has_begun_goes(place: Path) -> None:
    (place / f"{'0' * 64}.tmp").write_text("half")
    assert keep(CONTENT, DIGEST).read_bytes() == CONTENT
    assert {path.name for path in place.iterdir()} == {DIGEST, "lock"}


def test_what_was_damaged_on_its_way_is_not_kept(place: Path) -> None:
    with pytest.raises(ValueError, match="damaged on its way"):
        keep(CONTENT, "0" * 64)
    assert {path.name for path in place.iterdir()} == {"lock"}


def test_a_full_disk_is_said_with_its_place_and_left_as_it_was(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "write_bytes", full)
    monkeypatch.setattr("bench.worker.block._require", lambda *_: "qemu")
    job = {"qemu": "", "memory": 0, "files": {"kernel": DIGEST}}
    answer = json.loads(measure_block(json.dumps(job), CONTENT))
    assert answer["refused"] == f"{place}: No space left on device"
    assert {path.name for path in place.iterdir()} == {"lock"}
