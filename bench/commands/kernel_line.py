# SPDX-License-Identifier: GPL-2.0-only
"""Define the command line of `bench kernel`."""

from pathlib import Path
from typing import Annotated

import typer

from bench.commands.begin import raise_signals, say, undo_leftovers
from bench.commands.examples import epilog
from bench.commands.options import UpdateOption
from bench.commands.outcome import Outcome
from bench.errors import UsageError

kernel = typer.Typer(
    help="Build kernels of guests, list and remove what is saved.",
    epilog=epilog("kernel"),
    invoke_without_command=True,
    rich_markup_mode=None,
)


@kernel.callback()
def kernel_(ctx: typer.Context, update: UpdateOption = False) -> Outcome | None:
    """Build the guest's kernel, unless the cache has it; say where it is."""
    if ctx.invoked_subcommand is None:
        return build(update=update)
    if update:
        raise UsageError("--update is of bench kernel build", "bench kernel build --update")
    return None


@kernel.command(epilog=epilog("kernel build"))
def build(
    name: Annotated[
        str, typer.Argument(help="[BASE:]SERIES, as 7.3:live-update; with --tree: a name for it")
    ] = "",
    tree: Annotated[
        Path | None, typer.Option(help="A kernel of yours: git tree, directory or tarball")
    ] = None,
    rev: Annotated[str, typer.Option(help="A revision of the git tree; without: as it lies")] = "",
    config: Annotated[
        list[str] | None, typer.Option(help="plain, lines, debug, debian, or a file of options")
    ] = None,
    update: UpdateOption = False,
) -> Outcome:
    """Build a kernel for guests, unless the cache has it.

    Say where it is.
    """
    from bench.commands import kernel as kernels

    raise_signals()
    undo_leftovers()
    options = kernels.BuildOptions(name, tree, rev, config or (), update)
    return kernels.build(options, say)


@kernel.command(name="list", epilog=epilog("kernel list"))
def list_kernels() -> Outcome:
    """List the kernels that are built, and say how many guests are saved."""
    from bench.commands import kernel as kernels

    return kernels.listing()


@kernel.command(epilog=epilog("kernel prune"))
def prune(
    names: Annotated[
        list[str] | None, typer.Argument(help="Trees to remove, with what was built of them")
    ] = None,
) -> Outcome:
    """Remove saved guests that no process uses.

    Or trees, and the kernels built of them.
    """
    from bench.commands import kernel as kernels

    raise_signals()
    undo_leftovers()
    return kernels.prune(names or (), say)
