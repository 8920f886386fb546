"""The types for TypeScript are those of the OpenAPI document; left out, and said so, where the tool is not there."""

import pytest

from infra.docs.typescript import TYPES, ToolMissing, openapi, types


def test_the_types_are_those_of_the_document() -> None:
    try:
        made = types(fetch=False)
    except ToolMissing as missing:
        pytest.skip(f"`python -m infra.docs.typescript` fetches the tool: {missing}")
    assert TYPES.read_text(encoding="utf-8") == made, "run `python -m infra.docs.typescript`"


def test_every_call_has_its_types() -> None:
    text = TYPES.read_text(encoding="utf-8")
    paths = openapi()["paths"]
    assert isinstance(paths, dict)
    assert [path for path in paths if f'    "{path}": {{' not in text] == []
