# SPDX-License-Identifier: GPL-2.0-only
"""Read the command line: the only module that prints or exits.

Heavy imports wait for their command: ``bench --help`` answers at once.
"""

import json
import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer
import typer.main

from bench.commands.begin import interrupted, raise_signals, require_room, say, undo_leftovers
from bench.commands.completion_line import ASKED, completion, man
from bench.commands.examples import epilog
from bench.commands.factors import with_factors
from bench.commands.gate_line import STEP, gate
from bench.commands.kernel_line import kernel
from bench.commands.list_line import list_
from bench.commands.merge_line import merge
from bench.commands.options import (
    NOT_FIELDS,
    AaOption,
    AddOption,
    AgainstOption,
    BaseArgument,
    BudgetOption,
    CellOption,
    CommitOption,
    CommitsOption,
    ConfigsOption,
    CreepOption,
    DateOption,
    ExplainOption,
    ExportOption,
    FloorOption,
    ForceOption,
    FormatOption,
    HeldAgainstOption,
    HistoryFormatOption,
    JobsOption,
    KernelsOption,
    KindOption,
    LeastOption,
    NewArgument,
    OnOption,
    OrderOption,
    PhaseOption,
    PlanOfRunOption,
    PointsArgument,
    ProfiledArgument,
    ProfileFormatOption,
    RangeOption,
    ReferenceOption,
    RepsOption,
    RunFormatOption,
    RunsArgument,
    SchemaOption,
    SecondsOption,
    ShardOption,
    StyleOption,
    ThresholdOption,
    TreeOption,
)
from bench.commands.outcome import Outcome, unexpected
from bench.commands.version import versions
from bench.errors import EXIT_INTERRUPTED, BenchError, CannotJudge, EndsBisection, UsageError
from bench.model.limits import BOOTS, SEED
from bench.model.visible import visible, visible_lines
from bench.paths import check_defaults

EXIT_GOOD = 0

app = typer.Typer(
    help="What a live update of a VM costs when its device is a Linux vDPA device."
    " bench --version says what of a figure is bench's own.",
    epilog=epilog(""),
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _complete(shell: str) -> None:
    """Print what could stand next on a command line that is being typed, or nothing."""
    with suppress(Exception):
        from bench.commands.completion import complete

        print(complete(typer.main.get_command(app), sys.argv[1], shell))
    sys.exit(EXIT_GOOD)


def main() -> None:
    """Run the command line and exit: every failure that is not a bug is one line."""
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what a path holds may not be UTF-8
            stream.reconfigure(errors="backslashreplace")
    if shell := os.environ.get(ASKED):
        _complete(shell)
    try:
        sys.argv += [] if sys.argv[1:] else ["--help"]
        require_room(sys.argv[1:])
        if not {"--help", "--version"} & {*sys.argv[1:]}:
            check_defaults()
        asked = sys.argv[1:] == ["--version"]
        code = _conclude(versions() if asked else app(standalone_mode=False))
    except SystemExit:
        code = EXIT_GOOD  # typer's answer to a closed pipe: its reader has read enough
    except KeyboardInterrupt:
        code = _complain("interrupted", "", EXIT_INTERRUPTED)
    except Exception as error:
        code = _failed(error)
    sys.exit(code)


def _open_what_is_closed() -> None:
    """Open /dev/null as each standard stream that is closed.

    Else a file of a run would get its number, and whatever a program prints.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # which gets the least number that is free
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))


def _failed(error: Exception) -> int:
    """Print why a command has failed; returns the exit code."""
    if interrupted():  # and what that has broken is no news
        return _complain("interrupted", "", EXIT_INTERRUPTED)
    if isinstance(error, BenchError):
        return _complain(error.message, error.hint, _in_bisection(error.exit_code))
    bad = unexpected(error)
    return _complain(bad.complaint, bad.hint, _in_bisection(bad.code))


def _in_bisection(code: int) -> int:
    """Let a wrong command line end a bisection: git would take 2 for a bad commit."""
    stepping = any(word.partition("=")[0] == STEP for word in sys.argv)
    return EndsBisection.exit_code if stepping and code == UsageError.exit_code else code


def _complain(message: str, hint: str, code: int) -> int:
    """Print what is wrong and what to do about it, a line or more; returns the exit code."""
    print(f"bench: {visible(message)}", file=sys.stderr)
    for line in hint.split("\n") if hint else ():
        print(f"  {visible(line)}", file=sys.stderr)
    return code


@app.command(epilog=epilog("run"))
@with_factors
def run(
    ctx: typer.Context,
    scenario: Annotated[str, typer.Argument(help="A name (see bench list) or a .toml")] = (
        "live-update"
    ),
    break_: Annotated[str | None, typer.Option("--break", help="Wrong on purpose")] = None,
    kernel: KernelsOption = None,
    config: ConfigsOption = None,
    boots: Annotated[int | None, typer.Option(help=f"Boots of each kernel, {BOOTS}")] = None,
    reps: RepsOption = None,
    seed: Annotated[int | None, typer.Option(help=f"Of the order of methods, {SEED}")] = None,
    budget: BudgetOption = None,
    clock: Annotated[str | None, typer.Option(help="wall (KVM, host) or icount (TCG)")] = None,
    executor: Annotated[str | None, typer.Option(help="auto, guest, host or uml")] = None,
    tune: Annotated[bool, typer.Option("--tune", help="Set up the host (root), undone after")] = (
        False
    ),
    jobs: JobsOption = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Boot a guest for every block")] = False,
    profile: Annotated[bool, typer.Option("--profile", help="Functions of each phase too")] = False,
    count: Annotated[str, typer.Option(help="Of a profile too: atomics,loads,stores")] = "",
    lines: Annotated[bool, typer.Option("--lines", help="Of a profile: source lines")] = False,
    out: Annotated[Path | None, typer.Option(help="A new directory for the results")] = None,
    shard: ShardOption = None,
    on: OnOption = None,
    plan: PlanOfRunOption = False,
    resume: Annotated[Path | None, typer.Option(help="Go on with an interrupted run")] = None,
    format_: RunFormatOption = None,
    export: ExportOption = None,
) -> Outcome:
    """Measure a scenario and print its table."""
    from bench.commands.defaults import with_defaults
    from bench.commands.run import RunOptions, profiling_of, run_command
    from bench.commands.run_exports import exporting

    raise_signals()
    fields = {name.rstrip("_"): value for name, value in ctx.params.items()}
    overrides = {k: v for k, v in fields.items() if v is not None and k not in NOT_FIELDS}
    source = ctx.get_parameter_source("scenario")
    named = source is not None and source.name == "COMMANDLINE"
    profiling = profiling_of(profile, count, lines)
    if resume and (overrides or clock or out or fresh or named or profiling or shard or plan):
        raise UsageError(
            "--resume goes on as the run began",
            "leave all else out but --jobs, --tune, --on, --format and --export",
        )
    if plan and (shard or format_ or export):
        raise UsageError("--plan tells of all parts", "leave --shard, --format and --export out")
    with_exports = exporting(format_, export or (), say)
    undo_leftovers()
    options = RunOptions(
        *(scenario, overrides, sys.argv[1:], clock, out, tune, resume),
        fresh=fresh,
        profile=profiling,
        on=on,
        shard=shard or "",
        plan=plan,
    )
    options = with_defaults(options, jobs, say)
    return with_exports(lambda: run_command(options, say))


def _conclude(outcome: Outcome | int | None) -> int:
    """Print what a command came to; returns the exit code.

    An int is typer's: 0 after help, 130 after an interrupt that no command has caught.
    """
    if not isinstance(outcome, Outcome):
        code = outcome or EXIT_GOOD
        return _complain("interrupted", "", code) if code == EXIT_INTERRUPTED else code
    if outcome.sections:
        from bench.report.text.terminal import shown

        _print(shown(outcome.sections, sys.stdout))
    elif outcome.report:
        _print(visible_lines(outcome.report) if sys.stdout.isatty() else outcome.report)
    if outcome.complaint:
        _complain(outcome.complaint, outcome.hint, outcome.code)
    return EXIT_INTERRUPTED if outcome.code and interrupted() else outcome.code


def _print(text: str) -> None:
    """Print to stdout; nothing is wrong with a pipe whose reader has read enough."""
    try:
        print(text, flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end
        if not isinstance(error, BrokenPipeError):
            raise CannotJudge(f"standard output: {error.strerror}") from None


@app.command(epilog=epilog("report"))
def report(
    directories: RunsArgument = None,
    format_: FormatOption = None,
    out: Annotated[Path | None, typer.Option(help="A file instead of standard output")] = None,
    base: AgainstOption = None,
    style: StyleOption = None,
    span: RangeOption = None,
    tree: TreeOption = None,
    seconds: SecondsOption = None,
    schema: SchemaOption = None,
) -> Outcome:
    """Print the table of stored runs, or write it in another format."""
    from bench.commands.report import ReportOptions, written

    if schema:
        from bench.report.export.schema import report_schema

        return Outcome(EXIT_GOOD, report_schema(schema))
    if not directories:
        raise UsageError("RUN is missing", "bench report RUN, or bench report --schema json")
    given = ReportOptions(tuple(directories), format_, out, base, style, span, tree, seconds)
    return written(given)


@app.command(epilog=epilog("profile"))
def profile(
    run: ProfiledArgument,
    cell: CellOption = "",
    phase: PhaseOption = None,
    kind: KindOption = "instructions",
    format_: ProfileFormatOption = "top",
    out: Annotated[Path | None, typer.Option(help="A file instead of standard output")] = None,
    against: HeldAgainstOption = "",
) -> Outcome:
    """Show in which functions the instructions of a run went.

    Or write it in a format of another program.
    """
    from bench.commands.profile import ProfileOptions, profiled

    return profiled(ProfileOptions(run, cell, tuple(phase or ()), kind, format_, out, against))


@app.command(epilog=epilog("calibrate"))
def calibrate(
    out: Annotated[Path, typer.Option(help="A new file for the calibration")],
    kernel: Annotated[str, typer.Option(help="[BASE:]SERIES; without: 7.3")] = "",
    mem: Annotated[str, typer.Option(help="Sizes; the largest is foretold from the others")] = (
        "256M,512M,1G"
    ),
    boots: Annotated[int, typer.Option(help=f"Of user-mode Linux, {BOOTS}")] = 3,
) -> Outcome:
    """Measure how long an instruction takes, for report --seconds."""
    from bench.commands.calibrate import CalibrateOptions
    from bench.commands.calibrate import calibrate as calibrated

    raise_signals()
    undo_leftovers()
    return calibrated(CalibrateOptions(out, sys.argv[1:], kernel, mem, boots), say)


@app.command(epilog=epilog("compare"))
def compare(
    base: BaseArgument,
    new: NewArgument,
    threshold: ThresholdOption = "",
    floor: FloorOption = "",
    aa: AaOption = None,
    force: ForceOption = False,
    explain: ExplainOption = False,
) -> Outcome:
    """Show what changed from one side to the other, cell by cell."""
    from bench.commands.gate import compare as compared
    from bench.gate.compare import GateOptions

    raise_signals()
    given = GateOptions(base, new, threshold, floor, aa, force=force, explain=explain)
    return compared(given, say)


app.command(epilog=epilog("gate"))(gate)


@app.command(epilog=epilog("history"))
def history(
    paths: PointsArgument,
    format_: HistoryFormatOption = "text",
    out: Annotated[Path | None, typer.Option(help="A file instead of standard output")] = None,
    order: OrderOption = "",
    tree: CommitsOption = None,
    cell: CellOption = "",
    reference: ReferenceOption = "",
    threshold: CreepOption = "2%",
    least: LeastOption = "0.5%",
    add: AddOption = None,
    commit: CommitOption = "",
    date: DateOption = "",
) -> Outcome:
    """Follow cells over many kernels.

    The exit code is 0 steady, 1 regression, 125 cannot judge.
    """
    from bench.commands.history import HistoryOptions
    from bench.commands.history import history as followed

    asked = (tuple(paths), format_, out, order, tree, cell, reference, threshold, least)
    return followed(HistoryOptions(*asked, add, commit, date))


app.command(name="list", epilog=epilog("list"))(list_)


@app.command(epilog=epilog("doctor"))
def doctor(
    json_: Annotated[bool, typer.Option("--json", help="For programs")] = False,
) -> Outcome:
    """Say what can be measured here, and what to do for the rest."""
    from bench import doctor as doctors

    raise_signals()
    undo_leftovers()
    diagnosis = doctors.examine()
    text = json.dumps(doctors.as_dict(diagnosis), indent=2) if json_ else doctors.render(diagnosis)
    return Outcome(diagnosis.exit_code, text)


app.command(epilog=epilog("merge"))(merge)
app.command(epilog=epilog("completion"))(completion)
app.command(epilog=epilog("man"))(man)
app.add_typer(kernel, name="kernel")
