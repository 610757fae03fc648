# SPDX-License-Identifier: GPL-2.0-only
"""Name the functions by which cells of a comparison changed; profiles may be made for it."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from bench.commands.outcome import Say
from bench.errors import BenchError, CannotJudge
from bench.gate.compare import GateOptions, Sides
from bench.gate.judge import Judged, Judgement
from bench.kernel.kernel import built_kernels
from bench.measure.profiles import profiled_again
from bench.measure.progress import show_progress
from bench.model.cell import Cell, Clock
from bench.model.units import number_of
from bench.profile.functions import CellFunctions, functions_of
from bench.profile.profile import Profile
from bench.results.reader import read_facts
from bench.results.series import runs_below
from bench.sides import Side, cell_name, explain, keys_of
from bench.stats.decision import Verdict

_CHANGED = (Verdict.REGRESSION, Verdict.IMPROVEMENT)


def explained(
    question: GateOptions, sides: Sides, judgement: Judgement, say: Say | None = None
) -> Judgement:
    """Explain the cells that changed and that have a profile on both sides.

    With ``--explain`` profiles are made of what regressed, where a side has none. Whatever that
    comes to, verdicts and exit code stay: what could not be explained is said in a line.
    """
    changed = _changed(sides, judgement)
    wanted = {cell for cell, judged in changed.items() if judged.regressed}
    base, why_base = _functions(question.base, sides.base, changed, wanted, question.explain, say)
    also = question.explain and not why_base  # a profile of one side explains nothing
    new, why_new = _functions(question.new, sides.new, changed, wanted, also, say)
    found = {
        judged.name: explain(cell, base[cell], new[cell], judged.decision.ratio - 1)
        for cell, judged in changed.items()
        if cell in base and cell in new and judged.decision
    }
    cells = tuple(replace(cell, explanation=found.get(cell.name)) for cell in judgement.cells)
    why = "; ".join(dict.fromkeys(filter(None, (why_base, why_new))))
    return replace(judgement, cells=cells, unexplained=why)


def _changed(sides: Sides, judgement: Judgement) -> dict[Cell, Judged]:
    """Return the cells that became slower or quicker, where instructions were counted."""
    if sides.new.unit != Clock.ICOUNT.unit:
        return {}
    cells = [key for key in keys_of(sides.base, sides.new) if isinstance(key, Cell)]
    judged = {cell.name: cell for cell in judgement.cells}
    return {
        cell: found
        for cell in cells
        if (found := judged[cell_name(cell)]).decision and found.decision.verdict in _CHANGED
    }


def _functions(
    path: Path,
    side: Side,
    cells: Collection[Cell],
    wanted: Collection[Cell],
    make: bool,
    say: Say | None,
) -> tuple[Mapping[Cell, CellFunctions], str]:
    """Return the functions of cells on one side, and why some that were wanted are not there."""
    found: dict[Cell, CellFunctions] = {}
    try:
        found |= {cell: stored for cell in cells if (stored := side.functions(cell))}
        missing = [cell for cell in cells if cell in wanted and cell not in found]
        if say and make and missing:
            say(f"{number_of(len(missing), 'cell')} of {path} to be profiled")
            made = profile_cells(path, missing, say)
            found |= {cell: functions_of(profile) for cell, profile in made.items()}
            if left := [cell_name(cell) for cell in missing if cell not in made]:
                return found, f"{path} has no profile of {', '.join(left)}"
    except BenchError as error:
        hint = f" ({error.hint})" if error.hint else ""
        return found, f"{error.message}{hint}"
    return found, ""


def profile_cells(path: Path, cells: Collection[Cell], say: Say) -> dict[Cell, Profile]:
    """Make a profiled pass of some cells of a run, on the kernel that they were measured on.

    Nothing of it is kept. A cell that cannot be profiled is not in the result, and ``say`` is
    told why. CannotJudge says why there is no pass: it is no run of a guest that counted
    instructions, its kernel is gone, or QEMU has no plugins.
    """
    run = _run_to_profile(path)
    with show_progress(say, [{}]) as display:
        return profiled_again(run, cells, display)


def _run_to_profile(path: Path) -> Path:
    """Return the first run of a side; CannotJudge if its cells cannot be measured again."""
    if not path.is_dir():
        hint = "make it of a run with profiles: bench report RUN --format baseline"
        raise CannotJudge(f"{path}: a file that keeps no profile", hint)
    run = runs_below(path)[0]
    facts = read_facts(run / "run.json")
    if facts.executor.name != "guest" or facts.clock is not Clock.ICOUNT:
        raise CannotJudge(f"{run}: only a guest that counts instructions is profiled")
    digest = facts.executor.kernel_digest
    if not any(kernel.path.name.endswith(f"-{digest}") for kernel in built_kernels()):
        raise CannotJudge(f"{run}: its kernel {facts.executor.kernel} is not in the cache")
    return run
