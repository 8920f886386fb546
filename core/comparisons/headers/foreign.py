"""Names for what is sent by mistake, so that the refusal can say what to send instead."""

PHOTOGRAPH = "send a photograph"
DEVELOPED = "send the JPEG, or the photograph as developed"
CONVERTED = "save the image in one of the accepted formats"
BINARY = "send the file's bytes as they are"
FRAME = "send one frame of it as an image"

#: Where, which bytes, what that is, what to do.
_SIGNS: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"%PDF", "a PDF document", "send the photograph in it as an image"),
    (0, b"%!PS", "a PostScript document", CONVERTED),
    (4, b"ftypcrx ", "a camera's raw file (CR3)", DEVELOPED),
    (0, b"FUJIFILMCCD-RAW", "a camera's raw file (RAF)", DEVELOPED),
    (0, b"IIU\0", "a camera's raw file (RW2)", DEVELOPED),
    (0, b"IIRO", "a camera's raw file (ORF)", DEVELOPED),
    (0, b"MMOR", "a camera's raw file (ORF)", DEVELOPED),
    (0, b"FOVb", "a camera's raw file (X3F)", DEVELOPED),
    (0, b"\xff\x0a", "a JPEG XL image", CONVERTED),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL image", CONVERTED),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 image", CONVERTED),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 image", CONVERTED),
    (0, b"II\xbc\x01", "a JPEG XR image", CONVERTED),
    (0, b"II+\0", "a BigTIFF image", CONVERTED),
    (0, b"MM\0+", "a BigTIFF image", CONVERTED),
    (0, b"8BPS", "a Photoshop document", CONVERTED),
    (0, b"\0\0\1\0", "an icon (ICO)", PHOTOGRAPH),
    (0, b"icns", "an icon (ICNS)", PHOTOGRAPH),
    (0, b"qoif", "a QOI image", CONVERTED),
    (0, b"#?RADIANCE", "a Radiance HDR image", CONVERTED),
    (0, b"v/1\x01", "an OpenEXR image", CONVERTED),
    (0, b"DDS ", "a DDS texture", CONVERTED),
    (0, b"BPG\xfb", "a BPG image", CONVERTED),
    (128, b"DICM", "a DICOM file", CONVERTED),
    (8, b"AVI ", "an AVI video", FRAME),
    (8, b"WAVE", "a WAV recording", PHOTOGRAPH),
    (0, b"\x1aE\xdf\xa3", "a Matroska or WebM video", FRAME),
    (0, b"OggS", "an Ogg recording", FRAME),
    (0, b"ID3", "an MP3 recording", PHOTOGRAPH),
    (0, b"PK\3\4", "a ZIP archive, or a document that is one", "send the photograph in it"),
    (0, b"\x1f\x8b", "a gzip archive", "send the photograph in it"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", "send the photograph in it"),
    (0, b"Rar!", "a RAR archive", "send the photograph in it"),
    (0, b"data:", "a data URI", BINARY),
    (0, b"/9j/", "a JPEG in base64", BINARY),
    (0, b"iVBORw0KGgo", "a PNG in base64", BINARY),
    (0, b"UklGR", "a WebP in base64", BINARY),
    (0, b"R0lGOD", "a GIF in base64", BINARY),
    (0, b"AAAA", "an AVIF, HEIC or video in base64", BINARY),
    (0, b"http://", "a URL", BINARY),
    (0, b"https://", "a URL", BINARY),
    (0, b"{", "a JSON document", BINARY),
)
_MARKUP = ((b"<svg", "an SVG drawing", PHOTOGRAPH), (b"<html", "a web page", PHOTOGRAPH))
#: How far an SVG's declaration, comments and document type may push its element.
_PROLOGUE = 1024


def recognised(body: bytes) -> tuple[str, str] | None:
    """What the bytes are, and what to send instead; None if they are nothing we know."""
    for at, sign, what, instead in _SIGNS:
        if body.startswith(sign, at):
            return what, instead
    if body[4:8] == b"ftyp":
        return "an MP4 or QuickTime video", FRAME
    start = body[:_PROLOGUE].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"<"):
        for sign, what, instead in _MARKUP:
            if sign in start:
                return what, instead
        return "a web page, or another XML document", PHOTOGRAPH
    return None
