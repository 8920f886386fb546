"""Photographs of a batch that go to the object store by themselves, and those that cannot."""

import re
from collections.abc import Mapping
from pathlib import Path

from likeness.client import ApiRefused, Client

#: Which one of a list was refused.
_PLACE = re.compile(r"/uploads/(\d+)/")
#: A list is announced whole before anything of it is put: one file that is refused costs one call more.
PORTION = 100
#: What is wrong with one file, and not with all: sent as a file, it is a row that says so.
_OF_ONE = ("image_too_large", "image_unsupported", "size_out_of_range")


def uploaded(client: Client, files: Mapping[str, Path]) -> dict[str, Path | str]:
    """Each as the id of its upload, in the order of the files; one that is no photograph stays a file.

    Raise ApiRefused or ApiUnreachable.
    """
    named: dict[str, Path | str] = dict(files)
    left = list(files)
    while left:
        portion = left[:PORTION]
        try:
            ids = client.uploads.put({name: files[name] for name in portion})
        except ApiRefused as error:
            if error.code not in _OF_ONE or (place := _place(error)) is None:
                raise
            left.remove(portion[place])
        else:
            named |= ids
            left = left[len(portion) :]
    return named


def _place(error: ApiRefused) -> int | None:
    pointers = [fault["pointer"] for fault in error.faults]
    found = _PLACE.match(pointers[0]) if pointers else None
    return int(found[1]) if found else None
