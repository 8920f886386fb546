"""What is written about the report exists."""

import re
import sys
from pathlib import Path

from evaluator import report

ROOT = Path(report.__file__).parents[2]
PAGE = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")


def test_the_columns_in_the_documentation_are_those_of_the_file() -> None:
    before, after = report.RESERVED_COLUMNS[:4], report.RESERVED_COLUMNS[4:]
    assert f"    {','.join(before)},<group columns>,{','.join(after)}\n" in PAGE


def test_the_version_in_the_documentation_is_the_current_one() -> None:
    assert f"`schema_version` is {report.SCHEMA_VERSION}." in PAGE


def test_reports_need_no_web_framework_no_celery_and_no_command_line() -> None:
    imported = set()
    for path in (ROOT / "evaluator" / "report").glob("*.py"):
        found = re.findall(r"^\s*(?:from|import) ([A-Za-z_0-9]+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        imported |= set(found)
    assert imported - sys.stdlib_module_names == {
        *("core", "evaluator", "numpy", "scipy", "matplotlib", "jinja2", "markupsafe", "PIL")
    }
