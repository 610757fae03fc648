# SPDX-License-Identifier: GPL-2.0-only
"""Give all blocks to an engine, and turn what comes back into events for a single reader."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Future
from contextlib import closing
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Protocol

from bench.engines.base import Engine
from bench.errors import BenchError, CellFailed, EngineLost
from bench.guest.recorded import Answer, read_answer
from bench.measure.events import Begun, Ended, Event, Numbered, until_enough
from bench.model.cell import Block, Rep, Unavailable
from bench.plan.duration import whole_seconds

TRIES = 3  # of a block whose worker is lost, or cannot run it
_TICK = 1.0  # seconds between two looks at the workers
_SPARE = 256  # blocks that an engine has at least, where there are so many
_LONELY = 60.0  # seconds without a worker, after which that is said

Say = Callable[[str], None]


class Remote(Protocol):
    """An executor whose blocks are measured elsewhere: bench.executors.remote has the real one."""

    @property
    def engine(self) -> Engine: ...
    def submit(self, block: Block) -> "Future[str]": ...
    def answered(
        self, number: int, block: Block, answer: Answer
    ) -> Generator[Rep | Unavailable]: ...
    def stop(self) -> None: ...


class Elsewhere:
    """Blocks on their way: which are still to come, and how often each was tried.

    An engine gets as many as keep its workers busy, and not all at once: what ends is stored
    from the first block on, and neither the engine nor Ctrl-C has ten thousand to deal with.
    """

    def __init__(self, executor: Remote, blocks: Sequence[Numbered], say: Say) -> None:
        self._executor = executor
        self._blocks = dict(blocks)
        self._say = say
        self._tries = dict.fromkeys(self._blocks, 0)
        self._ended: SimpleQueue[tuple[int, Future[str]]] = SimpleQueue()
        self._engines = 0  # how often the engine was made usable again
        self._begun_in: dict[int, int] = {}  # with which of them each block was begun
        self._lonely = _Lonely(executor, say)
        # Those that nobody was told of yet, in their order; a dict is slow where its front is gone.
        self._queued: OrderedDict[int, None] = OrderedDict()
        self._due: deque[int] = deque()  # those of them that the engine does not have yet

    def events(self) -> Generator[tuple[int, Event]]:
        """Yield what happens, by the numbers of blocks; those that take longest begin first.

        Closing this takes back what waits, and ends what is being measured.
        """
        try:
            self._lonely.wait()
            order = sorted(self._blocks, key=lambda n: -whole_seconds(self._blocks[n]))
            self._due.extend(order)
            self._queued = OrderedDict.fromkeys(order)
            while self._blocks:
                self._fill()
                yield from self._begun()
                number, future = self._next()
                answer = self._answer(number, future)
                if answer is not None:
                    yield from self._told(number, self._blocks.pop(number), answer)
        except BaseException:
            self._executor.stop()
            raise

    def _fill(self) -> None:
        """Give the engine what its workers do now and next."""
        most = max(_SPARE, 2 * self._lonely.workers)
        while self._due and len(self._blocks) - len(self._due) < most:
            self._submit(self._due.popleft())

    def _begun(self) -> Generator[tuple[int, Event]]:
        """Tell of as many blocks as there are workers that they are being measured.

        Engines say when one ends, and not when it begins: they take them in their order.
        """
        workers = self._lonely.workers or 1
        at_it = len(self._blocks) - len(self._queued)
        for number in [*islice(self._queued, max(0, workers - at_it))]:
            del self._queued[number]
            yield number, Begun()

    def _submit(self, number: int) -> None:
        self._tries[number] += 1
        self._begun_in[number] = self._engines
        future = self._executor.submit(self._blocks[number])
        future.add_done_callback(lambda done: self._ended.put((number, done)))

    def _next(self) -> "tuple[int, Future[str]]":
        """Return the next block that has come to its end, however long that takes."""
        while True:
            try:
                self._lonely.look_again()
                return self._ended.get(timeout=_TICK)
            except Empty:
                continue

    def _answer(self, number: int, future: "Future[str]") -> Answer | BenchError | None:
        """Return the answer of a block, or what keeps it from having one; None: tried again."""
        label = self._blocks[number].label
        try:
            answer = read_answer(future.result())
        except CellFailed as rubbish:
            return rubbish
        except (CancelledError, Exception) as error:
            lost = self._lost(number, error)
            if isinstance(error, BrokenExecutor) and number in self._queued:
                self._submit(number)  # it had not begun
                return None
            return self._again(number, f"{label}: {lost}")
        where = f"{answer.worker.host} {answer.worker.pid}"
        if answer.refused:
            self._executor.engine.avoid(answer.worker.host, answer.worker.pid)
            return self._again(number, f"{label}: worker {where} cannot run it: {answer.refused}")
        if answer.killed and self._tries[number] < TRIES:
            return self._again(number, f"{label}: its QEMU was killed on worker {where}")
        soak = self._blocks[number].any_cell.soak  # may be hours, which are kept
        if answer.end == "hung" and self._tries[number] == 1 and not soak:
            # A kernel that hangs does so once more; a host that was busy or asleep does not.
            return self._again(number, f"{label}: its guest hung on worker {where}")
        return answer

    def _again(self, number: int, why: str) -> BenchError | None:
        """Have a block tried again; return the error that says why where that is no use."""
        if self._executor.engine.gone():
            return EngineLost(f"{self._executor.engine.name} does not answer any more")
        if self._tries[number] >= TRIES:
            return EngineLost(f"{why}, {TRIES} times")
        self._say(f"{why}; it is tried again")
        self._lonely.wait()
        self._submit(number)
        return None

    def _lost(self, number: int, error: BaseException) -> str:
        """Say how an engine lost a block; one that has broken down is made usable again, once."""
        if isinstance(error, BrokenExecutor) and self._begun_in[number] == self._engines:
            self._executor.engine.restart()
            self._engines += 1
        if isinstance(error, BrokenExecutor):
            return "its worker died, or one beside it"
        return f"its worker was lost: {' '.join(str(error).split())[:200] or type(error).__name__}"

    def _told(
        self, number: int, block: Block, answer: Answer | BenchError
    ) -> Generator[tuple[int, Event]]:
        if number in self._queued:
            del self._queued[number]
            yield number, Begun()
        took = None if isinstance(answer, BenchError) else answer.seconds
        try:
            if isinstance(answer, BenchError):
                raise answer
            with closing(self._executor.answered(number, block, answer)) as items:
                for item in until_enough(block, items):
                    yield number, item
        except Exception as problem:
            yield number, Ended(problem, took)
        else:
            yield number, Ended(seconds=took)


class _Lonely:
    """Knows how many workers are there, and says when none has been for a while."""

    def __init__(self, executor: Remote, say: Say) -> None:
        self._engine = executor.engine
        self._say = say
        self._since: float | None = None
        self._looked = float("-inf")
        self.workers = 0  # at the last look; 0 also where nobody can tell

    def wait(self) -> None:
        """Wait for a worker, or for the end of an engine that has none."""
        while self._look() == 0 and not self._engine.gone():
            time.sleep(_TICK)

    def look_again(self) -> None:
        """Look whether a worker is there, unless that was done just now: some engines are asked."""
        if time.monotonic() - self._looked >= _TICK:
            self._look()

    def _look(self) -> int | None:
        """Return how many workers are there; that there are none is said once for each time."""
        self._looked = time.monotonic()
        found = self._engine.workers()
        self.workers = found or 0
        if found != 0:
            self._since = None
            return found
        self._since = self._since or self._looked
        if self._looked - self._since - _LONELY > 0:
            self._say(
                f"{self._engine.name} has had no worker for a minute: start one, or press Ctrl-C"
                " and go on later with bench run --resume"
            )
            self._since = float("inf")
        return found
