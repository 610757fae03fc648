# SPDX-License-Identifier: GPL-2.0-only
"""Define the command lines of `bench completion` and `bench man`: what a shell knows of bench."""

from pathlib import Path
from typing import Annotated

import typer

from bench.commands.outcome import Outcome
from bench.errors import UsageError

ASKED = "_BENCH_COMPLETE"  # the variable with the name of the shell that asks


def completion(shell: Annotated[str, typer.Argument(help="bash, zsh or fish")]) -> Outcome:
    """Print what a shell reads so that Tab completes its commands."""
    from bench.commands.completion import completion_script

    return Outcome(0, completion_script(shell))


def man(
    ctx: typer.Context,
    directory: Annotated[
        Path | None, typer.Argument(help="Where to, as build/man; it is made", metavar="[DIR]")
    ] = None,
    install: Annotated[
        bool, typer.Option("--install", help="Where man looks: ~/.local/share/man/man1")
    ] = False,
) -> Outcome:
    """Write man pages of bench and of each of its commands."""
    from bench.commands.man import usual_place, write_man_pages

    if bool(directory) == install:
        raise UsageError(
            "bench man writes into DIR, or with --install where man looks",
            f"bench man --install writes into {usual_place()}",
        )
    return write_man_pages(ctx.find_root().command, directory or usual_place())
