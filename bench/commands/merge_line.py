# SPDX-License-Identifier: GPL-2.0-only
"""Define the command line of `bench merge`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bench.commands.begin import raise_signals, say
from bench.commands.options import PartsArgument
from bench.commands.outcome import Outcome


def merge(
    parts: PartsArgument,
    out: Annotated[Path | None, typer.Option(help="A new directory for the whole")] = None,
) -> Outcome:
    """Put the parts of a plan together that run --shard measured."""
    from bench.commands.merge import merge_command

    raise_signals()
    return merge_command(parts, out, sys.argv[1:], say)
