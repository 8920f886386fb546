"""A PNG without what a sender may hang onto it, and what its pixels are."""

import zlib
from dataclasses import dataclass

from core.errors import ImageUndecodable
from worker.engine.colour import MAX_PROFILE_BYTES

SIGNATURE_BYTES = 8
#: Libraries write pixels in chunks of some 8 KiB: 1300 in 10 MiB.
MAX_CHUNKS = 20_000
#: What the pixels depend on. Not text and profiles, of which libpng would unpack a thousand times eight megabytes;
#: not an animation's further frames.
_KEPT = frozenset([b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"eXIf", b"IEND"])
_COLOUR_TYPE_AT = 25
_GREY, _GREY_ALPHA, _ALPHA = 0, 4, 4


@dataclass(frozen=True, slots=True)
class Png:
    """What is needed of a PNG."""

    #: The same image without other chunks and without what follows its end; the default image of an animation.
    body: bytes
    transparent: bool
    grey: bool
    #: ICC; None if there is none, or none that can be unpacked.
    profile: bytes | None


def simplified(body: bytes) -> Png:
    """What is needed of this PNG.

    Raises ImageUndecodable for a chunk that is cut short, for which OpenCV would make all the room the chunk asks for,
    and for more chunks than an honest image has.
    """
    kept = [body[:SIGNATURE_BYTES]]
    kinds: set[bytes] = set()
    profile: bytes | None = None
    at = SIGNATURE_BYTES
    for _ in range(MAX_CHUNKS):
        kind = body[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(body[at : at + 4])
        if end > len(body):
            raise ImageUndecodable("the PNG is truncated or damaged: its last chunk is longer than what is there")
        if kind in _KEPT:
            kept.append(body[at:end])
        if kind == b"iCCP" and kind not in kinds:
            profile = _unpacked(body[at + 8 : end - 4])
        kinds.add(kind)
        if kind == b"IEND":
            colour_type = body[_COLOUR_TYPE_AT]
            transparent = b"tRNS" in kinds or bool(colour_type & _ALPHA)
            return Png(b"".join(kept), transparent, colour_type in (_GREY, _GREY_ALPHA), profile)
        at = end
    raise ImageUndecodable(f"the PNG has more than {MAX_CHUNKS} chunks")


def _unpacked(chunk: bytes) -> bytes | None:
    """A name, a zero, the method (0), and the profile as zlib packs it."""
    packed = chunk.partition(b"\0")[2][1:]
    unpacking = zlib.decompressobj()
    try:
        profile = unpacking.decompress(packed, MAX_PROFILE_BYTES)
    except zlib.error:
        return None
    return profile if unpacking.eof else None
