"""Makes libjpeg say that a JPEG's pixels end too early, where it would rather fill up with grey."""

START_OF_SCAN = 0xDA
SCAN = b"\xff\xda"
END_OF_IMAGE = b"\xff\xd9"

# As much as libjpeg reads ahead: more could pass for pixels.
PADDING = bytes(8)


def without_end(body: bytes) -> bytes:
    """The same image with padding in place of its end marker and whatever follows.

    At a marker libjpeg invents the missing pixels; without one it waits for more data, which OpenCV and Pillow report
    as a failure. A whole image decodes to the same pixels. One with several scans (progressive) needs its marker
    and is returned as it is: its first scan is whole, or there would be no second.
    """
    scan = _first_scan(body)
    end = body.find(END_OF_IMAGE, scan)
    if scan < 0 or end < 0 or body.find(SCAN, scan + 2, end) >= 0:
        return body
    return body[:end] + PADDING


def _first_scan(body: bytes) -> int:
    """Where the pixels begin, or -1; skips the segments before, where a thumbnail has scans of its own."""
    at = 2
    while at + 4 <= len(body) and body[at] == 0xFF:
        if body[at + 1] == START_OF_SCAN:
            return at
        at += 1 if body[at + 1] == 0xFF else 2 + int.from_bytes(body[at + 2 : at + 4])
    return -1
