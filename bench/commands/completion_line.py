# SPDX-License-Identifier: GPL-2.0-only
"""Define the command line of `bench completion`."""

from typing import Annotated

import typer

from bench.commands.outcome import Outcome

ASKED = "_BENCH_COMPLETE"  # the variable with the name of the shell that asks


def completion(shell: Annotated[str, typer.Argument(help="bash, zsh or fish")]) -> Outcome:
    """Print what a shell has to read so that Tab completes command lines of bench."""
    from bench.commands.completion import completion_script

    return Outcome(0, completion_script(shell))
