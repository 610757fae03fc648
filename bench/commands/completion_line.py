# SPDX-License-Identifier: GPL-2.0-only
"""Define the command lines of `bench completion` and `bench man`: what a shell knows of bench."""

from pathlib import Path
from typing import Annotated

import typer

from bench.commands.outcome import Outcome

ASKED = "_BENCH_COMPLETE"  # the variable with the name of the shell that asks


def completion(shell: Annotated[str, typer.Argument(help="bash, zsh or fish")]) -> Outcome:
    """Print what a shell has to read so that Tab completes command lines of bench."""
    from bench.commands.completion import completion_script

    return Outcome(0, completion_script(shell))


def man(
    ctx: typer.Context,
    directory: Annotated[
        Path | None, typer.Argument(help="Where to; without: ~/.local/share/man/man1")
    ] = None,
) -> Outcome:
    """Write the man pages of bench and of its commands, for man bench, man bench-run."""
    from bench.commands.man import usual_place, write_man_pages

    return write_man_pages(ctx.find_root().command, directory or usual_place())
