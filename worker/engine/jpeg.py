"""What libjpeg would rather not say: that pixels end too early, or take very many passes."""

import re

from core.errors import ImageUndecodable
from core.images import START_OF_SCAN, jpeg_segments

END_OF_IMAGE = b"\xff\xd9"
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
    scans = sum(1 for _ in SCAN.finditer(body, scan))
    if scans > MAX_SCANS:
        raise ImageUndecodable(f"the JPEG draws its pixels in more than {MAX_SCANS} scans; an honest one has some ten")
    end = body.find(END_OF_IMAGE, scan)
    if end < 0 or body.find(b"\xff\xda", scan, end) >= 0:
        return body
    return body[:end] + PADDING
