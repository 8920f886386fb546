"""TIFF: the first directory."""

from collections.abc import Iterator
from typing import Literal

from core.errors import UnsupportedImage

#: Entries a directory may have. Scanners write some twenty.
MAX_ENTRIES = 500
#: Parts the pixels may lie in. A strip for each row makes 9000 of the longest photograph; two million take 12 s.
MAX_PARTS = 20_000
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, ORIENTATION, SAMPLE_FORMAT = 256, 257, 258, 259, 262, 274, 339
SUBFILE, SUB_DIRECTORIES, DNG_VERSION = 254, 330, 50706
STRIPS, TILES = 273, 324
_BYTES = {1: 1, 3: 2, 4: 4}
#: None, LZW, deflate under both of its numbers, PackBits: lossless, and they unpack no further than the pixels.
_COMPRESSIONS = (1, 5, 8, 32946, 32773)
_RAW = (32803, 34892)  # colour filter array, linear raw


def size(body: bytes) -> tuple[int, int]:
    """Width and height of the first image in pixels, before its orientation is applied."""
    counts: dict[int, int] = {}
    entries: dict[int, list[int]] = {}
    for tag, count, values in _entries(body):
        counts[tag], entries[tag] = count, values
    first = {tag: values[0] for tag, values in entries.items() if values}
    if DNG_VERSION in entries or first.get(PHOTOMETRIC) in _RAW or body[8:10] == b"CR":
        raise UnsupportedImage("this is a camera's raw file; send the JPEG, or the photograph as developed")
    if SUB_DIRECTORIES in entries and first.get(SUBFILE, 0) & 1:
        raise UnsupportedImage("this is a camera's raw file, or the first image of the TIFF is a preview")
    if first.get(COMPRESSION, 1) not in _COMPRESSIONS:
        raise UnsupportedImage(
            f"the TIFF is packed by compression {first[COMPRESSION]}; save it with none, LZW, deflate or PackBits"
        )
    if not {*entries.get(BITS, ())} <= {1, 2, 4, 8, 16} or not {*entries.get(SAMPLE_FORMAT, ())} <= {1}:
        raise UnsupportedImage("the TIFF's samples are no whole numbers of 1 to 16 bits; save it with 8 or 16")
    if max(counts.get(STRIPS, 0), counts.get(TILES, 0)) > MAX_PARTS:
        raise UnsupportedImage(
            f"the TIFF's pixels lie in more than {MAX_PARTS} parts; save it with larger strips or tiles"
        )
    if WIDTH not in first or HEIGHT not in first:
        raise UnsupportedImage("the TIFF does not say how large it is")
    return first[WIDTH], first[HEIGHT]


def orientation(exif: bytes) -> int:
    """What EXIF, which is a TIFF without pixels, says of how to turn an image: 1 to 8; 1 where it says nothing."""
    try:
        turns = [values for tag, _, values in _entries(exif.removeprefix(b"Exif\0\0")) if tag == ORIENTATION and values]
    except UnsupportedImage:
        return 1
    return turns[0][0] if turns and 1 <= turns[0][0] <= 8 else 1


def _entries(body: bytes) -> Iterator[tuple[int, int, list[int]]]:
    """Tags, how many numbers each has, and the first four of them; of other types than whole numbers none."""
    order: Literal["little", "big"] = "little" if body[:2] == b"II" else "big"

    def number(at: int, width: int) -> int:
        return int.from_bytes(body[at : at + width], order)

    start = number(4, 4)
    count = number(start, 2)
    if not count or count > MAX_ENTRIES or start + 2 + 12 * count > len(body):
        raise UnsupportedImage(
            f"the TIFF's first directory has {count} entries; there may be {MAX_ENTRIES}, all of them"
        )
    for at in range(start + 2, start + 2 + 12 * count, 12):
        width = _BYTES.get(number(at + 2, 2), 0)
        many = number(at + 4, 4)
        place = at + 8 if width * many <= 4 else number(at + 8, 4)
        values = [number(place + i * width, width) for i in range(min(many, 4) if width else 0)]
        yield number(at, 2), many, values
