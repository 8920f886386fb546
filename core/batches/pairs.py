"""The list of pairs that a client sends: a JSON array, or JSON Lines, of objects that name two photographs each."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.comparisons.submission import FieldRefused
from core.reasons import reason_of

FIELD = "pairs"
MEMBERS = ("reference", "probe", "custom_id")
MAX_NAME_CHARACTERS = 255
#: Of the whole list, for each pair that it may have: three names of 64 characters, and what stands around them.
BYTES_A_PAIR = 512


@dataclass(frozen=True, slots=True)
class AskedPair:
    """A pair as the client names it."""

    reference: str
    probe: str
    custom_id: str


def read_pairs(text: bytes, *, most: int) -> tuple[AskedPair, ...]:
    """The pairs of a list. Without a `custom_id` a pair is called by its place, from 1.

    Raise FieldRefused with the place of the first pair that is not as it should be, or for more than `most`.
    """
    if len(text) > most * BYTES_A_PAIR:
        detail = (
            f"the list has {len(text)} bytes; at most {most * BYTES_A_PAIR} are accepted, {BYTES_A_PAIR} for each of "
            f"{most} pairs (LIKENESS_MAX_BATCH_PAIRS)"
        )
        raise FieldRefused(FIELD, "pairs_too_large", detail)
    pairs: list[AskedPair] = []
    places: dict[str, int] = {}
    for place, value in enumerate(_values(text, most), 1):
        if place > most:
            raise _too_many(most)
        pair = _pair(value, place)
        if (before := places.setdefault(pair.custom_id, place)) != place:
            raise _refused(place, "custom_id_twice", f"{pair.custom_id!r} is also the custom_id of pair {before}")
        pairs.append(pair)
    if not pairs:
        raise FieldRefused(FIELD, "pairs_empty", 'the list has no pair; send [{"reference": "...", "probe": "..."}]')
    return tuple(pairs)


def _values(text: bytes, most: int) -> Iterator[Any]:
    try:
        whole = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        detail = f"the list must be UTF-8; {error.reason} at byte {error.start}"
        raise FieldRefused(FIELD, "pairs_invalid", detail) from None
    if not whole.lstrip().startswith("["):
        # Of JSON's own line ends alone: a name may have any other in it.
        for number, line in enumerate(whole.split("\n"), 1):
            if line.strip():
                yield _loaded(line, f"line {number}: ")
        return
    # Each makes an object of 50 bytes and more out of one: an honest list has one a pair.
    marks = whole.count("{") + whole.count("[")
    if marks > 2 * most + 2:
        detail = f"the list has {marks} brackets and braces; at most {2 * most + 2} are accepted"
        raise FieldRefused(FIELD, "pairs_too_large", detail)
    yield from _loaded(whole, "")


def _loaded(text: str, where: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except (RecursionError, ValueError) as error:  # too deep, or a number of too many digits
        raise FieldRefused(
            FIELD, "pairs_invalid", f"{where}the list is neither JSON nor JSON Lines: {reason_of(error)}"
        ) from None


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in members:
        if name in found:
            raise ValueError(f"the name {name[:50]!r} stands twice in one object")
        found[name] = value
    return found


def _pair(value: Any, place: int) -> AskedPair:
    if not isinstance(value, dict):
        raise _refused(place, "pair_invalid", f'must be an object with "reference" and "probe"; found {_kind(value)}')
    if unknown := [name for name in value if name not in MEMBERS]:
        raise _refused(place, "field_unknown", f"known are {', '.join(MEMBERS)}", unknown[0][:50])
    names = {side: _name(value.get(side), place, side) for side in ("reference", "probe")}
    custom_id = str(place) if value.get("custom_id") is None else _name(value["custom_id"], place, "custom_id")
    return AskedPair(**names, custom_id=custom_id)


def _name(value: Any, place: int, member: str) -> str:
    if value is None:
        raise _refused(place, "field_missing", "name the part of the form that has this photograph", member)
    if not isinstance(value, str):
        raise _refused(place, "pair_invalid", f"must be a text; found {_kind(value)}", member)
    if not 1 <= len(value) <= MAX_NAME_CHARACTERS:
        detail = f"must have 1 to {MAX_NAME_CHARACTERS} characters; found {len(value)}"
        raise _refused(place, "name_invalid", detail, member)
    if not value.isprintable():
        raise _refused(place, "name_invalid", f"must be one line of printable text; found {value[:50]!r}", member)
    return value


def _refused(place: int, code: str, detail: str, member: str | None = None) -> FieldRefused:
    return FieldRefused("/".join([FIELD, str(place - 1), *([member] if member else [])]), code, detail)


def _too_many(most: int) -> FieldRefused:
    detail = f"there are more than {most} pairs; at most {most} are accepted (LIKENESS_MAX_BATCH_PAIRS)"
    return FieldRefused(FIELD, "too_many_pairs", detail)


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", bool: "true or false", int: "a number", float: "a number"}
    return kinds.get(type(value), "null" if value is None else "a text")
