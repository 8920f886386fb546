"""What is written about the metrics exists, and every module of theirs has an example that is executed."""

import ast
import re
import sys
from pathlib import Path

from evaluator import metrics

ROOT = Path(metrics.__file__).parents[2]
PAGE = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")


def test_every_module_has_an_example() -> None:
    modules = [path for path in Path(metrics.__file__).parent.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) >= 10
    assert [path.name for path in modules if ">>> " not in path.read_text(encoding="utf-8")] == []


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
