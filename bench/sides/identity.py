# SPDX-License-Identifier: GPL-2.0-only
"""Say what makes a boot itself, and which session measured it: two that agree are no replicas."""

import json
import zlib
from collections.abc import Sequence
from itertools import groupby

from bench.model.cell import Clock
from bench.results.series import session_directory
from bench.results.writer import Run


def boot_identity(run: Run, boot: int, last: int) -> str:
    """Return what no other boot has in common with this one; "" where it is not known.

    ``last`` is the highest number of a boot of the run. Of a guest that counts instructions it
    is what decides every count: kernel, saved state, seed, and where no state was saved the
    plan and the number of the boot. Of times it is when and where they were measured.
    """
    if run.clock is Clock.ICOUNT:
        return _counted(run, boot, last)
    host = host_boot(run, boot, last)
    return f"boot_id {host}" if host else _timed(run, boot)


def host_boot(run: Run, boot: int, last: int) -> str:
    """Return the boot_id of a boot of the host; "" for a guest's, or if it is not known.

    Sessions of one boot follow one another (bench.measure.resume counts them as one).
    """
    if run.facts.executor.name != "host":
        return ""
    return _of_boot([session.boot_id for session in run.facts.sessions], boot, last)


def measured_when(run: Run) -> str:
    """Return when and where a run began: a copy has the same. "" where it is not known."""
    if not run.facts.sessions:
        return ""
    first = run.facts.sessions[0]
    return " ".join(filter(None, (first.began, first.host, first.boot_id))) if first.began else ""


def is_copy(run: Run, other: Run) -> bool:
    """Tell whether two runs that have a boot in common measured it once, or once more in vain.

    A boot of the host may be measured again, by a session that began at another time. So may a
    guest's by another scenario; by the same one it does again what it did.
    """
    when = measured_when(run)
    if when and when == measured_when(other):
        return True
    host = "host" in (run.facts.executor.name, other.facts.executor.name)
    return not host and run.facts.plan == other.facts.plan


def session_of(run: Run) -> str:
    """Name the session of a run: boots that took turns share one, and a resumed run is one."""
    return str(session_directory(run.path))


def _counted(run: Run, boot: int, last: int) -> str:
    executor, states = run.facts.executor, [session.state for session in run.facts.sessions]
    if not executor.kernel_digest or run.facts.seed is None:
        return ""
    words = [f"kernel {executor.kernel_digest}", f"seed {run.facts.seed}"]
    if state := _of_boot(states, boot, last):
        return ", ".join([*words, f"state {state}"])
    plan = zlib.crc32(json.dumps(run.facts.plan, sort_keys=True).encode())
    return ", ".join([*words, "fresh", f"plan {plan:08x}", f"boot {boot}"])


def _timed(run: Run, boot: int) -> str:
    when = measured_when(run)
    if not when:
        return ""
    kernel = run.facts.executor.kernel_digest or run.facts.executor.kernel
    return f"began {when}, kernel {kernel}, seed {run.facts.seed}, boot {boot}"


def _of_boot(names: Sequence[str], boot: int, last: int) -> str:
    """Pick the name of a boot from those of the sessions, of which equal ones go together."""
    ids = [each for each, _ in groupby(names)]
    return ids[boot - 1] if len(ids) == last and 1 <= boot <= last else ""
