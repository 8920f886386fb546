"""What is written beside the code is executed, and what is written about it exists."""

import ast
import doctest
import importlib
import pkgutil
import re
import sys
from pathlib import Path

import pytest

from evaluator import metrics

ROOT = Path(metrics.__file__).parents[2]
PAGE = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
MODULES = [m.name for m in pkgutil.iter_modules(metrics.__path__, "evaluator.metrics.")]


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_in_docstrings_are_true(module: str) -> None:
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted > 0
    assert result.failed == 0


def test_tests_named_in_the_documentation_exist() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    defined = {
        name
        for path in Path(__file__).parent.glob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    }
    assert len(named) >= 5
    assert named <= defined


def test_every_public_function_is_documented() -> None:
    assert {name for name in metrics.__all__ if name.islower() and f"`{name}" not in PAGE} == set()


def test_the_package_needs_numpy_and_scipy_only() -> None:
    imported = set()
    for path in (ROOT / "evaluator" / "metrics").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            if isinstance(node, ast.ImportFrom):
                imported.add(node.module or "")
    ours = {name for name in imported if name.startswith("evaluator.metrics")}
    roots = {name.split(".")[0] for name in imported - ours}
    assert roots - sys.stdlib_module_names == {"numpy", "scipy"}
