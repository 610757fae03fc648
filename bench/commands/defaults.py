# SPDX-License-Identifier: GPL-2.0-only
"""Put a user's defaults where a command line says nothing, and say so."""

from dataclasses import replace

from bench.commands.outcome import Say
from bench.commands.run import RunOptions
from bench.errors import UsageError
from bench.model.settings import VARIABLES
from bench.model.units import format_size
from bench.paths import default_of
from bench.plan.scenario import load_scenario


def with_defaults(options: RunOptions, jobs: str | None, say: Say) -> RunOptions:
    """Complete what was asked for: jobs, and reps where the scenario has none of its own.

    Reps become a part of the command line that the run keeps: whoever repeats it without these
    defaults measures as many.
    """
    if jobs is None:
        default = default_of("jobs")
        options = replace(options, jobs=default.value, jobs_by=default.source)
    else:
        options = replace(options, jobs=jobs)
    if not options.resume:
        _say_left_out(options, say)
    reps = default_of("reps")
    if options.resume or not reps.source or "reps" in options.overrides:
        return options
    scenario = load_scenario(options.scenario, options.overrides)
    if "reps" in scenario.model_fields_set:
        if reps.source == VARIABLES["reps"] and str(scenario.reps) != reps.value:
            say(f"{reps.source}: {scenario.name} has reps = {scenario.reps}; --reps replaces it")
        return options
    overrides = {**options.overrides, "reps": reps.value}
    try:
        load_scenario(options.scenario, overrides)
    except UsageError as error:
        raise UsageError(error.message.replace("--reps", reps.source, 1), error.hint) from None
    say(f"reps: {reps.value}, by {reps.source}")
    arguments = [*options.arguments, "--reps", reps.value]
    return replace(options, overrides=overrides, arguments=arguments)


def _say_left_out(options: RunOptions, say: Say) -> None:
    """Say which tables beside the matrix are left out: --mem and --pages mean no others."""
    by = [f"--{field}" for field in ("mem", "pages") if field in options.overrides]
    if not by:
        return
    try:
        load_scenario(options.scenario, options.overrides)
        tables = load_scenario(options.scenario, {}).also
    except UsageError:  # which is said later
        return
    if tables:
        rows = ([*(each.pages or ()), *map(format_size, each.mem or ())] for each in tables)
        left = ", ".join(map(" ".join, rows))
        say(f"{' and '.join(by)}: without the rows beside the matrix ({left})")
