# SPDX-License-Identifier: GPL-2.0-only
"""The command line: the only module that prints or exits. Heavy imports wait for their command."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.errors import BenchError, CannotJudge, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from bench.executors.base import Executor
    from bench.model import Clock, Plan
    from bench.store import Run, Store

EXIT_GOOD, EXIT_FAILED, EXIT_USAGE, EXIT_CANNOT_JUDGE, EXIT_INTERNAL = 0, 1, 2, 125, 129

app = typer.Typer(
    help="What a live update of a VM costs when its device is a Linux vDPA device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run the command line and exit: every failure that is not a bug is one line."""
    try:
        code = app(standalone_mode=False)
    except BenchError as error:
        code = _say_error(error)
    except typer.Exit as done:
        code = done.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = _complain("interrupted before anything was measured", "", EXIT_CANNOT_JUDGE)
    except BrokenPipeError:
        sys.stderr.close()
        code = EXIT_GOOD  # whoever read our output has read enough
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
        f"internal error: {type(error).__name__}: {error}{where}",
        "this is a bug of bench: please report it",
        EXIT_INTERNAL,
    )


def _say_error(error: BenchError) -> int:
    return _complain(error.message, error.hint, error.exit_code)


def _complain(message: str, hint: str, code: int) -> int:
    print(f"bench: {message}", file=sys.stderr)
    if hint:
        print(f"  {hint}", file=sys.stderr)
    return code


def _overrides(**options: Any) -> dict[str, Any]:
    return {key: value for key, value in options.items() if value is not None}


@app.command()
def run(
    scenario: Annotated[str, typer.Argument(help="A name (see bench list) or a .toml")] = (
        "live-update"
    ),
    mem: Annotated[str | None, typer.Option(help="64G, 1G,64G or 1G:64G (times four)")] = None,
    pages: Annotated[str | None, typer.Option(help="4k, thp, hugetlb-2m, hugetlb-1g")] = None,
    device: Annotated[str | None, typer.Option(help="What is behind /dev/vhost-vdpa-N")] = None,
    method: Annotated[str | None, typer.Option(help="reset-owner, new-owner, ...")] = None,
    backing: Annotated[str | None, typer.Option(help="real, alias or auto")] = None,
    ptes: Annotated[str | None, typer.Option(help="cold or warm")] = None,
    handover: Annotated[str | None, typer.Option(help="exec")] = None,
    regions: Annotated[str | None, typer.Option(help="Messages that map all memory")] = None,
    reps: Annotated[int | None, typer.Option(help="Handovers measured for each cell")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the order of the methods")] = None,
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

    overrides = _overrides(
        mem=mem,
        pages=pages,
        device=device,
        method=method,
        backing=backing,
        ptes=ptes,
        handover=handover,
        regions=regions,
        reps=reps,
        seed=seed,
    )
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
        _remove_if_empty(store)
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


def _console() -> "Console":
    """Progress and words go to stderr: the table is all that a pipe gets."""
    from rich.console import Console

    return Console(stderr=True)


def _say(text: str) -> None:
    _console().print(text, markup=False, highlight=False, soft_wrap=True)


def _measure(plan: "Plan", executor: "Executor", store: "Store") -> None:
    from bench.progress import BarProgress, PlainProgress
    from bench.run import run as run_plan

    console = _console()
    progress = BarProgress(console, plan) if console.is_terminal else None
    with progress or nullcontext(PlainProgress(console, plan)) as shown:
        run_plan(plan, executor, store, shown)


def _remove_if_empty(store: "Store") -> None:
    """A run that could not begin leaves no directory behind."""
    samples = store.path / "samples.jsonl"
    if samples.exists() and not samples.stat().st_size:
        for path in (samples, store.path / "run.json", store.console):
            path.unlink(missing_ok=True)
        store.path.rmdir()


def _conclude(store: "Store", interrupted: bool) -> int:
    """Print what was measured; the exit code says whether that is all of it."""
    from bench.store import load

    if interrupted and not (store.path / "run.json").exists():
        _remove_if_empty(store)
        return _complain("interrupted before anything was measured", "", EXIT_CANNOT_JUDGE)
    finished = load(store.path)
    _print_report(finished)
    print(f"\nsamples: {store.path}")
    if interrupted:
        kept = sum(sample.ok for sample in finished.samples)
        _complain(f"interrupted: {kept} samples of finished cells are kept", str(store.path), 1)
    if not any(sample.ok for sample in finished.samples):
        return _complain("nothing was measured", "", EXIT_CANNOT_JUDGE)
    failed = any(sample.status.startswith("failed") for sample in finished.samples)
    return EXIT_FAILED if failed or interrupted else EXIT_GOOD


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
    if not any(sample.ok for sample in finished.samples):
        raise CannotJudge(f"{directory}: no cell was measured")
    _print_report(finished)


@app.command(name="list")
def list_() -> None:
    """Scenarios and devices."""
    from bench.model import DEVICES
    from bench.paths import SCENARIOS
    from bench.report.text import columns
    from bench.scenario import load_scenario

    names = sorted(path.stem for path in SCENARIOS.glob("*.toml"))
    rows = [("scenario", "its question")]
    rows += [(name, load_scenario(name, {}).question) for name in names]
    print(columns(rows))
    devices = [(device.name, device.stands_for) for device in DEVICES.values()]
    print("\n" + columns([("device", "stands for"), *devices]))


@app.command()
def kernel(
    update: Annotated[bool, typer.Option(help="Ask for the newest package of the series")] = False,
) -> None:
    """Build the guest's kernel modules, unless the cache has them; say where they are."""
    from bench.kernel.build import ensure_kernel
    from bench.kernel.config import load_config
    from bench.kernel.packages import forget_packages

    if update:
        forget_packages(load_config())
    built = ensure_kernel()
    print(f"{built.name}\n{built.path}")
