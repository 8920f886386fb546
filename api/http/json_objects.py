"""A JSON object that holds images: read without building more than an honest one has.

`json.loads` alone makes 450 MB of objects out of 20 MB of brackets, and takes four bytes a character for a text with
one emoji. So what a body consists of is counted first, and its long strings never become text.
"""

import json
import secrets
from typing import Any

from api.http.forms import refused
from api.http.problems import Problem
from core.reasons import reason_of

#: Quotes, brackets, braces and commas bound how many values there are; 2 KiB of metadata may be all of these.
MAX_MARKS = 4096
#: A string beyond this can only be an image: nothing else that is taken is as long, however it is escaped.
LONG = 16 * 1024
#: What may be left once the long strings are taken out.
MAX_REST_BYTES = 64 * 1024
#: How encoders write the characters of base64 and of its line breaks (PHP `\/`, .NET `\u002B`).
_ESCAPES = {
    rb"\/": b"/",
    rb"\n": b"\n",
    rb"\r": b"\r",
    rb"\t": b"\t",
    rb"\u002b": b"+",
    rb"\u002B": b"+",
    rb"\u002f": b"/",
    rb"\u002F": b"/",
    rb"\u003d": b"=",
    rb"\u003D": b"=",
    rb"\u000a": b"\n",
    rb"\u000A": b"\n",
    rb"\u000d": b"\r",
    rb"\u000D": b"\r",
}


def read_object(body: bytes) -> dict[str, Any]:
    """The object's members. A string longer than LONG comes as the bytes it has in the body, base64's escapes undone.

    Raise Problem for what is no JSON object, for one that has more in it than LONG strings and a few short values, and
    for a name that stands twice.
    """
    marks = sum(body.count(mark) for mark in (b'"', b"[", b"{", b","))
    if marks > MAX_MARKS:
        detail = f"the body has {marks} quotes, brackets, braces and commas; at most {MAX_MARKS} are accepted"
        raise Problem(413, "body_too_large", detail)
    pieces = body.split(b'"')
    long: dict[str, bytes] = {}
    stands_for = secrets.token_hex(16)
    for place, piece in enumerate(pieces):
        if len(piece) > LONG:
            if piece.endswith(b"\\"):
                raise _invalid(f"a string longer than {LONG} characters has a quote in it, which base64 has not")
            long[name := f"{stands_for}{place}"] = piece
            pieces[place] = name.encode()
    rest = b'"'.join(pieces)
    if len(rest) > MAX_REST_BYTES:
        raise Problem(
            413, "body_too_large", f"the body has {len(rest)} bytes beside the images; at most {MAX_REST_BYTES} are"
        )

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                raise refused(422, name, "field_twice", "this name stands more than once; send it once")
            found[name] = _unescaped(long[value]) if isinstance(value, str) and value in long else value
        return found

    try:
        value = json.loads(rest.decode("utf-8-sig"), object_pairs_hook=members)
    except UnicodeDecodeError as error:
        raise _invalid(f"it must be UTF-8; {error.reason} at byte {error.start}") from None
    except (RecursionError, ValueError) as error:  # too deep, or a number of too many digits
        raise _invalid(reason_of(error)) from None
    if not isinstance(value, dict):
        raise Problem(422, "json_not_an_object", 'the body must be a JSON object, {"reference": ..., "probe": ...}')
    return value


def _unescaped(text: bytes) -> bytes:
    if b"\\" in text:
        for escape, character in _ESCAPES.items():
            text = text.replace(escape, character)
    return text


def _invalid(detail: str) -> Problem:
    return Problem(400, "json_invalid", f"the body is not JSON: {detail}")
