# SPDX-License-Identifier: GPL-2.0-only
"""Define the arguments and options that several commands have, or that take a long line."""

from pathlib import Path
from typing import Annotated

import typer

RunsArgument = Annotated[
    list[Path], typer.Argument(help="Run directories, or directories of them (boots of a kernel)")
]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format", help="cover-letter, page, markdown, json, csv, pyperf or baseline (for gate)"
    ),
]
AgainstOption = Annotated[
    Path | None, typer.Option("--base", help="Of cover-letter and page: hold the runs against it")
]
StyleOption = Annotated[str | None, typer.Option(help="Of cover-letter: plain, mmtests or lkp")]
RangeOption = Annotated[
    str | None, typer.Option("--range", help="Of cover-letter: the patch series, commits A..B")
]
TreeOption = Annotated[Path | None, typer.Option(help="The git tree of --range; without it, here")]
BaseArgument = Annotated[
    Path, typer.Argument(help="A run, a series of boots, pyperf or baseline file")
]
NewArgument = Annotated[Path, typer.Argument(help="The same, to be judged")]
NewOrNoneArgument = Annotated[Path | None, typer.Argument(help="The same, to be judged")]
ThresholdOption = Annotated[str, typer.Option(help="The smallest change that counts")]
FloorOption = Annotated[str, typer.Option(help="Noise of this machine: no change below it counts")]
AaOption = Annotated[Path | None, typer.Option(help="Boots of one kernel, to take the floor from")]
ForceOption = Annotated[bool, typer.Option("--force", help="Compare unlike or damaged things")]
UpdateOption = Annotated[
    bool, typer.Option("--update", help="Ask for the newest package of the series")
]
