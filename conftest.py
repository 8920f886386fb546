"""The examples in docstrings are tests: pytest's `--doctest-modules` finds them in every package."""

from pathlib import Path


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Import tests and modules with an example, nothing else: what starts a process asks for a stack."""
    if collection_path.suffix != ".py" or collection_path.name.startswith("test_"):
        return None
    return None if ">>> " in collection_path.read_text(encoding="utf-8") else True
