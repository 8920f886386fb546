"""What libjpeg would rather not say: that pixels end too early, or take very many passes."""

import re

import numpy as np

from core.comparisons.images import START_OF_SCAN, jpeg_segments
from core.errors import ImageUndecodable

END_OF_IMAGE = 0xD9
#: A scan's marker, its length, and how many components it has; nothing else is taken for a scan by libjpeg.
SCAN = re.compile(rb"\xff\xda\0(?:\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")
#: A progressive JPEG has some ten scans. Each costs a pass over all pixels, and may take less than a hundred bytes.
MAX_SCANS = 50

# As much as libjpeg reads ahead: more could pass for pixels.
PADDING = bytes(8)


def without_end(body: bytes) -> bytes:
    """The same image with padding in place of its end marker and whatever follows.

    At a marker libjpeg invents the missing pixels; without one it waits for more data, which OpenCV reports
    as a failure. A whole image decodes to the same pixels. One with several scans (progressive) needs its marker
    and is returned as it is: its first scan is whole, or there would be no second.
    Raises ImageUndecodable for more scans than an honest image has.
    """
    scan = next(at for marker, at in jpeg_segments(body) if marker == START_OF_SCAN)
    # All markers in one pass: searches for each took 0.76 ms of 370 kB, in which no other thread could run Python.
    # Positions take 8 bytes each: of 10 MiB that are nothing but 0xFF 100 MB in all, less than an image's pixels may.
    data = np.frombuffer(body, np.uint8)[scan:]
    at = np.flatnonzero(data[:-1] == 0xFF)
    kinds = data[1:][at]
    ends, scans = at[kinds == END_OF_IMAGE], at[kinds == START_OF_SCAN]
    if scans.size and sum(1 for _ in SCAN.finditer(body, scan)) > MAX_SCANS:
        raise ImageUndecodable(f"the JPEG draws its pixels in more than {MAX_SCANS} scans; an honest one has some ten")
    if not ends.size or (scans.size and scans[0] < ends[0]):
        return body
    return body[: scan + ends[0]] + PADDING
