"""An image written as text: base64 (RFC 4648), bare or in a data URI (RFC 2397)."""

import binascii
import re
import string

from core.errors import LikenessError

_HEAD = re.compile(rb"data:[^,]{0,200}?(;base64)?,", re.IGNORECASE)
_ALIEN = re.compile(rb"[^A-Za-z0-9+/_= \t\r\n-]")
#: MIME breaks lines; a space within one is a `+` that somebody has decoded as a form's.
_INNER_SPACE = re.compile(rb"[^ \t\r\n][ \t]+[^ \t\r\n]")
_AFTER_PADDING = re.compile(rb"=[ \t\r\n]*[^= \t\r\n]")
_STANDARD, _URL_SAFE = b"+/", b"-_"
_TAKEN = f"{string.ascii_letters}{string.digits}+/-_= \t\r\n".encode()
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")


class TextNotBase64(LikenessError):
    """The text is not base64 of anything; the message says where it ceases to be."""

    code = "image_not_base64"


def decode_image(text: str | bytes) -> bytes:
    """The bytes that a text stands for. Raise TextNotBase64 for anything that no encoder writes.

    Both alphabets, with padding and without, in lines or in one; characters are counted from 1.

    >>> decode_image("data:image/png;base64,iVBORw0KGgo=") == decode_image("iVBORw0KGgo")
    True
    """
    written = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    body, begins_at = _body(written)
    if body.translate(None, _TAKEN) and (alien := _ALIEN.search(body)):  # asking first takes a tenth of the time
        raise TextNotBase64(f"must be base64; {_found(body, alien.start(), begins_at)}")
    if (b" " in body or b"\t" in body) and (space := _INNER_SPACE.search(body)):
        raise TextNotBase64(f"must be base64; {_found(body, space.start() + 1, begins_at)}: was it a `+`?")
    if padding := _AFTER_PADDING.search(body):
        after = begins_at + padding.start() + 1
        raise TextNotBase64(f"must be base64, which ends with its padding; found more after character {after}")
    alphabets = [next((chr(c) for c in two if c in body), "") for two in (_STANDARD, _URL_SAFE)]
    if all(alphabets):
        raise TextNotBase64(f"must be base64 in one alphabet, standard or URL-safe; found both {alphabets}")
    return _decoded(body.translate(_TO_STANDARD, b" \t\r\n"))


def _body(written: bytes) -> tuple[bytes, int]:
    """What is to be decoded, and where in the text it begins."""
    if written[:5].lower() != b"data:":
        return written, 0
    head = _HEAD.match(written)
    if head is None or head[1] is None:
        raise TextNotBase64("must be a data URI in base64, `data:image/jpeg;base64,...`")
    return written[head.end() :], head.end()


def _decoded(compact: bytes) -> bytes:
    digits = compact.rstrip(b"=")
    padding, rest = len(compact) - len(digits), len(digits) % 4
    if rest == 1:
        raise TextNotBase64(f"must be base64; found {len(digits)} characters, which end within a byte: was it cut off?")
    if padding and padding != -rest % 4:
        raise TextNotBase64(f"must be base64; found {padding} `=` at its end where {-rest % 4} belong")
    decoded = binascii.a2b_base64(digits + b"=" * (-rest % 4), strict_mode=True)
    if rest and binascii.b2a_base64(decoded[len(digits) // 4 * 3 :], newline=False)[:rest] != digits[-rest:]:
        raise TextNotBase64("must be base64; its last character has bits that belong to no byte: was it cut off?")
    return decoded


def _found(body: bytes, at: int, begins_at: int) -> str:
    character = body[at : at + 4].decode("utf-8", "ignore")[:1] or chr(body[at])
    return f"found {character!r} at character {begins_at + at + 1}"
