"""The form of a batch: photographs, each a part with a name of the client's own, and a few fields of ours.

A photograph is a file, or the id of an upload.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Request
from werkzeug.datastructures import FileStorage

from api.http.forms import Part, parts, refused, too_long
from api.http.problems import Problem
from api.schemas.images import is_upload

#: Parts that are read and let go, so that the answer can say what is wrong: past them the reading ends.
PARTS_BEYOND = 1000
MAX_NAME_CHARACTERS = 255
#: Longer than the id of an upload, with whatever stands around it.
MOST_ID_BYTES = 64


@dataclass(slots=True)
class BatchParts:
    """What was sent, by the names of the parts."""

    #: Each a file, or the id of an upload.
    photographs: dict[str, FileStorage | str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    #: None where it was not sent.
    pairs: bytes | None = None


def read_batch_form(
    request: Request, texts: Mapping[str, str], *, pairs: str, most_photographs: int, most_pairs_bytes: int
) -> BatchParts:
    """Every part. `texts` is what the form takes beside photographs, and how a person would say it.

    Raise Problem for a form that cannot be read, a name that stands twice, a text that is too long, and too many
    photographs.
    """
    most_text_bytes = request.max_form_memory_size or 0
    request.max_form_parts = most_photographs + len(texts) + PARTS_BEYOND
    found, problem, count = BatchParts(), None, 0
    # Read to the end, whatever is found: a client that is still sending would not see the answer.
    for part in parts(request, max(most_text_bytes, most_pairs_bytes)):
        name = part.name
        is_photograph = name not in texts and (part.filename is not None or _is_upload(part))
        count += is_photograph
        problem = problem or _fault(name, found, texts, part.filename is not None or is_photograph, pairs)
        if problem is not None or count > most_photographs:
            continue
        if name == pairs:
            found.pairs = b"".join(part.pieces) + (b" " * most_pairs_bytes if part.is_cut else b"")
        elif is_photograph:
            found.photographs[name] = part.value
        elif part.is_cut or part.size_bytes > most_text_bytes:
            problem = too_long(name, most_text_bytes, texts[name])
        else:
            found.texts[name] = part.value  # type: ignore[assignment] # it has none
    if problem is not None:
        raise problem
    if count > most_photographs:
        raise Problem(
            413,
            "too_many_photographs",
            f"the form has {count} photographs; at most {most_photographs} are accepted "
            "(LIKENESS_MAX_BATCH_PHOTOGRAPHS)",
        )
    return found


def _is_upload(part: Part) -> bool:
    return part.size_bytes < MOST_ID_BYTES and not part.is_cut and is_upload(b"".join(part.pieces).decode("latin-1"))


def _fault(name: str, found: BatchParts, texts: Mapping[str, str], is_file: bool, pairs: str) -> Problem | None:
    if name in found.photographs or name in found.texts or (name == pairs and found.pairs is not None):
        return refused(422, name, "field_twice", "this part was sent more than once; send it once")
    if is_file and name in texts and name != pairs:
        detail = "this name is a field's, which is sent as a text, without a filename; call the photograph otherwise"
        return refused(422, name, "name_reserved", detail)
    if not is_file and name not in texts:
        known = ", ".join(texts)
        detail = f"known are {known}; a photograph is sent as a file, with a filename, or as the id of an upload"
        return refused(422, name, "field_unknown", detail)
    if is_file and not (1 <= len(name) <= MAX_NAME_CHARACTERS and name.isprintable()):
        detail = f"a photograph's name must be one line of 1 to {MAX_NAME_CHARACTERS} printable characters"
        return refused(422, name, "name_invalid", detail)
    return None
