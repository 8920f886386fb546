"""Lists of pairs, honest and hostile."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.batches.pairs import AskedPair, read_pairs
from core.comparisons.submission import FieldRefused

NAMES = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)
LISTS = st.lists(
    st.builds(AskedPair, NAMES, NAMES, NAMES), min_size=1, max_size=20, unique_by=lambda pair: pair.custom_id
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["reference", "probe", "custom_id"]) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


def read_or_refuse(text: bytes) -> tuple[AskedPair, ...] | FieldRefused:
    try:
        return read_pairs(text, most=3)
    except FieldRefused as error:
        return error


def written(pair: AskedPair) -> dict[str, str]:
    return {name: getattr(pair, name) for name in ("reference", "probe", "custom_id")}


@given(LISTS, st.booleans(), st.sampled_from(["\n", "\r\n", "\n\n"]))
def test_a_list_is_read_as_it_was_written_as_json_and_as_json_lines(
    pairs: list[AskedPair], ascii_only: bool, line_end: str
) -> None:
    def dump(value: object) -> str:
        return json.dumps(value, ensure_ascii=ascii_only)

    as_json = dump([written(pair) for pair in pairs]).encode()
    as_lines = line_end.join(dump(written(pair)) for pair in pairs).encode()
    for text in (as_json, as_lines, b"\xef\xbb\xbf" + as_lines + line_end.encode()):
        assert read_pairs(text, most=20) == tuple(pairs)


@given(st.binary(max_size=400) | ANYTHING.map(lambda value: json.dumps(value).encode()))
def test_whatever_is_sent_it_is_a_list_or_refused_by_name(text: bytes) -> None:
    found = read_or_refuse(text)
    if isinstance(found, FieldRefused):
        assert found.field.split("/")[0] == "pairs"
        assert found.code
    else:
        assert 1 <= len(found) <= 3
        assert len({pair.custom_id for pair in found}) == len(found)


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"a":' * 50_000, b"[" + b"9" * 100_000 + b"]"])
def test_what_is_deep_or_long_is_refused_and_not_built(text: bytes) -> None:
    with pytest.raises(FieldRefused):
        read_pairs(text, most=5000)


def test_a_list_of_brackets_costs_no_more_than_it_is_long() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(FieldRefused, match="brackets and braces"):
            read_pairs(b"[" + b"[]," * 800_000 + b"[]]", most=5000)
        assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    finally:
        tracemalloc.stop()


def test_a_name_that_stands_twice_in_a_pair_is_refused() -> None:
    with pytest.raises(FieldRefused, match="stands twice"):
        read_pairs(b'[{"reference": "a", "probe": "b", "probe": "c"}]', most=3)
