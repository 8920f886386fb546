"""JPEG: OpenCV decodes it; what libjpeg would rather not say is found out here.

That pixels end too early, or take very many passes; and of which colours they are.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from core.comparisons.headers.jpeg import FRAMES, PROFILE, PROFILE_SEGMENT, START_OF_SCAN, segments
from core.errors import ImageUndecodable
from worker.engine.contract import Image

END_OF_IMAGE = 0xD9
END = bytes([0xFF, END_OF_IMAGE])
#: A scan's marker, its length, and how many components it has; nothing else is taken for a scan by libjpeg.
SCAN = re.compile(rb"\xff\xda\0(?:\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")
#: A progressive JPEG has some ten scans. Each costs a pass over all pixels, and may take less than a hundred bytes.
MAX_SCANS = 50

# As much as libjpeg reads ahead: more could pass for pixels.
PADDING = bytes(8)
# In place of an end that is missing: where pixels are missing too, no two of these give the same ones.
_STAND_INS = (bytes(8), b"\x55\xa3\x0f\x99\x36\xc5\x6a\x71", b"\xfe\xdb\x92\x49\xb6\x6d\x24\xdc")
_TAIL = 8  # times as long before an end marker, which several scans need
#: Pixels there is room for in the whole. A baseline JPEG may have more, and is then compared as it is reduced.
_CLOSELY = 40_000_000

#: From bytes and a scale.
Decode = Callable[[bytes, int], Image]


@dataclass(frozen=True, slots=True)
class Jpeg:
    """What is needed of a JPEG."""

    body: bytes
    #: Where its first scan begins.
    scan: int
    #: 1 of a grey image, 3 of a coloured one, 4 of one in printers' inks.
    components: int
    #: ICC, put together from its segments as far as they are there; None if there is none.
    profile: bytes | None

    @classmethod
    def of(cls, body: bytes) -> Self:
        """Raise what `segments` raises."""
        parts: dict[int, bytes] = {}
        components = 0
        for marker, at in segments(body):
            if marker in FRAMES:
                components = body[at + 5]
            elif marker == PROFILE_SEGMENT and body.startswith(PROFILE, at):
                start, end = at + len(PROFILE) + 2, at - 2 + int.from_bytes(body[at - 2 : at])
                parts[body[start - 2]] = body[start:end]
        return cls(body, at, components, b"".join(parts[number] for number in sorted(parts)) or None)

    def whole(self, decode: Decode, scale: int, *, pixels: int) -> Image:
        """What `decode` makes of the image of so many `pixels` at this scale, if every pixel is there.

        At a marker libjpeg invents the missing pixels; without one it waits for more data, which OpenCV reports
        as a failure. So padding stands in place of the end marker and of whatever follows. A whole image decodes to
        the same pixels. One with several scans (progressive) needs its marker and stays as it is: its first scan is
        whole, or there would be no second.

        An image without an end marker is whole if it makes no difference what follows: none in the whole, for at 1/8
        much of an image makes no difference.
        Raises ImageUndecodable for more scans than an honest image has, and what `decode` raises.
        """
        # All markers in one pass: searches for each took 0.76 ms of 370 kB, in which no other thread could run Python.
        # Positions take 8 bytes each: of 10 MiB that are nothing but 0xFF 100 MB in all, less than an image's pixels.
        data = np.frombuffer(self.body, np.uint8)[self.scan :]
        at = np.flatnonzero(data[:-1] == 0xFF)
        kinds = data[1:][at]
        ends, scans = at[kinds == END_OF_IMAGE], at[kinds == START_OF_SCAN]
        if scans.size and sum(1 for _ in SCAN.finditer(self.body, self.scan)) > MAX_SCANS:
            raise ImageUndecodable(
                f"the JPEG draws its pixels in more than {MAX_SCANS} scans; an honest one has some ten"
            )
        if not ends.size:
            several = bool(scans.size)
            closest = 1 if several or pixels <= _CLOSELY else scale
            return _decode_endless(self.body.removesuffix(b"\xff"), decode, scale, closest, several=several)
        if scans.size and scans[0] < ends[0]:
            return decode(self.body, scale)
        return decode(self.body[: self.scan + ends[0]] + PADDING, scale)


def _decode_endless(body: bytes, decode: Decode, scale: int, closest: int, *, several: bool) -> Image:
    ended = [body + (stand_in * _TAIL + END if several else stand_in) for stand_in in _STAND_INS]
    seen = decode(ended[0], closest)
    if any(not np.array_equal(seen, decode(other, closest)) for other in ended[1:]):
        raise ImageUndecodable("the JPEG is truncated: it ends before all of its pixels are there")
    return seen if scale == closest else decode(ended[0], scale)
