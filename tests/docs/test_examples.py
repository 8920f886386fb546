"""Every example in a docstring is executed, by pytest itself; conftest.py at the root says which modules it imports."""

import tomllib

from core.settings import CHECKOUT

SETTINGS = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]


def test_the_examples_of_every_package_are_run() -> None:
    pytest_settings = SETTINGS["pytest"]["ini_options"]
    assert "--doctest-modules" in pytest_settings["addopts"]
    packages = {path.parent.name for path in CHECKOUT.glob("*/__init__.py")}
    assert {"worker", "evaluator", "bench"} <= packages
    assert packages <= set(pytest_settings["testpaths"])
