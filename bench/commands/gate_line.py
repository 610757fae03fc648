# SPDX-License-Identifier: GPL-2.0-only
"""Define the command line of `bench gate`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bench.commands.begin import raise_signals, say, undo_leftovers
from bench.commands.options import (
    AaOption,
    BaseArgument,
    ExplainOption,
    FloorOption,
    ForceOption,
    KtapOption,
    MustSeeOption,
    NewOrNoneArgument,
    PlanOption,
    ThresholdOption,
)
from bench.commands.outcome import Outcome
from bench.errors import UsageError

STEP = "--kernel-from-tree"  # makes a step of `git bisect run` of bench gate


def gate(
    base: BaseArgument,
    new: NewOrNoneArgument = None,
    threshold: ThresholdOption = "",
    floor: FloorOption = "",
    aa: AaOption = None,
    max_pause: Annotated[str, typer.Option(help="No pause above it: 100ms, or 20Mi")] = "",
    must_see: MustSeeOption = "",
    plan: PlanOption = False,
    strict: Annotated[bool, typer.Option("--strict", help="Undecided is 125")] = False,
    force: ForceOption = False,
    explain: ExplainOption = False,
    confirm: Annotated[bool, typer.Option("--confirm", help="Measure regressions again")] = False,
    self_test: Annotated[bool, typer.Option("--self-test", help="Can it turn red?")] = False,
    annotate: Annotated[bool, typer.Option("--annotations", help="For GitHub")] = False,
    ktap: KtapOption = False,
    junit: Annotated[Path | None, typer.Option(help="JUnit XML, one case a cell")] = None,
    markdown: Annotated[Path | None, typer.Option(help="For a job summary")] = None,
    json_: Annotated[Path | None, typer.Option("--json", help="All of it")] = None,
    tree: Annotated[
        Path | None, typer.Option(STEP, help="NEW is this kernel: build it, measure it as BASE")
    ] = None,
    rev: Annotated[str, typer.Option(help="A revision of that tree; without: as it lies")] = "",
    out: Annotated[Path | None, typer.Option(help="Where its run is kept, else removed")] = None,
) -> Outcome:
    """Judge each cell of NEW by BASE.

    The exit code is 0 good, 1 regression, 125 cannot judge.
    """
    from bench.commands import gate as gating
    from bench.commands.bisect import TreeOptions, gate_tree
    from bench.gate.compare import GateOptions

    raise_signals()
    asked = GateOptions(
        *(base, new or base, threshold, floor, aa, max_pause, must_see, strict, force, explain)
    )
    files = gating.Files(junit, markdown, json_, ktap=ktap)
    if ktap and (tree or plan or self_test or annotate):
        raise UsageError("--ktap is of BASE and NEW", "leave out what prints something else")
    if tree:
        if new or self_test or plan:
            raise UsageError(f"{STEP} is NEW", "leave NEW, --self-test and --plan out")
        undo_leftovers()
        wanted = TreeOptions(tree, rev, out, sys.argv[1:])
        return gate_tree(asked, wanted, files, confirm, annotate, say)
    if rev or out:
        raise UsageError(f"--rev and --out are of {STEP}", "leave them out")
    if plan:
        if new or self_test:
            raise UsageError("--plan is of BASE", "leave NEW and --self-test out")
        return gating.plan(asked)
    if self_test:
        if new:
            raise UsageError("--self-test is of BASE", "leave NEW out")
        return gating.self_test(asked)
    if new is None:
        raise UsageError("NEW is missing", "bench gate BASE NEW, or bench gate BASE --self-test")
    return gating.gate(asked, files, confirm, annotate, say)
