# SPDX-License-Identifier: GPL-2.0-only
"""Make options of the command line from the table of factors."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated

import typer

from bench.commands.outcome import Outcome
from bench.model.cell import FACTORS


def with_factors(command: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Give a command an option for each factor, behind its first two parameters.

    The command finds them in ``ctx.params``.
    """
    known = signature(command)
    options = [
        Parameter(
            factor.name,
            Parameter.POSITIONAL_OR_KEYWORD,
            default=None,
            annotation=Annotated[str | None, typer.Option(help=factor.words.help)],
        )
        for factor in FACTORS.values()
        if factor.words.help
    ]

    @wraps(command)
    def taking(**given: object) -> Outcome:
        return command(**{name: given[name] for name in known.parameters})

    first, second, *rest = known.parameters.values()
    parameters = [first, second, *options, *rest]
    taking.__signature__ = known.replace(parameters=parameters)  # type: ignore[attr-defined]
    taking.__annotations__ = {each.name: each.annotation for each in parameters}
    return taking
