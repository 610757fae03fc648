# SPDX-License-Identifier: GPL-2.0-only
"""Several boots: the unit of replication where kernels are compared (design, rule 3)."""

import random
from dataclasses import dataclass
from pathlib import Path

from bench.plan.matrix import balanced_order
from bench.plan.scenario import Scenario
from bench.results.writer import SERIES

_USUAL = "boot"
_LONGEST = 200  # bytes of a label; file systems take 255


@dataclass(frozen=True)
class Boot:
    """One run of a series: a scenario of one boot of one kernel, and where it goes."""

    scenario: Scenario
    label: str
    number: int  # of its kernel, from 1

    @property
    def place(self) -> str:
        return f"{self.label}/{self.number:02}"


def series_of(scenario: Scenario) -> list[Boot]:
    """Every kernel once a round, in an order of its own each: A B, B A, ...

    In each round the methods run in another order too, the same for all of its kernels.
    """
    kernels = list(dict.fromkeys(scenario.kernel)) or [""]
    labels = _labels(kernels)
    order = balanced_order(kernels, scenario.boots, random.Random(scenario.seed))
    return [
        Boot(_once(scenario, kernel, turn), labels[kernel], turn + 1)
        for turn, kernel in ((place // len(kernels), kernel) for place, kernel in enumerate(order))
    ]


def runs_below(path: Path) -> list[Path]:
    """The run directories that a path stands for: itself, or those of one kernel of a series.

    In the order in which they ran: 100 comes after 99, and not after 10.
    """
    try:
        if not (path / "run.json").exists():
            below = [each.parent for each in path.glob("*/run.json")]
            return sorted(below, key=lambda run: (len(run.name), run.name)) or [path]
    except OSError:  # whoever reads the path says what is wrong with it
        pass
    return [path]


def took_turns(base: Path, new: Path) -> bool:
    """They are two kernels of one series; a file beside their directories is neither."""
    try:
        sides = [path.resolve() for path in (base, new)]
        parent = sides[0].parent
        return (
            all(side.parent == parent and side.is_dir() for side in sides)
            and (parent / SERIES).exists()
        )
    except OSError:
        return False


def _once(scenario: Scenario, kernel: str, number: int) -> Scenario:
    changed = {"kernel": (kernel,) if kernel else (), "boots": 1, "seed": scenario.seed + number}
    return scenario.model_copy(update=changed)


def _labels(kernels: list[str]) -> dict[str, str]:
    """Fit for a directory's name: the series without the directories that they are in."""
    labels: dict[str, str] = {}
    for kernel in kernels:
        name = _fit("+".join(Path(series).name for series in kernel.split("+")))
        label, count = name, 1
        while label in (SERIES, *labels.values()):
            count += 1
            label = f"{name}~{count}"
        labels[kernel] = label
    return labels


def _fit(name: str) -> str:
    """One name below the directory of the series: '..' is a path, and what begins so is hidden."""
    plain = "".join(char if char.isprintable() else "_" for char in name)
    return plain.lstrip(".").encode()[:_LONGEST].decode(errors="ignore") or _USUAL
