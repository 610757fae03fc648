# SPDX-License-Identifier: GPL-2.0-only
"""Looks of methods and phases: told apart by colour, and without it by shape and hatch.

Every colour has a contrast of 3:1 or more against white and against #121212, so that one
SVG serves a light page and a dark one. In grey such colours are much alike: markers,
dashes and hatches tell them apart. Blue, vermilion, green and purple are those of Okabe
and Ito (2008).
"""

from dataclasses import dataclass
from typing import Any

from bench.model.method import Method, Phase

# Colours that nothing else has: svg.element() replaces them by variables of the page's CSS.
INK, MUTED, GRID = "#111213", "#6f7072", "#cdcecf"
_INKS = ("text.color", "axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor", "hatch.color")
RC: dict[str, Any] = {
    **dict.fromkeys(_INKS, INK),
    **dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), MUTED),
    **dict.fromkeys(
        ("axes.spines.top", "axes.spines.right", "text.parse_math", "legend.frameon"), False
    ),
    **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), "none"),
    **dict.fromkeys(
        ("font.size", "xtick.labelsize", "ytick.labelsize", "legend.fontsize", "figure.labelsize"),
        8,
    ),
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.titlelocation": "left",
    "axes.titlesize": 8,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.5,
    "lines.linewidth": 1.3,
    "lines.scale_dashes": True,
    "lines.markersize": 5.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "bench",
}
SHADE: dict[str, Any] = {"color": "#808080", "alpha": 0.22, "linewidth": 0}
HOLLOW: dict[str, Any] = {
    "color": MUTED,
    "marker": "o",
    "mfc": "none",
    "dashes": (2, 2),
    "label": "extrapolated, not measured",
}


@dataclass(frozen=True)
class MethodStyle:
    """How curves and marks of a method look."""

    colour: str
    marker: str
    dash: tuple[float, ...]  # lengths on and off, in line widths

    @property
    def line(self) -> dict[str, Any]:
        return {"color": self.colour, "dashes": self.dash}

    @property
    def mark(self) -> dict[str, Any]:
        return {"color": self.colour, "marker": self.marker, "linestyle": "none"}


@dataclass(frozen=True)
class Fill:
    """How the bar of a phase looks."""

    colour: str
    hatch: str

    @property
    def patch(self) -> dict[str, Any]:
        return {"facecolor": self.colour, "hatch": self.hatch, "edgecolor": INK, "linewidth": 0.4}


_METHODS = {
    "new-owner": MethodStyle("#0072B2", "o", (1.0, 0.0)),
    "reset-owner": MethodStyle("#D55E00", "s", (5.0, 1.5)),
    "reopen": MethodStyle("#CC79A7", "^", (1.5, 1.5)),
    "resume": MethodStyle("#5A97D8", ">", (1.0, 1.0)),
    "new-owner-back": MethodStyle("#AF7AF0", "<", (3.0, 1.0)),
    "reset-owner-back": MethodStyle("#275CEC", "v", (3.0, 1.0, 1.0, 1.0)),
    "vfio-remap": MethodStyle("#939452", "d", (7.0, 2.0)),
    "vfio-vaddr": MethodStyle("#6558DA", "*", (2.0, 2.0)),
    "iommufd-remap": MethodStyle("#09A27D", "p", (7.0, 2.0, 1.0, 2.0)),
    "iommufd-process": MethodStyle("#AF00FE", "h", (1.0, 3.0)),
    "exec-only": MethodStyle("#717581", "D", (5.0, 1.5, 1.0, 1.5)),
    "io-uring": MethodStyle("#009E73", "H", (1.0, 0.0)),
    "gup-test": MethodStyle("#9A5FC0", "P", (7.0, 2.0)),
    "iotlb": MethodStyle("#3F90DA", "X", (2.0, 2.0)),
    "mlock": MethodStyle("#8C6D1F", "1", (7.0, 2.0, 1.0, 2.0)),
    "populate": MethodStyle("#7A7A7A", "x", (1.0, 3.0)),
    "start-helper": MethodStyle("#B5651D", "4", (5.0, 1.5)),
    "start-vmm": MethodStyle("#2A83A2", ".", (1.0, 0.0)),
}
# Of a method that has none yet.
_NEW_METHOD = MethodStyle("#C2382E", "8", (9.0, 2.0))
# Hatches of lines only: one of dots or circles is 100 kB of SVG.
_PHASES = {
    "suspend": Fill("#3F90DA", ""),
    "reset": Fill("#8C6D1F", "--"),
    "release": Fill("#D55E00", "////"),
    "exec": Fill("#717581", ""),
    "populate": Fill("#A96B59", "xxxx"),
    "claim": Fill("#009E73", "+++"),
    "vrings": Fill("#CC79A7", "||||"),
    "map": Fill("#0072B2", "\\\\\\\\"),
    "start": Fill("#C2382E", "xx"),
    "pin": Fill("#0072B2", "\\\\\\\\"),
    "unpin": Fill("#D55E00", "////"),
}
_NEW_PHASE = Fill("#9A5FC0", "-----")


def style_of(method: Method) -> MethodStyle:
    """Get the look of a method: the same in every figure."""
    return _METHODS.get(method.value, _NEW_METHOD)


def fill_of(phase: Phase) -> Fill:
    """Get the fill of a phase: the same in every figure."""
    return _PHASES.get(phase.value, _NEW_PHASE)
