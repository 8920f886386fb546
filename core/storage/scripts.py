"""The scripts that change records: one loader, and the moves between indexes that all of them share."""

from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "lua"


def load(client: Any, name: str) -> Any:
    """The script of this name, ready to be called, with the index moves of `_indexes.lua` before it."""
    return client.register_script(f"{_text('_indexes')}\n{_text(name)}")


@cache
def _text(name: str) -> str:
    return (_FOLDER / f"{name}.lua").read_text(encoding="utf-8")
