"""What a WebP's first chunks say of its pixels."""

from dataclasses import dataclass

_ANIMATED, _ALPHA, _PROFILE = 0x02, 0x10, 0x20
_FIRST_CHUNK_AT, _CANVAS_END = 12, 30
_LOSSLESS_ALPHA = 1 << 28


@dataclass(frozen=True, slots=True)
class WebP:
    """What has to be known before a WebP is decoded."""

    transparent: bool
    animated: bool
    #: ICC; None if there is none.
    profile: bytes | None


def look(body: bytes) -> WebP:
    """Read the first chunk, and the profile where it must stand."""
    kind, flags = body[_FIRST_CHUNK_AT : _FIRST_CHUNK_AT + 4], body[_FIRST_CHUNK_AT + 8]
    if kind == b"VP8L":
        return WebP(bool(int.from_bytes(body[21:25], "little") & _LOSSLESS_ALPHA), False, None)
    if kind != b"VP8X":
        return WebP(False, False, None)
    profile = None
    if flags & _PROFILE and body[_CANVAS_END : _CANVAS_END + 4] == b"ICCP":
        start = _CANVAS_END + 8
        profile = body[start : start + int.from_bytes(body[start - 4 : start], "little")]
    return WebP(bool(flags & _ALPHA), bool(flags & _ANIMATED), profile)
