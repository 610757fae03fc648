# SPDX-License-Identifier: GPL-2.0-only
"""Say which defaults of the user are in force, and where each comes from."""

import os

from bench.doctor.diagnosis import Finding, Severity
from bench.errors import NoSpace
from bench.model.settings import MIRROR, SETTINGS, WORKER_CACHE, config_file
from bench.paths import cache_path, default_of, reports_path


def examine_defaults() -> tuple[Finding, ...]:
    """Make a finding for each that the user has set, and one for those that are built in.

    What else the environment says is a finding too: a mirror, the place of a worker's files.
    """
    found = {name: default_of(name) for name in SETTINGS}
    own = [
        Finding(f"default {name}", Severity.INFO, f"{each.value}, by {each.source}")
        for name, each in found.items()
        if each.source
    ]
    rest = [f"{name} {_built_in(name)}" for name, each in found.items() if not each.source]
    text = f"{', '.join(rest)}; {_file()}"
    others = [
        Finding(name, Severity.INFO, f"{value}, by the environment")
        for name in (MIRROR, WORKER_CACHE)
        if (value := os.environ.get(name))
    ]
    return (*own, *([Finding("defaults", Severity.OK, text)] if rest else ()), *others)


def _built_in(name: str) -> str:
    try:
        places = {"cache": cache_path, "out": reports_path}
        return str(places[name]()) if name in places else default_of(name).value
    except NoSpace:
        return "nowhere"


def _file() -> str:
    try:
        path = config_file()
    except RuntimeError:
        return "no home, and so no file of defaults"
    try:
        path.stat()
    except FileNotFoundError:
        return f"there is no {path}"
    except OSError as error:
        return f"{path}: {error.strerror}"
    return f"{path} is read"
