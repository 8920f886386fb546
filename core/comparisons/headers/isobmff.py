"""AVIF and HEIC, in one container (ISO/IEC 14496-12, 23008-12): which image counts, its coding, its size."""

from collections.abc import Iterator

from core.errors import UnsupportedImage
from core.vocabulary import ImageFormat

#: Boxes, items and associations that are looked at. A phone's HEIC has some 50 items; libheif refuses more than 1000.
MAX_PARTS = 4000
_CODECS = {b"hvc1": ImageFormat.HEIC, b"av01": ImageFormat.AVIF}
_GRID = b"grid"


def image(body: bytes) -> tuple[ImageFormat, int, int]:
    """The format of the primary image, and its width and height in pixels before it is cropped and turned.

    Raise UnsupportedImage where the header is damaged, or the image is not coded as HEVC or AV1.
    """
    try:
        return _image(body)
    except IndexError:
        raise UnsupportedImage("the header of the HEIC or AVIF is damaged, or not all of it is there") from None


def _image(body: bytes) -> tuple[ImageFormat, int, int]:
    parts = dict(_boxes(body, 0, len(body)))
    if b"meta" not in parts:
        raise UnsupportedImage("the HEIC or AVIF has no image in it, or ends before it; a sequence is not accepted")
    meta = dict(_boxes(body, parts[b"meta"][0] + 4, parts[b"meta"][1]))
    primary = _primary(body, *meta[b"pitm"]) if b"pitm" in meta else 0
    kinds = dict(_kinds(body, *meta[b"iinf"])) if b"iinf" in meta else {}
    coded = primary
    if kinds.get(primary) == _GRID and b"iref" in meta:
        coded = dict(_tiles(body, *meta[b"iref"])).get(primary, 0)
    codec = kinds.get(coded, b"")
    if codec not in _CODECS:
        raise UnsupportedImage(
            f"the image in the HEIF is coded as {codec.decode('ascii', 'replace')!r}; "
            "HEVC (HEIC) and AV1 (AVIF) are decoded, one image or a grid of them"
        )
    size = _size(body, *meta[b"iprp"], primary) if b"iprp" in meta else None
    if size is None:
        raise UnsupportedImage(f"the {_CODECS[codec].label} does not say how large its image is")
    return _CODECS[codec], *size


def _number(body: bytes, at: int, width: int) -> int:
    if at + width > len(body):
        raise IndexError
    return int.from_bytes(body[at : at + width])


def _boxes(body: bytes, at: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Each box's kind, and from where to where its content reaches. What follows a damaged one is not looked at."""
    for _ in range(MAX_PARTS):
        if at + 8 > end:
            return
        length, content = _number(body, at, 4), at + 8
        if length == 1:
            length, content = _number(body, at + 8, 8), at + 16
        stop = at + length if length else end
        if stop < content or stop > end:
            return
        yield body[at + 4 : at + 8], (content, stop)
        at = stop
    raise UnsupportedImage(f"the HEIC or AVIF has more than {MAX_PARTS} boxes")


def _primary(body: bytes, at: int, end: int) -> int:
    return _number(body, at + 4, 4 if body[at] else 2)


def _kinds(body: bytes, at: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Items and what they are."""
    for kind, (start, _) in _boxes(body, at + (8 if body[at] else 6), end):
        if kind == b"infe":
            wide = 4 if body[start] >= 3 else 2
            yield _number(body, start + 4, wide), body[start + 4 + wide + 2 : start + 4 + wide + 6]


def _tiles(body: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Items that are derived from others, each with the first of them."""
    wide = 4 if body[at] else 2
    for kind, (start, _) in _boxes(body, at + 4, end):
        if kind == b"dimg":
            yield _number(body, start, wide), _number(body, start + wide + 2, wide)


def _size(body: bytes, at: int, end: int, item: int) -> tuple[int, int] | None:
    """The item's `ispe` property: width and height."""
    parts = dict(_boxes(body, at, end))
    properties = list(_boxes(body, *parts[b"ipco"])) if b"ipco" in parts else []
    for index in _properties(body, *parts[b"ipma"], item) if b"ipma" in parts else ():
        if 0 < index <= len(properties) and properties[index - 1][0] == b"ispe":
            start = properties[index - 1][1][0]
            return _number(body, start + 4, 4), _number(body, start + 8, 4)
    return None


def _properties(body: bytes, at: int, end: int, item: int) -> list[int]:
    """Numbers of the item's properties, the first of which is 1."""
    wide, broad = (4 if body[at] else 2), body[at + 3] & 1
    count, at = _number(body, at + 4, 4), at + 8
    for _ in range(min(count, MAX_PARTS)):
        of, many = _number(body, at, wide), _number(body, at + wide, 1)
        at += wide + 1
        step = 2 if broad else 1
        if of == item:
            mask = 0x7FFF if broad else 0x7F
            return [_number(body, at + i * step, step) & mask for i in range(many)]
        at += many * step
    return []
