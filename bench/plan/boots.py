# SPDX-License-Identifier: GPL-2.0-only
"""Plan several boots: the unit of replication where kernels are compared (design, rule 3)."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from bench.model.cell import Clock
from bench.plan.matrix import balanced_order
from bench.plan.scenario import Scenario
from bench.results.series import BOOTS, Series

_USUAL = "boot"
_LONGEST = 200  # bytes of a label; file systems take 255


@dataclass(frozen=True)
class Boot:
    """One boot of one kernel: its scenario, and where its run directory goes."""

    scenario: Scenario
    label: str
    number: int  # of its kernel, from 1
    kernel: int = 0  # its place among those that were named

    @property
    def place(self) -> str:
        """Return the path below the common directory, as in ``stock/01``."""
        return f"{self.label}/{self.number:02}"


def boots_of(scenario: Scenario) -> list[Boot]:
    """List the boots in the order in which they run, every kernel once a round: A B, B A, ...

    Each round has an order of its own, of kernels and of methods: the latter by a seed that is
    the scenario's for the first round and grows by one. All kernels of a round share it. Each
    boot has its part of the budget.
    """
    named = product(scenario.kernel or ("",), scenario.config or ("",))
    kernels = list(dict.fromkeys(named))
    labels = _labels(kernels)
    order = balanced_order(kernels, scenario.boots, random.Random(scenario.seed))
    return [
        Boot(
            _once(scenario, *kernel, turn, len(order)),
            labels[kernel],
            turn + 1,
            kernels.index(kernel),
        )
        for turn, kernel in ((place // len(kernels), kernel) for place, kernel in enumerate(order))
    ]


def places_of(boots: Sequence[Boot]) -> list[str]:
    """List where the boots go, all of a kernel after one another."""
    return [boot.place for boot in sorted(boots, key=lambda boot: (boot.kernel, boot.number))]


def series_of(
    scenario: Scenario, boots: Sequence[Boot], clock: Clock | None, shard: str = ""
) -> Series:
    """Describe the directory of these boots of a scenario, or of the part ``shard`` of them."""
    return Series(
        scenario=scenario.name,
        boots=(*places_of(boots),),
        plan=scenario.model_dump(mode="json"),
        clock=clock.value if clock else "",
        shard=shard,
    )


def _once(scenario: Scenario, kernel: str, config: str, number: int, boots: int) -> Scenario:
    changed = {
        "budget": scenario.budget and scenario.budget / boots,
        "kernel": (kernel,) if kernel else (),
        "config": (config,) if config else (),
        "boots": 1,
        "seed": scenario.seed + number,
    }
    return scenario.model_copy(update=changed)


def _labels(kernels: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Name a directory for each kernel: its series, without the directories that they are in."""
    labels: dict[tuple[str, str], str] = {}
    for kernel, config in kernels:
        base, colon, series = kernel.partition(":")
        if not colon or "/" in base:  # a path, whatever is in its name
            base, series = "", kernel
        names = "+".join(Path(each).name for each in series.split("+"))
        parts = [base, *(Path(each).stem for each in config.split("+")), names]
        name = _fit("-".join(filter(None, parts)))
        label, count = name, 1
        while label in (BOOTS, *labels.values()):
            count += 1
            label = f"{name}~{count}"
        labels[kernel, config] = label
    return labels


def _fit(name: str) -> str:
    """Make one name of a directory, which is neither a path as '..' nor hidden as '.a'."""
    plain = "".join(char if char.isprintable() else "_" for char in name)
    return plain.lstrip(".").encode()[:_LONGEST].decode(errors="ignore") or _USUAL
