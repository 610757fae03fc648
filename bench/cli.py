# SPDX-License-Identifier: GPL-2.0-only
"""The command line: the only module that prints or exits. Heavy imports wait for their command."""

import os
import signal
import sys
from contextlib import nullcontext, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.errors import BenchError, CannotJudge, UsageError

if TYPE_CHECKING:
    from bench.executors.base import Executor
    from bench.model import Clock, Plan
    from bench.store import Run, Store

_TYPER_INTERRUPTED = 130  # what typer makes of Ctrl-C, where no run is under way
EXIT_GOOD, EXIT_FAILED, EXIT_USAGE, EXIT_CANNOT_JUDGE, EXIT_INTERNAL = 0, 1, 2, 125, 129

app = typer.Typer(
    help="What a live update of a VM costs when its device is a Linux vDPA device.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run the command line and exit: every failure that is not a bug is one line."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as orderly an end as Ctrl-C
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what a path holds may not be UTF-8
            stream.reconfigure(errors="backslashreplace")
    try:
        sys.argv += [] if sys.argv[1:] else ["--help"]
        code = app(standalone_mode=False)
    except SystemExit:
        code = EXIT_GOOD  # typer's answer to a closed pipe: its reader has read enough
    except BenchError as error:
        code = _complain(error.message, error.hint, error.exit_code)
    except typer.Exit as done:
        code = done.exit_code
        if code == _TYPER_INTERRUPTED:
            code = _complain("interrupted", "", EXIT_CANNOT_JUDGE)
    except Exception as error:
        code = _unexpected(error)
    sys.exit(code if isinstance(code, int) else EXIT_GOOD)


def _unexpected(error: Exception) -> int:
    """A wrong command line, which typer raises as its own kind of error, or a bug of ours."""
    message = getattr(error, "format_message", None)
    if callable(message):
        return _complain(message(), "bench COMMAND --help lists the options", EXIT_USAGE)
    where = ""
    if error.__traceback__:
        last = error.__traceback__
        while last.tb_next:
            last = last.tb_next
        where = f" ({Path(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno})"
    return _complain(
        f"internal error: {type(error).__name__}: {' '.join(str(error).split())}{where}",
        "this is a bug of bench: please report it",
        EXIT_INTERNAL,
    )


def _complain(message: str, hint: str, code: int) -> int:
    print(f"bench: {message}", file=sys.stderr)
    if hint:
        print(f"  {hint}", file=sys.stderr)
    return code


# Options of `bench run` that are no fields of a scenario.
_NOT_FIELDS = ("scenario", "clock", "executor", "out")


@app.command()
def run(
    ctx: typer.Context,
    scenario: Annotated[str, typer.Argument(help="A name (see bench list) or a .toml")] = (
        "live-update"
    ),
    mem: Annotated[str | None, typer.Option(help="64G, 1G,64G or 1G:64G (times four)")] = None,
    pages: Annotated[str | None, typer.Option(help="4k, 4k-fragmented, thp, hugetlb-2m")] = None,
    device: Annotated[str | None, typer.Option(help="See bench list")] = None,
    method: Annotated[str | None, typer.Option(help="new-owner, reset-owner, reopen")] = None,
    backing: Annotated[str | None, typer.Option(help="real, alias or auto")] = None,
    ptes: Annotated[str | None, typer.Option(help="cold or warm")] = None,
    handover: Annotated[str | None, typer.Option(help="exec or transfer")] = None,
    regions: Annotated[str | None, typer.Option(help="Messages to map: count or qemu")] = None,
    batch: Annotated[str | None, typer.Option(help="on or off")] = None,
    break_: Annotated[str | None, typer.Option("--break", help="Wrong on purpose")] = None,
    reps: Annotated[int | None, typer.Option(help="Handovers measured for each cell")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the order of the methods")] = None,
    budget: Annotated[str | None, typer.Option(help="Measure what fits: 90s, 10m, 1.5h")] = None,
    clock: Annotated[str | None, typer.Option(help="wall (KVM) or icount (TCG)")] = None,
    executor: Annotated[str, typer.Option(help="guest, or replay:FILE for tests")] = "guest",
    out: Annotated[Path | None, typer.Option(help="A new directory for the results")] = None,
) -> None:
    """Measure a scenario and print its table."""
    from bench import store as stores
    from bench.executors.choose import choose_executor
    from bench.plan import make_plan
    from bench.run import run_facts
    from bench.scenario import load_scenario

    fields = {name.rstrip("_"): value for name, value in ctx.params.items()}
    overrides = {k: v for k, v in fields.items() if v is not None and k not in _NOT_FIELDS}
    asked = load_scenario(scenario, overrides)
    wanted = _clock(clock)
    plan = make_plan(asked)
    store = stores.create(out, asked.name)
    interrupted = False
    try:
        chosen = choose_executor(executor, plan, wanted, store.console, _say)
        store.write_facts(run_facts(asked, plan, chosen, sys.argv[1:]))
        _measure(plan, chosen, store)
    except KeyboardInterrupt:
        interrupted = True
    except BenchError:
        if not _remove_if_empty(store):
            _conclude(store, interrupted=False)  # what was measured before
        raise
    code = _conclude(store, interrupted)
    raise typer.Exit(code)


def _clock(name: str | None) -> "Clock | None":
    from bench.model import Clock

    try:
        return Clock(name) if name else None
    except ValueError:
        known = ", ".join(Clock)
        raise UsageError(f"--clock: '{name}' is unknown: known are {known}") from None


def _say(text: str) -> None:
    from bench.progress import StderrConsole

    StderrConsole().print(text, markup=False, highlight=False, soft_wrap=True)


def _measure(plan: "Plan", executor: "Executor", store: "Store") -> None:
    from bench.progress import BarProgress, PlainProgress, StderrConsole
    from bench.run import run as run_plan

    console = StderrConsole()
    progress = BarProgress(console, plan) if console.is_terminal else None
    with progress or nullcontext(PlainProgress(console, plan)) as shown:
        run_plan(plan, executor, store, shown)


def _remove_if_empty(store: "Store") -> bool:
    """A run that could not begin leaves no directory behind."""
    samples = store.path / "samples.jsonl"
    if not samples.exists() or samples.stat().st_size:
        return False
    for path in (samples, store.path / "run.json", store.path / "run.tmp", store.console):
        path.unlink(missing_ok=True)
    with suppress(OSError):
        store.path.rmdir()
    return True


def _conclude(store: "Store", interrupted: bool) -> int:
    """Print what was measured; the exit code says whether that is all of it."""
    from bench.store import load

    if interrupted and not (store.path / "run.json").exists():
        _remove_if_empty(store)
        return _complain("interrupted before anything was measured", "", EXIT_CANNOT_JUDGE)
    finished = load(store.path)
    failed = any(sample.status.startswith("failed") for sample in finished.samples)
    code = EXIT_FAILED if failed or (interrupted and finished.measured) else EXIT_GOOD
    if not failed and not finished.measured:
        code = EXIT_CANNOT_JUDGE
    try:
        _print_report(finished)
        print(f"\nsamples: {store.path}", flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if interrupted:
        kept = sum(sample.ok for sample in finished.samples)
        _complain(f"interrupted: {kept} samples of finished cells are kept", str(store.path), 1)
    elif not finished.measured:
        _complain("nothing was measured", "", code)
    return code


def _print_report(finished: "Run") -> None:
    from bench.report.text import render

    print(f"\n{render(finished)}")


@app.command()
def report(
    directory: Annotated[Path, typer.Argument(help="A run directory")],
) -> None:
    """Print the table of a stored run again."""
    from bench.store import load

    finished = load(directory)
    if not finished.measured:
        raise CannotJudge(f"{directory}: no cell was measured")
    _print_report(finished)


@app.command(name="list")
def list_(
    schema: Annotated[bool, typer.Option(help="Print the JSON schema of scenario files")] = False,
) -> None:
    """Scenarios, and devices with whether they can run here."""
    from bench.devices import DEVICES
    from bench.executors.guest_setup import why_not_here
    from bench.paths import SCENARIOS
    from bench.report.text import columns
    from bench.scenario import json_schema, load_scenario

    if schema:
        print(json_schema(), end="")
        return
    names = sorted(path.stem for path in SCENARIOS.glob("*.toml"))
    rows = [("scenario", "its question")]
    rows += [(name, load_scenario(name, {}).question) for name in names]
    print(columns(rows))
    devices = [(d.name, why_not_here(d) or "yes", d.stands_for) for d in DEVICES.values()]
    print("\n" + columns([("device", "runs here", "stands for"), *devices]))


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
    print(f"{built.name}\n{built.path}")
