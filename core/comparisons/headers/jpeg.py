"""JPEG: segments up to the first scan."""

from collections.abc import Iterator

from core.errors import UnsupportedImage

#: Segments a JPEG may have before its pixels. A phone writes some ten; the largest ICC profile takes 255.
MAX_SEGMENTS = 1000
START_OF_SCAN = 0xDA
PROFILE_SEGMENT, PROFILE = 0xE2, b"ICC_PROFILE\0"
#: Frames that are decoded: baseline, extended and progressive, all of them Huffman-coded.
FRAMES = (0xC0, 0xC1, 0xC2)
#: Frames of all kinds; those between (DHT, JPG, DAC) are something else. Cameras write none of the others, and an
#: arithmetic-coded one takes a decoder ten times as long.
_ALL_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ARITHMETIC = frozenset(range(0xC9, 0xD0))
#: Markers without a length. None belongs before the pixels; decoders differ in how they pass over them.
_BARE = frozenset([0x00, 0x01, *range(0xD0, 0xDA)])


def segments(body: bytes) -> Iterator[tuple[int, int]]:
    """Each segment's marker and where its content begins, up to and with the first scan.

    Stricter than decoders are: anything but segments before the pixels raises UnsupportedImage.
    """
    at = 2
    for _ in range(MAX_SEGMENTS):
        marker = body[at + 1 : at + 2]
        if body[at : at + 1] != b"\xff" or not marker:
            raise UnsupportedImage("the JPEG ends, or is damaged, before its pixels begin")
        if marker[0] == 0xFF:  # padding, one byte at a time
            at += 1
            continue
        length = int.from_bytes(body[at + 2 : at + 4])
        if marker[0] in _BARE or length < 2:
            raise UnsupportedImage("the JPEG's header is damaged")
        yield marker[0], at + 4
        if marker[0] == START_OF_SCAN:
            return
        at += 2 + length
    raise UnsupportedImage(f"the JPEG has more than {MAX_SEGMENTS} segments before its pixels")


def size(body: bytes) -> tuple[int, int]:
    """Width and height in pixels, before EXIF rotation. Raise UnsupportedImage for a kind that is not decoded."""
    frames = [(marker, at) for marker, at in segments(body) if marker in _ALL_FRAMES]
    if len(frames) != 1:
        raise UnsupportedImage(f"the JPEG has {len(frames)} frames before its pixels")
    marker, at = frames[0]
    if marker in _ARITHMETIC:
        raise UnsupportedImage("the JPEG is arithmetic-coded; save it Huffman-coded, as cameras and editors do")
    if marker not in FRAMES:
        raise UnsupportedImage("the JPEG is lossless or hierarchical; save it as a baseline or progressive JPEG")
    if body[at : at + 1] not in (b"\x08", b""):
        raise UnsupportedImage(f"the JPEG has {body[at]} bits a sample; save it with 8")
    return int.from_bytes(body[at + 3 : at + 5]), int.from_bytes(body[at + 1 : at + 3])


def reducible(body: bytes) -> bool:
    """Whether it can be decoded at a fraction of its size without room for the whole.

    Not if it has several scans: a decoder keeps what they add up to, 2 bytes or more a sample, until the last has come.
    """
    places = dict(segments(body))
    frame = next((places[marker] for marker in (0xC0, 0xC1) if marker in places), None)
    scan = places[START_OF_SCAN]
    return frame is not None and body[scan : scan + 1] == body[frame + 5 : frame + 6]
