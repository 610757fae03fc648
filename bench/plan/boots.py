# SPDX-License-Identifier: GPL-2.0-only
"""Several boots: the unit of replication where kernels are compared (design, rule 3)."""

import random
from dataclasses import dataclass
from pathlib import Path

from bench.plan.matrix import balanced_order
from bench.plan.scenario import Scenario
from bench.results.series import SERIES

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
