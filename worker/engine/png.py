"""A PNG without what a sender may hang onto it."""

from core.errors import ImageUndecodable

SIGNATURE_BYTES = 8
#: Libraries write pixels in chunks of some 8 KiB: 1300 in 10 MiB.
MAX_CHUNKS = 20_000
#: What the pixels depend on. Not text and profiles, of which libpng would unpack a thousand times eight megabytes;
#: not an animation's further frames.
_KEPT = frozenset([b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"eXIf", b"IEND"])


def pixels_only(body: bytes) -> bytes:
    """The same image without other chunks and without what follows its end; the default image of an animation.

    Raises ImageUndecodable for a chunk that is cut short, for which OpenCV would make all the room the chunk asks for,
    and for more chunks than an honest image has.
    """
    kept = [body[:SIGNATURE_BYTES]]
    at = SIGNATURE_BYTES
    for _ in range(MAX_CHUNKS):
        kind = body[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(body[at : at + 4])
        if end > len(body):
            raise ImageUndecodable("the PNG is truncated or damaged: its last chunk is longer than what is there")
        if kind in _KEPT:
            kept.append(body[at:end])
        if kind == b"IEND":
            return b"".join(kept)
        at = end
    raise ImageUndecodable(f"the PNG has more than {MAX_CHUNKS} chunks")
