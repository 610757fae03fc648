# SPDX-License-Identifier: GPL-2.0-only
"""Arguments and options of the command line that take more than a line, or are shared."""

from pathlib import Path
from typing import Annotated

import typer

Runs = Annotated[
    list[Path], typer.Argument(help="Run directories, or directories of them (boots of a kernel)")
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format", help="cover-letter, page, markdown, json, csv, pyperf or baseline (for gate)"
    ),
]
Against = Annotated[
    Path | None, typer.Option("--base", help="Of cover-letter and page: hold the runs against it")
]
Style = Annotated[str | None, typer.Option(help="Of cover-letter: plain, mmtests or lkp")]
Range = Annotated[
    str | None, typer.Option("--range", help="Of cover-letter: the patch series, commits A..B")
]
Tree = Annotated[Path | None, typer.Option(help="The git tree of --range; without it, here")]
Base = Annotated[Path, typer.Argument(help="A run, a series of boots, pyperf or baseline file")]
New = Annotated[Path, typer.Argument(help="The same, to be judged")]
NewOrNone = Annotated[Path | None, typer.Argument(help="The same, to be judged")]
Threshold = Annotated[str, typer.Option(help="The smallest change that counts")]
Floor = Annotated[str, typer.Option(help="Noise of this machine: no change below it counts")]
Aa = Annotated[Path | None, typer.Option(help="Boots of one kernel, to take the floor from")]
Force = Annotated[bool, typer.Option("--force", help="Compare unlike or damaged things")]
