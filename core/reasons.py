"""Why something could not be read or reached, for whoever gave it: what a library says of it is for programmers."""

import re
import socket
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from json import JSONDecodeError

_TOML_PLACE = re.compile(r"\(at (?:line (\d+), column (\d+)|end of document)\)$")


def reason_of(error: BaseException) -> str:
    """In a few words, without a full stop; the error's own text where it is one that we have no words for.

    >>> import json
    >>> for text in ("", '{"a": 1', "{'a': 1}"):
    ...     try:
    ...         json.loads(text)
    ...     except ValueError as error:
    ...         print(reason_of(error))
    it is empty
    it breaks off in line 1, column 8
    line 1, column 2 is not as JSON has it
    """
    return next(_reasons(error), "") or str(error).rstrip(".") or type(error).__name__


def system_reason(error: BaseException | None) -> str | None:
    """What the system said, of an error or of what it arose from; None where it said nothing."""
    return next(_system_reasons(error), None)


def _reasons(error: BaseException) -> Iterator[str]:
    match error:
        case JSONDecodeError(doc=text, pos=pos, lineno=line, colno=column):
            if not text.strip():
                yield "it is empty"
            elif pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
                yield f"it breaks off in line {line}, column {column}"
            else:
                yield f"line {line}, column {column} is not as JSON has it"
        case UnicodeDecodeError(start=start):
            yield f"it is not UTF-8 text: byte {start} is of another encoding, or of no text at all"
        case tomllib.TOMLDecodeError():
            found = _TOML_PLACE.search(str(error))
            place = f"line {found[1]}, column {found[2]}" if found and found[1] else "its end"
            yield f"{place} is not as TOML has it"
        case RecursionError():
            yield "it is nested too deeply"
        case ValueError() if "int_max_str_digits" in str(error):
            yield "a number in it has too many digits"
        case tarfile.TarError() | zipfile.BadZipFile() if "\n" in str(error) or not str(error):
            yield "it is no tar, plain or compressed, and no zip"
        case OSError():
            yield from _system_reasons(error)


def _system_reasons(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        match error:
            case TimeoutError():
                yield "it said nothing in time"
            case socket.gaierror():
                yield "no machine has that name"
            case OSError(strerror=str(why)):
                yield why
        error = error.__cause__ or error.__context__
