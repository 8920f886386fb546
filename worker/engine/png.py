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

    A chunk that is cut short stays as it is: it is the decoder that says so.
    Raises ImageUndecodable for more chunks than an honest image has.
    """
    kept = [body[:SIGNATURE_BYTES]]
    at = SIGNATURE_BYTES
    for _ in range(MAX_CHUNKS):
        kind = body[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(body[at : at + 4])
        if kind in _KEPT:
            kept.append(body[at:end])
        if kind == b"IEND" or end > len(body):
            return b"".join(kept)
        at = end
    raise ImageUndecodable(f"the PNG has more than {MAX_CHUNKS} chunks")
