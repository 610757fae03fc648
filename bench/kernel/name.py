# SPDX-License-Identifier: GPL-2.0-only
"""Read the names of kernels, ``[BASE:]SERIES[+SERIES]``, and of configurations."""

import re
from dataclasses import dataclass
from pathlib import Path

from bench.errors import UsageError
from bench.kernel.config import (
    Architecture,
    architecture_of,
    load_config,
    source_bases,
    tree_name,
)
from bench.kernel.fragments import read_fragment
from bench.kernel.series import PATCHES, STOCK, check_series, series_label
from bench.kernel.tree import Tree, kept_trees
from bench.paths import KERNEL_CONFIG

FRAGMENTS = KERNEL_CONFIG / "fragments"
PLAIN, DEBUG, DEBIAN = "plain", "debug", "debian"
LINES = "lines"  # with debug information, which changes nothing that runs
_LONGEST = 60  # letters of the name of a configuration: it is a part of a directory's
_BASE = r"[A-Za-z0-9][A-Za-z0-9._-]{0,40}"


@dataclass(frozen=True)
class KernelName:
    """Which kernel: of what source, with which patches, in which configuration."""

    base: str  # "6.12", "7.3", or what `bench kernel build` keeps a tree as
    series: str  # "live-update+./mine"
    configs: tuple[str, ...] = ()  # over the plain one: "debug", "debian", files

    @property
    def packaged(self) -> bool:
        """Tell whether it is Debian's own, of which only modules are built."""
        return self.base == load_config().series

    @property
    def architecture(self) -> Architecture:
        return architecture_of(self.base)

    @property
    def tree(self) -> Tree:
        """Return where its source is kept; bases of one source share it."""
        return Tree(tree_name(self.base))

    @property
    def label(self) -> str:
        """Return the name without paths: ``7.3-debug+live-update``, or ``live-update``."""
        parts = [self.base, *map(config_label, self.configs)]
        series = series_label(self.series)
        return series if self.packaged else f"{'-'.join(parts)}+{series}"


def read_name(text: str = "", config: str = "") -> KernelName:
    """Read ``--kernel`` and ``--config`` of one kernel; what is left out is kernel.toml's.

    UsageError for a base, a series or a configuration that is unknown.
    """
    usual = load_config()
    match = re.fullmatch(rf"({_BASE}):(.*)", text)
    base, series = (match[1], match[2]) if match else ("", text)
    if not match and text in known_bases() and not (PATCHES / text).is_dir():
        base, series = text, ""
    base = base or usual.series
    if base not in known_bases():
        raise UsageError(
            f"--kernel: there is no base '{base}'",
            f"known are {', '.join(known_bases())}; bench kernel build NAME --tree PATH makes one",
        )
    series = series or usual.patches
    check_series(series)
    return KernelName(base, series, _configs(config, base))


def on_base(base: str, text: str) -> str:
    """Return a kernel's name with another base: the series that ``text`` names, on ``base``.

    A name without a series, or one whose base is not known here any more, has the usual one.
    """
    match = re.fullmatch(rf"{_BASE}:(.*)", text)
    series = match[1] if match else text
    named = "/" in series or all((PATCHES / each).is_dir() for each in series.split("+"))
    return f"{base}:{series if named or series == STOCK else ''}"


def known_bases() -> list[str]:
    """List what a kernel can be made of: Debian's packages, its sources, and trees kept here."""
    fixed = [load_config().series, *source_bases()]
    return [*fixed, *(tree.name for tree in kept_trees() if tree.name not in fixed)]


def own_name(name: str) -> str:
    """Check the name that a tree is to be kept under; UsageError where it is not to be had."""
    taken = [load_config().series, *source_bases(), STOCK, *(p.name for p in PATCHES.iterdir())]
    if name in taken:
        raise UsageError(f"NAME: '{name}' is taken", f"other names than {', '.join(taken)}")
    if not re.fullmatch(_BASE, name):
        raise UsageError(f"NAME: '{name}' is no name", "letters, digits, dots, _ and -, up to 41")
    return name


def config_label(config: str) -> str:
    """Return the name of a configuration without where it is, as make takes it in a path."""
    name = re.sub(r"\.config$", "", Path(config).name) if _is_file(config) else config
    return re.sub(r"[^\w.-]", "_", name)[:_LONGEST]


def check_config(config: str) -> str:
    """Return a configuration as it is known everywhere; UsageError for one that is not known."""
    if _is_file(config):
        path = Path(config).resolve()
        if not path.is_file():
            raise UsageError(f"--config: {config}: no such file")
        return str(path)
    if config not in (PLAIN, DEBUG, DEBIAN, LINES):
        raise UsageError(
            f"--config: '{config}' is unknown",
            f"known are {PLAIN}, {DEBUG}, {DEBIAN}, {LINES}, or a file with a / in it",
        )
    return config


def _is_file(config: str) -> bool:
    return "/" in config or config.endswith(".config")


def read_configs(text: str) -> tuple[str, ...]:
    """Read ``a+b`` of ``--config``; ``plain`` is what all are laid over, and none itself.

    UsageError for one that is not known, or a file that has other lines than options.
    """
    configs = [check_config(part.strip()) for part in text.split("+") if part.strip()]
    for config in filter(_is_file, configs):
        read_fragment(Path(config))
    return tuple(dict.fromkeys(config for config in configs if config != PLAIN))


def _configs(text: str, base: str) -> tuple[str, ...]:
    configs = read_configs(text)
    if configs and base == load_config().series:
        raise UsageError(
            f"--config: {base} is Debian's kernel, as it is",
            f"a base that is built whole has one: {', '.join(source_bases())}, or a tree",
        )
    if configs and architecture_of(base) is Architecture.UML:
        raise UsageError(f"--config: {base} is built in one configuration", "leave --config out")
    kept = Tree(tree_name(base)).origin() if base != load_config().series else None
    return tuple(dict.fromkeys((*(kept.configs if kept else ()), *configs)))
