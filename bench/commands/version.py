# SPDX-License-Identifier: GPL-2.0-only
"""`bench --version`: what a figure depends on that is bench's own."""

from bench import __version__
from bench.commands.outcome import Outcome


def versions() -> Outcome:
    """Say the version, the revision of a checkout, the helper, and the series of patches."""
    from bench.kernel.series import names_of_series
    from bench.measure.loop import revision
    from bench.protocol.helper import helper_digest

    rows = {
        "bench": __version__,
        "revision": revision() or "not known: no git checkout",
        "helper": f"{helper_digest()} (digest of its sources)",
        "series": ", ".join(names_of_series()),
    }
    return Outcome(0, "\n".join(f"{name:9} {value}" for name, value in rows.items()))
