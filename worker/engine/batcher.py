"""One inference for the crops of many callers: the micro-batcher in front of a recogniser."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt
import structlog

from core.settings.groups import EngineSettings
from core.vocabulary import Side
from worker.engine.contract import Embedder, Embeddings, Image, Priority
from worker.engine.embed import BUCKETS, Recogniser
from worker.engine.providers import is_on_cores
from worker.engine.turns import Machine, Ticket, Turns

#: Batches whose crops may wait for a device. Callers beyond that wait to be let in.
ROOM = 8

log = structlog.get_logger()

Row: TypeAlias = npt.NDArray[np.float32] | Exception


@dataclass(slots=True, eq=False)
class Call:
    """Some crops that belong together, and what comes of them."""

    crops: Sequence[Image]
    #: Its place in the line for the device; None where it runs by itself.
    ticket: Ticket | None = None
    #: An embedding or an error for each crop, once it is over.
    rows: list[Row] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def result(self) -> Embeddings:
        """Wait for the end; raise the first error."""
        self.is_over.wait()
        if errors := [row for row in self.rows if isinstance(row, Exception)]:
            raise errors[0]
        return np.stack([row for row in self.rows if not isinstance(row, Exception)])


class Batcher:
    """Batches by need: while the device is at work callers gather, and whoever gets it next takes all of them along.

    So an idle device keeps nobody waiting (but for `wait_s`, where that pays), and a busy one runs full batches. There
    is no thread of its own: the caller whose turn it is runs the batch.

    Only interactive calls share a batch. A call of an evaluation is cut into batches by itself: what it is
    embedded with depends on nothing but the call, and neither do the last bits of its embeddings.
    """

    def __init__(
        self, recogniser: Embedder, turns: Turns, *, largest: int, apart: int | None = None, wait_s: float = 0.0
    ) -> None:
        """`largest`: crops in a batch, `apart`: in one of an evaluation, where that is another number.

        `wait_s`: how long whoever has the device waits for a batch to fill.
        """
        self.largest = largest
        self._apart = apart or largest
        self._recogniser = recogniser
        self._turns = turns
        self._wait_s = wait_s
        self._gathered: list[Call] = []
        self._changed = threading.Condition()

    @classmethod
    def of(cls, recogniser: Recogniser, machine: Machine, provider: str, settings: EngineSettings) -> Self:
        """On a CPU a face costs about the same in any batch (docs/engine.md): there each core runs one caller's.

        Two at a time, as in a comparison on busy cores, cost a twentieth less than one: an evaluation's too.
        """
        apart = None
        if is_on_cores(provider):
            apart = settings.batch_size or len(Side)
            turns, largest, wait_ms = machine.cores, settings.batch_size or 1, settings.batch_wait_ms or 0.0
        else:
            wait_ms = 2.0 if settings.batch_wait_ms is None else settings.batch_wait_ms
            turns, largest = machine.gpu, settings.batch_size or BUCKETS[-1]
        if recogniser.runs_one_by_one:
            largest = apart = 1
        return cls(recogniser, turns, largest=largest, apart=apart, wait_s=wait_ms / 1000)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Batch sizes that will be run, as far as a warm-up should know them."""
        return (*(size for size in BUCKETS if size < self.largest), self.largest)

    def embed(self, crops: Sequence[Image], priority: Priority, since: float | None = None) -> Embeddings:
        """Rows in the order of the crops, each of length 1. Raises what the recogniser raises of these crops."""
        if not crops:
            return self._recogniser.embed(crops)
        is_apart = priority is Priority.EVALUATION
        run, size = (self._run_apart, self._apart) if is_apart else (self._run_together, self.largest)
        return np.concatenate([run(crops[i : i + size], since) for i in range(0, len(crops), size)])

    def runs_within(self, turns: Turns) -> bool:
        """Whether an inference takes one of these turns and no company: then who has one may embed at once."""
        return self._turns is turns and self.largest == 1

    def embed_now(self, crops: Sequence[Image]) -> Embeddings:
        """As `embed`, for a caller who has the device's turn: all of them in one inference."""
        return self._recogniser.embed(crops)

    def _run_apart(self, crops: Sequence[Image], since: float | None) -> Embeddings:
        call = Call(crops)
        with self._turns.turn(Priority.EVALUATION, since):
            self._run([call])
        return call.result()

    def _run_together(self, crops: Sequence[Image], since: float | None) -> Embeddings:
        call = Call(crops)
        with self._changed:
            self._changed.wait_for(lambda: self.waiting + len(crops) <= ROOM * self.largest)
            self._gathered.append(call)
            call.ticket = self._turns.line_up(Priority.INTERACTIVE, since)
            self._changed.notify_all()
        if call.ticket.wait():
            try:
                self._lead(call)
            finally:
                self._turns.give_back()
        return call.result()

    @property
    def waiting(self) -> int:
        """Crops of interactive calls that no batch has taken yet."""
        return sum(len(call.crops) for call in self._gathered)

    def _lead(self, first: Call) -> None:
        """Run a batch that begins with our call; nothing if another has taken it along meanwhile."""
        with self._changed:
            if first not in self._gathered:
                return
            if self._wait_s:
                self._changed.wait_for(lambda: self.waiting >= self.largest, self._wait_s)
            batch = self._take(first)
            self._changed.notify_all()
        self._run(batch)

    def _take(self, first: Call) -> list[Call]:
        batch, crops = [], 0
        for call in (first, *(other for other in self._gathered if other is not first)):
            if crops + len(call.crops) > self.largest:
                break
            batch.append(call)
            crops += len(call.crops)
        for call in batch:
            self._gathered.remove(call)
            if call is not first and call.ticket is not None:
                self._turns.withdraw(call.ticket)
        return batch

    def _run(self, batch: Sequence[Call]) -> None:
        try:
            rows = iter(self._rows([crop for call in batch for crop in call.crops]))
            for call in batch:
                call.rows = [next(rows) for _ in call.crops]
        finally:
            for call in batch:
                call.is_over.set()

    def _rows(self, crops: Sequence[Image]) -> list[Row]:
        """A row or an error for each crop: of a batch that fails each is tried alone, so that a bad one fails alone."""
        try:
            return list(self._recogniser.embed(crops))
        except Exception as error:
            if len(crops) == 1:
                return [error]
            log.warning("batch_failed", crops=len(crops), why=repr(error))
            return [row for crop in crops for row in self._rows([crop])]
