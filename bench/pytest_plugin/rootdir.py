# SPDX-License-Identifier: GPL-2.0-only
"""Keep the value of an option of ours from being taken for a path to tests.

pytest finds its ini file, and with it its rootdir, before it loads plugins: in
``--bench-run DIR`` it does not know the option yet, and looks for the file above DIR.
"""

import copy
import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.pytest_plugin import VALUED


def keep_rootdir(config: pytest.Config, parser: pytest.Parser) -> None:
    """Give a configuration the rootdir and ini file that it has without our options' values.

    UsageError where that is too late: options of the wrong ini file were taken already, or
    those of the right one were not.
    """
    words = [*config.invocation_params.args]
    own = _without_values(words)
    if own == words:
        return
    found = _setup(config, parser, own)
    if found is None:
        if not config.rootpath.is_relative_to(config.invocation_params.dir):
            raise _too_late(config.rootpath)
        return
    rootdir, ini, settings = found
    if (rootdir, ini) == (config.rootpath, config.inipath):
        return
    known = vars(config)
    if "addopts" in settings or "addopts" in known["_inicfg"]:
        raise _too_late(config.rootpath)
    known.update(_rootpath=rootdir, _inipath=ini, _inicfg=settings)
    known["_inicache"].clear()


def _too_late(rootdir: Path) -> pytest.UsageError:
    return pytest.UsageError(
        f"bench: pytest takes a value behind a space for tests, and has {rootdir} for its rootdir",
        "bench: write --bench-run=DIR",
    )


def _without_values(words: Sequence[str]) -> list[str]:
    """Leave out our options that have their value in the next word, and these words."""
    kept: list[str] = []
    skip = False
    for word in words:
        if not skip and word not in VALUED:
            kept.append(word)
        skip = not skip and word in VALUED
    return kept


def _setup(
    config: pytest.Config, parser: Any, words: Sequence[str]
) -> tuple[Path, Path | None, dict[str, Any]] | None:
    """Find the rootdir, the ini file and its settings; None where this pytest does it otherwise.

    With functions of pytest that are not public, as they are in 9.0 to 9.2.
    """
    try:
        from _pytest.config.findpaths import determine_setup

        given = parser.parse_known_args([*words], namespace=copy.copy(config.option))
        takes = inspect.signature(determine_setup).parameters
        options: dict[str, Any] = {
            "inifile": given.inifilename,
            "override_ini": given.override_ini,
            "args": given.file_or_dir,
            "rootdir_cmd_arg": given.rootdir or None,
            "invocation_dir": config.invocation_params.dir,
        }
        if not {"_rootpath", "_inipath", "_inicfg", "_inicache"} <= {*vars(config)}:
            return None
        found: Any = determine_setup(**{k: v for k, v in options.items() if k in takes})
    except (ImportError, AttributeError, TypeError):
        return None
    return found[0], found[1], found[2]
