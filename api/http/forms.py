"""A multipart form, read part by part: whoever sends a part that cannot be taken is told which one, and why."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from flask import Request
from werkzeug.datastructures import FileStorage, Headers
from werkzeug.formparser import MultiPartParser
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from api.http.problems import FieldError, Problem

_CHUNK_BYTES = 64 * 1024

Form = dict[str, FileStorage | str]


@dataclass(slots=True)
class Part:
    """One part as it comes in. `filename` is None for a text; of a text that is too long the rest is not kept."""

    name: str
    filename: str | None
    headers: Headers
    pieces: list[bytes] = field(default_factory=list)
    size_bytes: int = 0
    is_cut: bool = False

    def add(self, data: bytes, most_text_bytes: int) -> None:
        """Take what has come, in memory: a face must not reach the disk of an API machine."""
        if self.filename is None and self.size_bytes + len(data) > most_text_bytes:
            self.is_cut = True
        else:
            self.pieces.append(data)
            self.size_bytes += len(data)

    @property
    def value(self) -> FileStorage | str:
        """What the part is for whoever asked for it."""
        body = b"".join(self.pieces)
        if self.filename is None:
            return body.decode(MultiPartParser().get_part_charset(self.headers), "replace")
        # The stream hands out these very bytes when it is read at once: no photograph is copied again.
        return FileStorage(io.BytesIO(body), self.filename, self.name, headers=self.headers)


def read_form(request: Request, files: Mapping[str, str], texts: Mapping[str, str]) -> Form:
    """Every part by its name. `files` and `texts` are what the form takes, and how a person would say it.

    Raise Problem for a form that cannot be read, for a name that stands twice, and for a text that is too long.
    """
    most_text_bytes = request.max_form_memory_size or 0
    read: dict[str, Part] = {}
    twice = None
    # Read to the end, whatever is found: a client that is still sending would not see the answer.
    for part in parts(request, most_text_bytes):
        twice = twice or (part.name if part.name in read else None)
        read.setdefault(part.name, part)
    if twice is not None:
        raise refused(422, twice, "field_twice", "this part was sent more than once; send it once")
    for name, part in read.items():
        if not part.is_cut:
            continue
        if name in files:
            raise refused(422, name, "part_not_a_file", f"send this part as a file, with a filename: {files[name]}")
        if name not in texts:
            known = ", ".join((*files, *texts))
            raise refused(422, name, "field_unknown", f"known are {known}")
        raise too_long(name, most_text_bytes, texts[name])
    return {name: part.value for name, part in read.items()}


def too_long(name: str, most_bytes: int, takes: str) -> Problem:
    """The answer to a text that is longer than any that is taken."""
    return refused(413, name, "field_too_large", f"has more than {most_bytes} bytes of text; it takes: {takes}")


def refused(status: int, name: str, code: str, detail: str) -> Problem:
    """The answer to one field that cannot be taken."""
    return Problem(status, code, f"{name}: {detail}", errors=[FieldError(f"/{name}", code, detail)])


def parts(request: Request, most_text_bytes: int) -> Iterator[Part]:
    """Each part once it is whole. Raise Problem for a form that cannot be read."""
    part: Part | None = None
    for event in _events(request):
        match event:
            case Field(name=str(name), headers=headers):
                part = Part(name, None, headers)
            case File(name=str(name), filename=filename, headers=headers):
                part = Part(name, filename, headers)
            case Field() | File():
                raise _broken("a part has no name")
            case Data(data=data, more_data=goes_on) if part is not None:
                part.add(data, most_text_bytes)
                if not goes_on:
                    yield part


def _events(request: Request) -> Iterator[Event]:
    """What werkzeug's decoder sees in the body."""
    boundary = request.mimetype_params.get("boundary", "")
    if not boundary:
        raise Problem(
            400,
            "boundary_missing",
            "the Content-Type header says multipart/form-data and not which boundary: leave the header to your HTTP "
            "library, which writes `multipart/form-data; boundary=...` by itself",
        )
    decoder = MultipartDecoder(
        boundary.encode("utf-8", "replace"), request.max_form_memory_size, max_parts=request.max_form_parts
    )
    begun = False
    try:
        while not isinstance(event := decoder.next_event(), Epilogue):
            if isinstance(event, NeedData):
                decoder.receive_data(request.stream.read(_CHUNK_BYTES) or None)
            else:
                begun = True
                yield event
    except (ValueError, UnicodeError) as error:
        if begun:
            raise _broken("it ends before its last boundary, or a part's headers cannot be read") from error
        raise _broken(f"no part begins with the boundary of the Content-Type header, {boundary[:70]!r}") from error


def _broken(detail: str) -> Problem:
    return Problem(422, "form_broken", f"the form is not multipart/form-data as RFC 7578 has it: {detail}")
