# SPDX-License-Identifier: GPL-2.0-only
"""Report what is stored of a run when its measuring has ended, whatever ended it."""

import shlex

from bench.commands.outcome import Outcome
from bench.errors import EXIT_INTERRUPTED
from bench.report.table.section import Section
from bench.results.reader import read_facts
from bench.results.writer import Store, load

EXIT_GOOD, EXIT_FAILED, EXIT_CANNOT_JUDGE = 0, 1, 125


def interrupted_outcome(store: Store) -> Outcome:
    """Report what is stored of a run that was interrupted; without tables if it is again."""
    try:
        return outcome_of(store, interrupted=True)
    except KeyboardInterrupt:
        complaint = "interrupted: what was finished is kept"
        return Outcome(EXIT_INTERRUPTED, "", complaint, _go_on(store), interrupted=True)


def _go_on(store: Store) -> str:
    engine = read_facts(store.path / "run.json").executor.engine
    return f"go on: bench run --resume {store.path}" + f" --on {shlex.quote(engine)}" * bool(engine)


def outcome_of(store: Store, interrupted: bool = False) -> Outcome:
    """Report what is stored; the code says whether that is all that was to be measured."""
    from bench.report.table.contents import contents
    from bench.report.table.soak import soaks

    finished = load(store.path)
    failed = any(sample.status.startswith("failed") for sample in finished.samples)
    soaked = soaks(finished)
    code = EXIT_GOOD
    if interrupted:
        code = EXIT_INTERRUPTED
    elif failed or any(soak.leaks for soak in soaked):
        code = EXIT_FAILED
    elif not (finished.measured and all(soak.decided for soak in soaked)):
        code = EXIT_CANNOT_JUDGE
    report = (*contents(finished), Section(lines=(f"samples: {store.path}",)))
    if interrupted:
        kept = sum(sample.ok for sample in finished.samples)
        complaint = f"interrupted: {kept} samples of finished cells are kept"
        hint = _go_on(store)
        if soaked:
            hint = "begin it anew: a soak does not go on where it was interrupted"
        return Outcome(code, "", complaint, hint, report, interrupted=True, runs=(store.path,))
    complaint = "" if finished.measured else "nothing was measured"
    return Outcome(code, "", complaint, "", report, runs=(store.path,))
