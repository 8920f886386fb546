"""InsightFace's verification files: a pickle of (encoded images, whether each two in a row are mated).

The pickle is not unpickled. Its opcodes are read one by one by a machine that knows lists, tuples, bytes and
booleans and nothing else, so there is no call it could be talked into. `pickle.Unpickler` with a `find_class` that
refuses would still allocate what a file asks for: ten bytes with a large memo index take gigabytes.
"""

import hashlib
import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from pickletools import genops

from core.reasons import reason_of
from evaluator.datasets.faults import DatasetInvalid, Fault
from evaluator.datasets.pairs import Pair, PairList, folds_in_order

FOLDS = 10
MAX_FILE_BYTES = 2**30
FOLDS_NOTE = "The file has no folds: ten consecutive blocks, as insightface's verification.py makes them."


@dataclass(frozen=True, slots=True)
class ImagesInMemory:
    """Images that are in memory already."""

    name: str
    bodies: Mapping[str, bytes]

    def images(self, wanted: Collection[str]) -> Iterator[tuple[str, bytes | Fault]]:
        """Those of the wanted images that there are."""
        return ((image_id, body) for image_id, body in self.bodies.items() if image_id in wanted)


def read_bin(path: Path, *, max_file_bytes: int = MAX_FILE_BYTES) -> tuple[PairList, ImagesInMemory]:
    """Images are named by their position, `000000.jpg`; one that repeats an earlier one bears the earlier name.

    Raise DatasetInvalid for a file that is anything but such a pickle.
    """
    images, mated = _images_and_labels(path, max_file_bytes)
    first: dict[bytes, str] = {}
    known: dict[int, str] = {}  # by object: two bytes of a file repeat an image, however large it is
    names = []
    bodies = {}
    for position, body in enumerate(images):
        if (name := known.get(id(body))) is None:
            extension = "png" if body.startswith(b"\x89PNG") else "jpg"
            name = first.setdefault(hashlib.sha256(body).digest(), f"{position:06d}.{extension}")
            known[id(body)] = name
            bodies[name] = body
        names.append(name)
    folds = folds_in_order(len(mated)) if len(mated) >= FOLDS else [None] * len(mated)
    rows = zip(names[::2], names[1::2], mated, folds, strict=True)
    pairs = tuple(Pair(reference, probe, truth, fold, ()) for reference, probe, truth, fold in rows)
    notes = [FOLDS_NOTE] if len(mated) >= FOLDS else []
    if len(bodies) < len(names):
        notes.append(f"{len(names) - len(bodies)} of {len(names)} images repeat an earlier one and are kept once.")
    if repeated := len(pairs) - len({frozenset((pair.reference, pair.probe)) for pair in pairs}):
        notes.append(f"{repeated} pairs repeat the images of an earlier pair.")
    if alike := sum(pair.reference == pair.probe for pair in pairs):
        notes.append(f"{alike} pairs have the same image on both sides.")
    return PairList(pairs, (), tuple(notes), source=path.name), ImagesInMemory(path.name, bodies)


class NotAdmitted(ValueError):
    """The pickle has something in it that such a file has not."""


def _fault(error: Exception) -> str:
    return str(error) if isinstance(error, NotAdmitted) else "it is none, or one that breaks off"


def _images_and_labels(path: Path, max_file_bytes: int) -> tuple[list[bytes], list[bool]]:
    def refused(what: str) -> DatasetInvalid:
        return DatasetInvalid([Fault(path.name, None, what)])

    try:
        if (size := path.stat().st_size) > max_file_bytes:
            raise refused(f"has {size} bytes; at most {max_file_bytes} are read")
        pickled = io.BytesIO(path.read_bytes())
        value = _value(pickled)
        if pickled.read(1):
            raise refused("goes on after the end of its pickle")
    except OSError as error:
        raise refused(f"cannot be read: {reason_of(error)}") from None
    except (ValueError, LookupError, TypeError) as error:
        raise refused(f"cannot be read as a pickle of images and booleans: {_fault(error)}") from None
    match value:
        case (list(images), list(mated)) if images and len(images) == 2 * len(mated):
            if all(type(body) is bytes for body in images) and all(type(truth) is bool for truth in mated):
                return images, mated
            raise refused("must hold a list of bytes and a list of booleans")
        case (list(images), list(mated)):
            raise refused(f"has {len(images)} images and {len(mated)} labels; there must be two images to each label")
    raise refused("must hold two lists, the images and the labels")


def _value(pickled: io.BytesIO) -> object:
    """What the pickle holds. Raise ValueError for an opcode that is not needed, LookupError for a broken one."""
    stack: list[object] = []
    outer: list[list[object]] = []
    memo: dict[int, object] = {}
    for opcode, argument, position in genops(pickled):
        match opcode.name, argument:
            case "PROTO" | "FRAME", _:
                pass
            case "EMPTY_LIST", _:
                stack.append([])
            case "MARK", _:
                outer.append(stack)
                stack = []
            case "SHORT_BINBYTES" | "BINBYTES" | "BINBYTES8", bytes():
                stack.append(argument)
            case "SHORT_BINSTRING" | "BINSTRING", str():  # bytes, when Python 2 wrote the file
                stack.append(argument.encode("latin-1"))
            case "NEWTRUE" | "NEWFALSE", _:
                stack.append(opcode.name == "NEWTRUE")
            case "BINPUT" | "LONG_BINPUT", int():
                memo[argument] = stack[-1]
            case "MEMOIZE", _:
                memo[len(memo)] = stack[-1]
            case "BINGET" | "LONG_BINGET", int():
                stack.append(memo[argument])
            case "APPEND", _:
                _extend(stack, [stack.pop()])
            case "APPENDS", _:
                items, stack = stack, outer.pop()
                _extend(stack, items)
            case "TUPLE2", _:
                stack[-2:] = [(stack[-2], stack[-1])]
            case "TUPLE", _:
                items, stack = stack, outer.pop()
                stack.append(tuple(items))
            case "STOP", _:
                return stack.pop()
            case _:
                shown = "" if argument is None else f" {argument!r:.60}"
                raise NotAdmitted(f"the opcode {opcode.name}{shown} at byte {position} is not admitted")
    raise NotAdmitted("it must end with the opcode STOP; the file ends before")


def _extend(stack: list[object], items: list[object]) -> None:
    target = stack[-1]
    if not isinstance(target, list):
        raise TypeError(f"items must be appended to a list; found {type(target).__name__}")
    target.extend(items)
