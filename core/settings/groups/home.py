"""Where this machine's state lies."""

import os
from pathlib import Path

from pydantic import Field

from core.settings.groups.group import Group

CHECKOUT = Path(__file__).parents[3]


def default_home() -> Path:
    """Where local state lives: `.likeness` beside a checkout, or in the user's home for an installed package."""
    if "LIKENESS_HOME" in os.environ:
        return Path(os.environ["LIKENESS_HOME"]).expanduser().resolve()
    base = CHECKOUT if (CHECKOUT / "pyproject.toml").is_file() else Path.home()
    return base / ".likeness"


class HomeSettings(Group):
    """Where this machine's state lies."""

    home: Path = Field(default_factory=default_home, description="Local state: packs, servers' data, secrets")
