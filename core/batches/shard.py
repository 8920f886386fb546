"""A shard: pairs of a batch that one worker compares, with the photographs they need. It is there until it is done."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.storage.lifecycle import Status
from core.vocabulary import Reason, Side


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a photograph was not stored: it would have been refused as the image of a comparison."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Photograph:
    """One photograph of a batch, and where its sealed bytes lie in the batch's object."""

    #: Its place in the batch, from 0.
    number: int
    #: The client's name for it.
    name: str
    offset: int
    #: Sealed; 0 where it was not stored there.
    size_bytes: int
    #: Whether other shards need it too.
    is_shared: bool = False
    #: None where it was stored.
    refusal: Refusal | None = None
    #: Whether any pair of the batch asks for its liveness.
    is_judged: bool = False
    #: Id of the upload that it is, whose object it lies in, in place of the batch's; None where it was sent.
    upload: str | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two photographs to be compared, by their numbers."""

    #: Its place in the client's list, from 0.
    number: int
    #: The client's name for it; no other pair of the batch has it.
    custom_id: str
    reference: int
    probe: int

    @property
    def photographs(self) -> Mapping[Side, int]:
        """By side."""
        return {Side.REFERENCE: self.reference, Side.PROBE: self.probe}


@dataclass(frozen=True, slots=True)
class ShardRequest:
    """What is to be done."""

    batch_id: str
    #: In the order in which they lie in the object.
    photographs: tuple[Photograph, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard that is to be done, or under way."""

    id: str
    status: Status
    request: ShardRequest
    #: How often it was started, but for starts that were handed back.
    attempts: int = 0
    #: The photograph, by its number, that the last attempt was at when its worker died; None where it was at none.
    at: int | None = None
    #: The photographs that workers died at, one entry a death.
    suspects: tuple[int, ...] = ()


def shard_id(batch_id: str, number: int) -> str:
    """The id of a batch's shard; the scripts on Redis build the same."""
    return f"{batch_id}.{number:05d}"
