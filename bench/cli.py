# SPDX-License-Identifier: GPL-2.0-only
"""The command line: the only module that prints or exits. Heavy imports wait for their command."""

import json
import os
import signal
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from bench.commands import options
from bench.commands.outcome import Outcome, unexpected
from bench.errors import BenchError, CannotJudge, UsageError
from bench.model.visible import visible, visible_lines

_TYPER_INTERRUPTED = 130  # what typer makes of Ctrl-C, where no run is under way
EXIT_GOOD, EXIT_CANNOT_JUDGE = 0, 125

app = typer.Typer(
    help="What a live update of a VM costs when its device is a Linux vDPA device.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run the command line and exit: every failure that is not a bug is one line."""
    for number in (signal.SIGTERM, signal.SIGHUP):  # as orderly an end as Ctrl-C
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what a path holds may not be UTF-8
            stream.reconfigure(errors="backslashreplace")
    try:
        sys.argv += [] if sys.argv[1:] else ["--help"]
        code = app(standalone_mode=False)
        if code == _TYPER_INTERRUPTED:  # typer returns it, see Typer._main
            code = _complain("interrupted", "", EXIT_CANNOT_JUDGE)
    except SystemExit:
        code = EXIT_GOOD  # typer's answer to a closed pipe: its reader has read enough
    except BenchError as error:
        code = _complain(error.message, error.hint, error.exit_code)
    except Exception as error:
        bad = unexpected(error)
        code = _complain(bad.complaint, bad.hint, bad.code)
    sys.exit(code if isinstance(code, int) else EXIT_GOOD)


def _complain(message: str, hint: str, code: int) -> int:
    print(f"bench: {visible(message)}", file=sys.stderr)
    if hint:
        print(f"  {visible(hint)}", file=sys.stderr)
    return code


# Options of `bench run` that are no fields of a scenario.
_NOT_FIELDS = ("scenario", "clock", "out", "tune", "resume")


@app.command()
def run(
    ctx: typer.Context,
    scenario: Annotated[str, typer.Argument(help="A name (see bench list) or a .toml")] = (
        "live-update"
    ),
    mem: Annotated[str | None, typer.Option(help="64G, 1G,64G or 1G:64G (times four)")] = None,
    pages: Annotated[str | None, typer.Option(help="4k, 4k-fragmented, thp, hugetlb-2m")] = None,
    device: Annotated[str | None, typer.Option(help="See bench list; or /dev/vhost-vdpa-0")] = None,
    method: Annotated[str | None, typer.Option(help="new-owner, reset-owner, reopen")] = None,
    backing: Annotated[str | None, typer.Option(help="real, alias or auto")] = None,
    ptes: Annotated[str | None, typer.Option(help="cold or warm")] = None,
    handover: Annotated[str | None, typer.Option(help="exec or transfer")] = None,
    regions: Annotated[str | None, typer.Option(help="Messages to map: count or qemu")] = None,
    batch: Annotated[str | None, typer.Option(help="on or off")] = None,
    threads: Annotated[str | None, typer.Option(help="That pin at once: 1 or 1,2,4")] = None,
    break_: Annotated[str | None, typer.Option("--break", help="Wrong on purpose")] = None,
    kernel: Annotated[str | None, typer.Option(help="Series of patches; a,b: both in turn")] = None,
    boots: Annotated[int | None, typer.Option(help="Boots of each kernel")] = None,
    reps: Annotated[int | None, typer.Option(help="Reps measured for each cell")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the order of the methods")] = None,
    budget: Annotated[str | None, typer.Option(help="Measure what fits: 90s, 10m, 1.5h")] = None,
    clock: Annotated[str | None, typer.Option(help="wall (KVM, host) or icount (TCG)")] = None,
    executor: Annotated[str | None, typer.Option(help="auto, guest or host")] = None,
    tune: Annotated[bool, typer.Option("--tune", help="Set up the host (root), undone after")] = (
        False
    ),
    out: Annotated[Path | None, typer.Option(help="A new directory for the results")] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with an interrupted run")] = None,
) -> None:
    """Measure a scenario and print its table."""
    from bench.cleanup.journal import recover
    from bench.commands.run import RunOptions, run_command

    fields = {name.rstrip("_"): value for name, value in ctx.params.items()}
    overrides = {k: v for k, v in fields.items() if v is not None and k not in _NOT_FIELDS}
    source = ctx.get_parameter_source("scenario")
    named = source is not None and source.name == "COMMANDLINE"
    if resume and (overrides or clock or out or named):
        raise UsageError("--resume goes on as the run began", "leave all else out but --tune")
    for line in recover():
        _say(line)
    request = RunOptions(scenario, overrides, sys.argv[1:], clock, out, tune, resume)
    _conclude(run_command(request, _say))


def _conclude(outcome: Outcome) -> NoReturn:
    if outcome.sections:
        from bench.report.text.terminal import shown

        _print(shown(outcome.sections, sys.stdout))
    elif outcome.report:
        _print(visible_lines(outcome.report) if sys.stdout.isatty() else outcome.report)
    if outcome.complaint:
        _complain(outcome.complaint, outcome.hint, outcome.code)
    raise typer.Exit(outcome.code)


def _say(text: str) -> None:
    from bench.measure.progress import StderrConsole

    StderrConsole().print(text, markup=False, highlight=False, soft_wrap=True)


def _print(text: str) -> None:
    """To whoever still reads: a pipe that closed early has read enough."""
    try:
        print(text, flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end
        if not isinstance(error, BrokenPipeError):
            raise CannotJudge(f"standard output: {error.strerror}") from None


@app.command()
def report(
    directories: options.RunsArgument,
    format_: options.FormatOption = None,
    out: Annotated[Path | None, typer.Option(help="A file instead of standard output")] = None,
    base: options.AgainstOption = None,
    style: options.StyleOption = None,
    span: options.RangeOption = None,
    tree: options.TreeOption = None,
) -> None:
    """Print the table of stored runs again, side by side, or write it for people and programs."""
    from bench.commands.report import ReportOptions, written

    _conclude(written(ReportOptions(tuple(directories), format_, out, base, style, span, tree)))


@app.command()
def compare(
    base: options.BaseArgument,
    new: options.NewArgument,
    threshold: options.ThresholdOption = "2%",
    floor: options.FloorOption = "",
    aa: options.AaOption = None,
    force: options.ForceOption = False,
) -> None:
    """What changed from one side to the other, cell by cell."""
    from bench.commands.gate import compare as compared
    from bench.gate.compare import GateOptions

    _conclude(compared(GateOptions(base, new, threshold, floor, aa, force=force)))


@app.command()
def gate(
    base: options.BaseArgument,
    new: options.NewOrNoneArgument = None,
    threshold: options.ThresholdOption = "2%",
    floor: options.FloorOption = "",
    aa: options.AaOption = None,
    max_pause: Annotated[str, typer.Option(help="No pause above it: 100ms, or 20Mi")] = "",
    strict: Annotated[bool, typer.Option("--strict", help="Undecided is 125")] = False,
    force: options.ForceOption = False,
    confirm: Annotated[bool, typer.Option("--confirm", help="Measure regressions again")] = False,
    self_test: Annotated[bool, typer.Option("--self-test", help="Can it turn red?")] = False,
    annotate: Annotated[bool, typer.Option("--annotations", help="For GitHub")] = False,
    junit: Annotated[Path | None, typer.Option(help="JUnit XML, one case a cell")] = None,
    markdown: Annotated[Path | None, typer.Option(help="For a job summary")] = None,
    json_: Annotated[Path | None, typer.Option("--json", help="All of it")] = None,
) -> None:
    """A verdict on each cell and an exit code: 0 good, 1 regression, 125 cannot judge."""
    from bench.commands import gate as gating
    from bench.gate.compare import GateOptions

    question = GateOptions(base, new or base, threshold, floor, aa, max_pause, strict, force)
    if self_test:
        _conclude(gating.self_test(question))
    if new is None:
        raise UsageError("NEW is missing", "bench gate BASE NEW, or bench gate BASE --self-test")
    files = gating.Files(junit, markdown, json_)
    _conclude(gating.gate(question, files, confirm, annotate, _say))


@app.command(name="list")
def list_(
    schema: Annotated[bool, typer.Option(help="Print the JSON schema of scenario files")] = False,
) -> None:
    """Scenarios, and devices with whether they can run here."""
    from bench.commands.list import listing
    from bench.plan.scenario import json_schema

    _print(json_schema().rstrip("\n") if schema else listing())


@app.command()
def doctor(
    json_: Annotated[bool, typer.Option("--json", help="For programs")] = False,
) -> None:
    """What can be measured here, what not, and what to do about it."""
    from bench import doctor as doctors
    from bench.cleanup.journal import recover

    for line in recover():  # what a killed run has set is not the machine's own
        _say(line)
    diagnosis = doctors.examine()
    _print(json.dumps(doctors.as_dict(diagnosis), indent=2) if json_ else doctors.render(diagnosis))
    raise typer.Exit(diagnosis.exit_code)


@app.command()
def kernel(
    update: Annotated[bool, typer.Option(help="Ask for the newest package of the series")] = False,
) -> None:
    """Build the guest's kernel modules, unless the cache has them; say where they are."""
    from bench.kernel.build import ensure_kernel
    from bench.kernel.config import load_config
    from bench.kernel.packages import ensure_packages

    if update:
        ensure_packages(load_config(), update=True)
    built = ensure_kernel()
    _print(f"{built.name}\n{built.path}")
