# SPDX-License-Identifier: GPL-2.0-only
"""Read what the helper writes: JSON Lines, each within a deadline and checked by itself."""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from bench.errors import CellFailed, CellSkipped, ProtocolError
from bench.machine.endings import ending, remedy
from bench.model.cell import Block, Rep, Unavailable
from bench.model.device import device_named, of_this_machine
from bench.model.method import Experiment, Method, Phase
from bench.model.units import KIB, number_of
from bench.protocol.helper import helper_params
from bench.results.crc import check_crc
from bench.results.row import Count, plainly

PROTO = 1


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="t"):
    """Hold one line, whose key ``t`` says which of these messages it is."""


class Ready(Message, frozen=True, tag="ready"):
    """From the guest's init, once: it takes commands now."""

    kernel: str
    clocksource: str


class Hello(Message, frozen=True, tag="hello"):
    """Before anything is measured: what the helper was asked for, as it understood it."""

    proto: int
    experiment: str
    params: dict[str, Any]


class RepMessage(Message, frozen=True, tag="rep"):
    """A handover, or a turn of a pin loop, in ticks of the clock and bytes."""

    i: Count
    method: Method
    phases: dict[Phase, Count]
    pause: Count
    vmpin_kb: Count
    extents: Count
    window: Count = 0
    settle: Count = 0
    after_pause: Count = 0
    counters: dict[str, Count] = {}


class Check(Message, frozen=True, tag="check"):
    """A property of the kernel's interface: what came and what should have."""

    name: str
    ok: bool
    got: str
    value: Count
    want: Count


class Done(Message, frozen=True, tag="done"):
    """Of a soak: a handover is proven, whether it is a rep or not."""

    handovers: Count


class Footprint(Message, frozen=True, tag="footprint"):
    """Of a soak, before a rep: what the kernel has in use, in its own units."""

    counts: dict[str, Count]


class Skip(Message, frozen=True, tag="skip"):
    """What cannot be measured here: one method, or without its name nothing at all."""

    why: str
    need: str
    method: Method | None = None


class Error(Message, frozen=True, tag="error"):
    """An operation that failed, which ends the measurement."""

    op: str
    errno: Count
    text: str


class End(Message, frozen=True, tag="end"):
    """After the last result: how many there were."""

    n: Count


class Exit(Message, frozen=True, tag="exit"):
    """After the last line of a command: how it ended."""

    code: int


AnyMessage = Ready | Hello | RepMessage | Check | Done | Footprint | Skip | Error | End | Exit
_DECODER: msgspec.json.Decoder[AnyMessage] = msgspec.json.Decoder(AnyMessage)


def parse(line: str) -> AnyMessage:
    """Parse one line; ProtocolError quotes it when it is not a message."""
    try:
        text = check_crc(line.encode(errors="surrogateescape"))
        # What helpers of before call the extents.
        return _DECODER.decode(text.replace(b'"runs":', b'"extents":'))
    except (ValueError, RecursionError) as error:
        why = plainly(error)
        raise ProtocolError(
            f"the helper wrote a line that is no message ({why}): {line[:80]!r}"
        ) from None


def read_items(
    lines: Iterable[str],
    check: Callable[[Hello], None] = lambda _: None,
    to_exit: bool = True,
) -> Iterator[RepMessage | Check | Skip]:
    """Yield what lies between hello and end, once per line; ``to_exit`` waits for the exit too.

    Raises CellSkipped or CellFailed with the helper's own words, ProtocolError when the
    stream is not whole: a count that is wrong rejects everything before it.
    """
    messages = _Soaked(map(parse, lines))
    check(_expect_hello(next(messages, None)))
    count = 0
    for message in messages:
        if isinstance(message, RepMessage | Check):
            count += 1
            yield message
        elif isinstance(message, Skip) and message.method:
            yield message
        elif isinstance(message, Skip):
            raise CellSkipped(message.why, message.need)
        elif isinstance(message, Error):
            said = message.text if message.op in message.text else f"{message.op}: {message.text}"
            raise CellFailed(said + messages.where, remedy(message.op, message.errno))
        elif isinstance(message, End) and message.n == count:
            if to_exit:
                _expect_exit(next(messages, None))
            return
        elif isinstance(message, Exit):
            how, fix = ending(message.code)
            raise ProtocolError(f"the helper ended after {number_of(count, 'result')}: {how}", fix)
        else:
            raise ProtocolError(f"after {number_of(count, 'result')} the helper sent {message}")
    raise ProtocolError(
        f"the helper stopped short after {number_of(count, 'result')}{messages.where}"
    )


class _Soaked(Iterator[AnyMessage]):
    """Messages without those that only a soak has: a footprint becomes part of its rep.

    What ends them before their end says which handover was under way.
    """

    def __init__(self, messages: Iterator[AnyMessage]) -> None:
        self._messages = messages
        self._done: int | None = None
        self._counts: dict[str, int] = {}

    @property
    def where(self) -> str:
        return "" if self._done is None else f" (in handover {self._done + 1})"

    def __next__(self) -> AnyMessage:
        while True:
            try:
                message = next(self._messages)
            except CellFailed as error:
                error.message += self.where
                raise
            if isinstance(message, Hello) and message.params.get("handovers", 1) != 1:
                self._done = 0
            if isinstance(message, Done):
                self._done = message.handovers
            elif isinstance(message, Footprint):
                self._counts |= message.counts
            elif isinstance(message, RepMessage) and self._counts:
                counts, self._counts = self._counts, {}
                return msgspec.structs.replace(message, counters=message.counters | counts)
            else:
                return message


def _expect_hello(message: object) -> Hello:
    if isinstance(message, Exit):
        how, fix = ending(message.code)
        raise ProtocolError(f"the helper ended before it said hello: {how}", fix)
    if message is None:
        raise ProtocolError("the helper said nothing")
    if not isinstance(message, Hello) or message.proto != PROTO:
        raise ProtocolError(f"the helper does not speak protocol {PROTO}: {message}")
    return message


def _expect_exit(message: object) -> None:
    if isinstance(message, Exit) and message.code:
        how, fix = ending(message.code)
        raise ProtocolError(f"the helper ended its stream well, but then: {how}", fix)
    if not isinstance(message, Exit):
        raise ProtocolError(f"the helper ended its stream well, but then: {message}")


def _check_hello(hello: Hello, block: Block) -> None:
    """Check that the helper measures what the plan wants; ProtocolError quotes both."""
    expected = helper_params(block.any_cell)
    expected |= {"broken": block.broken is not None, "reps": len(block.order)}
    got = {key: hello.params.get(key) for key in expected}
    if hello.experiment != block.experiment or got != expected:
        raise ProtocolError(f"the helper measured {hello.experiment} {got}, not {expected}")


def read_reps(
    lines: Iterable[str], block: Block, to_exit: bool = True
) -> Generator[Rep | Unavailable]:
    """Yield the reps of a block in its order, each checked against the plan as it comes.

    Before them, methods that cannot be had here: those of the order that is left follow.
    """
    reader = _Reader(block, block.order)
    for item in read_items(lines, lambda hello: _check_hello(hello, block), to_exit):
        if isinstance(item, Skip):
            yield reader.without(item)
        else:
            yield reader.rep(item)
    if reader.due != len(reader.order):
        raise ProtocolError(f"{reader.due} reps of {len(reader.order)}: the helper stopped short")


@dataclass
class _Reader:
    """Where in a block's order the stream is."""

    block: Block
    order: tuple[Method, ...]
    due: int = 0
    missing: set[Method] = field(default_factory=set)
    extents: int | None = None

    def without(self, skip: Skip) -> Unavailable:
        if self.due or skip.method is None or skip.method not in self.order:
            raise ProtocolError(f"rep {self.due} was due, but the helper sent {skip}")
        self.missing.add(skip.method)
        self.order = self.block.order_without(self.missing)
        return Unavailable(skip.method, skip.why, skip.need)

    def rep(self, item: RepMessage | Check) -> Rep:
        due = self.due
        if not isinstance(item, RepMessage) or item.i != due or due >= len(self.order):
            raise ProtocolError(f"rep {due} was due, but the helper sent {item}")
        if item.method is not self.order[due]:
            raise ProtocolError(f"rep {due} is {item.method}, not {self.order[due]}")
        phases = set(self.block.experiment.phases)
        if sum(item.phases.values()) != item.pause or set(item.phases) != phases:
            raise ProtocolError(f"rep {due}: its phases are not its pause: {item.phases}")
        pinned = item.vmpin_kb * KIB
        self._check_memory(item.method, pinned, item.extents)
        self.due += 1
        return Rep(
            method=item.method,
            phases=item.phases,
            pause=item.pause,
            pinned=pinned,
            extents=item.extents,
            window=item.window,
            settle=item.settle,
            after_pause=item.after_pause,
            counters=item.counters,
        )

    def _check_memory(self, method: Method, pinned: int, extents: int) -> None:
        """Check what the helper has proven already: what is stored is that very figure."""
        cell = self.block.cell_of(method)
        if self.extents not in (None, extents):
            was = f"memory of {self.extents} extents"
            raise ProtocolError(f"rep {self.due}: {was} now has {extents}")
        self.extents = extents
        handed = cell.method.experiment is Experiment.LIVE_UPDATE
        known = handed and cell.regions.isdecimal() and not of_this_machine(cell.device)
        pins = cell.method.needs_device and device_named(cell.device).pins
        if pinned > cell.mapped or (known and pinned != (cell.mapped if pins else 0)):
            raise ProtocolError(f"rep {self.due}: {pinned} bytes pinned of {cell.mapped}")
