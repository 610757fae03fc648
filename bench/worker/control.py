# SPDX-License-Identifier: GPL-2.0-only
"""Control a QEMU by QMP: stop it, save its state, let it go on."""

import json
import socket
import time
from collections.abc import Collection, Mapping
from typing import Any

from bench.errors import CannotSave, GuestHung, GuestLost
from bench.worker.lines import LineReader

_ANSWER_DEADLINE = 60  # seconds
STATE_DEADLINE = 120  # seconds; half a second for a guest of 1 GiB of which little is used
_PAUSE = 0.01  # seconds between two questions


class Control:
    """One QMP connection: docs/interop/qmp-spec.rst."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = LineReader(connection.fileno())
        self._message("QMP")  # the greeting
        self.execute("qmp_capabilities")

    def execute(self, command: str, **arguments: Any) -> Mapping[str, Any]:
        """Return QEMU's answer; CannotSave with QEMU's own words when it refuses."""
        text = json.dumps({"execute": command, "arguments": arguments})
        try:
            self._connection.sendall(text.encode() + b"\n")
        except OSError:
            raise GuestLost("QEMU ended") from None
        answer = self._message("return", "error")
        if "error" in answer:
            raise CannotSave(str(answer["error"].get("desc", "no reason given")))
        found: Mapping[str, Any] = answer["return"]
        return found

    def wait_for(
        self, command: str, good: Collection[str], bad: Collection[str], seconds: float
    ) -> None:
        """Ask until the status is a good one; CannotSave for a bad one, or none in time."""
        end = time.monotonic() + seconds
        while (answer := self.execute(command)).get("status") not in good:
            if answer.get("status") in bad or time.monotonic() > end:
                why = answer.get("error-desc") or f"{command} says {answer.get('status')}"
                raise CannotSave(str(why))
            time.sleep(_PAUSE)

    def go_on(self) -> None:
        """Let a guest that is restored run, once all of its state is there; as `wait_for`."""
        good, bad = {"paused", "postmigrate"}, {"internal-error"}
        self.wait_for("query-status", good, bad, STATE_DEADLINE)
        self.execute("cont")

    def _message(self, *keys: str) -> Mapping[str, Any]:
        """Return the next message with one of these keys; events are passed over."""
        while True:
            try:
                line = self._lines.line(_ANSWER_DEADLINE)
            except TimeoutError:
                raise GuestHung(f"no answer from QEMU for {_ANSWER_DEADLINE} s") from None
            if line is None:
                raise GuestLost("QEMU ended")
            message: Mapping[str, Any] = json.loads(line)
            if not message.keys().isdisjoint(keys):
                return message
