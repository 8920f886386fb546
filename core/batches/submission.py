"""A batch that a client submits, and whether this deployment accepts it. No framework is known here."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from core import traces
from core.batches.batch import Batch, BatchRequest, new_images_key, seal_name
from core.batches.cutting import cut
from core.batches.pairs import AskedPair
from core.batches.shard import Pair, Photograph, Refusal, ShardRequest
from core.comparisons.images import read_header
from core.comparisons.sealing import NONCE_BYTES, TAG_BYTES, SealKey
from core.comparisons.submission import Accepting, FieldRefused, ImageUpload, Submission
from core.errors import ImageRejected, ImageTooLarge
from core.settings.groups import ImageLimits
from core.storage.lifecycle import Status, new_id
from core.vocabulary import Reason

#: Of the short form: the part that is compared with each of the others.
REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class BatchSubmission:
    """What a client asks for."""

    #: By the name of its part, the image's bytes as they came, or its upload. Emptied while they are sealed.
    photographs: dict[str, bytes | ImageUpload]
    #: None: the short form.
    pairs: Sequence[AskedPair] | None
    #: Pack, policy, threshold and what else a comparison may say; its images are nothing.
    terms: Submission


@dataclass(frozen=True, slots=True)
class AcceptedBatch:
    """A batch that may be recorded, its shards in their order, and its photographs, each sealed."""

    batch: Batch
    shards: tuple[ShardRequest, ...]
    photographs: tuple[bytes, ...]


class AcceptingBatches:
    """Looks at everything that a client can mend, before anything is stored."""

    def __init__(self, accepting: Accepting, limits: ImageLimits) -> None:
        self._accepting = accepting
        self._limits = limits

    def accept(self, asked: BatchSubmission, *, owner: str | None = None) -> AcceptedBatch:
        """The batch that this submission will be. Raise FieldRefused for what is not accepted.

        A photograph that a comparison would be refused for is not: its pairs will say why they were not judged.
        """
        terms = self._accepting.terms(asked.terms)
        names = list(asked.photographs)
        numbers = {name: number for number, name in enumerate(names)}
        pairs = _numbered(asked.pairs or _each_with_reference(names), numbers)
        _check_all_used(names, pairs)
        refusals = {number: self._refusal(asked.photographs[name]) for name, number in numbers.items()}
        uploads = {
            n: image.id for name, n in numbers.items() if isinstance(image := asked.photographs[name], ImageUpload)
        }
        sizes = [0 if refusals[number] else _held_bytes(asked.photographs[name]) for name, number in numbers.items()]
        cuts = cut([(pair.reference, pair.probe) for pair in pairs], sizes)
        order = list(dict.fromkeys(number for shard in cuts for number in shard.photographs))
        batch_id, seal_key = new_id("bat"), SealKey.new()
        needed = Counter(number for shard in cuts for number in shard.photographs)
        judged = {number for pair in pairs for side, number in pair.photographs.items() if terms.liveness.judges(side)}
        placed, offset = {}, 0
        for number in order:
            size_bytes = 0 if number in uploads else sizes[number]
            placed[number] = Photograph(
                *(number, names[number], offset, size_bytes, needed[number] > 1, refusals[number], number in judged),
                upload=uploads.get(number),
            )
            offset += size_bytes
        shards = tuple(
            ShardRequest(
                batch_id,
                tuple(sorted((placed[number] for number in shard.photographs), key=attrgetter("offset"))),
                tuple(pairs[number] for number in shard.pairs),
            )
            for shard in cuts
        )
        request = BatchRequest(
            pack=terms.pack,
            policy=terms.policy,
            threshold=terms.threshold,
            quality=terms.quality,
            images_key=new_images_key(),
            pairs=len(pairs),
            photographs=len(names),
            shards=len(shards),
            metadata=dict(asked.terms.metadata),
            callback_url=asked.terms.callback_url,
            liveness=terms.liveness,
            expires_at=asked.terms.expires_at(now := time.time()),
            origin=traces.current(),
        )
        batch = Batch(
            id=batch_id,
            status=Status.QUEUED,
            version=1,
            created_at=now,
            request=request,
            shards_left=len(shards),
            owner=owner,
            event_id=new_id("evt") if asked.terms.callback_url else None,
            seal_key=seal_key,
        )
        sealed = []
        for number in order:
            body = asked.photographs.pop(names[number])  # so that it is not in memory twice
            if isinstance(body, bytes) and not refusals[number]:
                sealed.append(seal_key.seal(body, name=seal_name(batch_id, number)))
        return AcceptedBatch(batch, shards, tuple(sealed))

    def _refusal(self, body: bytes | ImageUpload) -> Refusal | None:
        if isinstance(body, ImageUpload):  # the worker that reads it looks at it
            return None
        limits = self._limits
        try:
            read_header(
                body,
                max_bytes=limits.max_image_bytes,
                max_pixels=limits.max_image_pixels,
                max_reduced_pixels=limits.max_reduced_pixels,
                formats=limits.image_formats,
            )
        except ImageRejected as error:
            return Refusal(*refused_for(error))
        return None


def refused_for(error: ImageRejected) -> tuple[Reason, str]:
    """Why the pairs of a photograph that is not accepted are not judged, and more about it."""
    too_large = isinstance(error, ImageTooLarge)
    return Reason.IMAGE_TOO_LARGE if too_large else Reason.UNDECODABLE_IMAGE, str(error)


def _held_bytes(body: bytes | ImageUpload) -> int:
    """What it takes of the memory of a worker that has its shard."""
    return body.size_bytes if isinstance(body, ImageUpload) else NONCE_BYTES + len(body) + TAG_BYTES


def _each_with_reference(names: Sequence[str]) -> tuple[AskedPair, ...]:
    if REFERENCE not in names:
        detail = (
            "send a list of `pairs`, or, for the short form, the photograph `reference`, which is compared with each "
            "of the others"
        )
        raise FieldRefused("pairs", "part_missing", detail)
    if len(names) < 2:
        raise FieldRefused("pairs", "pairs_empty", "there is no photograph beside `reference` to compare it with")
    return tuple(AskedPair(REFERENCE, name, name) for name in names if name != REFERENCE)


def _numbered(asked: Sequence[AskedPair], numbers: Mapping[str, int]) -> tuple[Pair, ...]:
    for place, pair in enumerate(asked):
        for side in ("reference", "probe"):
            if (name := getattr(pair, side)) not in numbers:
                detail = f"no part of the form is a photograph called {name[:100]!r}"
                raise FieldRefused(f"pairs/{place}/{side}", "photograph_missing", detail)
    return tuple(
        Pair(place, pair.custom_id, numbers[pair.reference], numbers[pair.probe]) for place, pair in enumerate(asked)
    )


def _check_all_used(names: Sequence[str], pairs: Sequence[Pair]) -> None:
    used = {number for pair in pairs for number in (pair.reference, pair.probe)}
    if unused := [name for number, name in enumerate(names) if number not in used]:
        detail = f"no pair names this photograph (of {len(names)}, {len(unused)} are named by none): leave it out"
        raise FieldRefused(unused[0][:100], "photograph_unused", detail)
