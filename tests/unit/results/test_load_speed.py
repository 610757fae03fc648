# SPDX-License-Identifier: GPL-2.0-only
"""A run of a million samples loaded on one core: time and memory, from a tenth of them."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from bench.model.cell import Block, Plan
from bench.results.plan_record import plan_facts
from bench.results.writer import create
from tests.unit.runs import BLOCK, FACTS, numbered

SAMPLES = 100_000
REPS = 200  # of a method, the most that a scenario can have
PROMISED = 6e-6  # seconds of CPU a sample
BUSY = 4  # times as long on a slower machine that others use too
BYTES = 600  # a sample, at most

_LOADED = """
import json, sys, time
from pathlib import Path
from bench.results.writer import load

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024

before, began = peak(), time.process_time()
run = load(Path(sys.argv[1]))
spent = time.process_time() - began
whole = not run.damage and not run.missing
print(json.dumps([sum(map(len, run.by_cell.values())), whole, spent, peak() - before]))
"""


def block(number: int) -> Block:
    cells = tuple(replace(cell, mem=number << 20, file=number << 20) for cell in BLOCK.cells)
    return Block(cells, tuple(cell.method for cell in cells) * REPS)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run; no two reps of it have the same ticks."""
    blocks = [block(number) for number in range(1, SAMPLES // REPS // 2 + 1)]
    store = create(tmp_path_factory.mktemp("large") / "run", "large")
    plan = plan_facts(Plan("large", 1, tuple(blocks)))
    store.write_facts(structs.replace(FACTS, **plan))
    store.append(
        replace(numbered(rep + place * 1_000_000, method), rep=rep, cell=each.cell_of(method))
        for place, each in enumerate(blocks)
        for rep, method in enumerate(each.order)
    )
    store.close()
    return store.path


@pytest.mark.slow
def test_a_sample_takes_little_memory(large: Path, pytestconfig: pytest.Config) -> None:
    """And, which only a long run of the tests holds it to, few microseconds."""
    words = [sys.executable, "-c", _LOADED, str(large)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    count, whole, spent, grown = json.loads(done.stdout)
    assert (count, whole) == (SAMPLES, True)
    assert spent < SAMPLES * PROMISED * BUSY or not pytestconfig.getoption("--long")
    assert grown < SAMPLES * BYTES
