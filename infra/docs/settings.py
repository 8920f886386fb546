"""`.env.example` and `docs/settings.md`, written from the settings themselves: `python -m infra.docs.settings`."""

from collections.abc import Iterable
from enum import Enum
from itertools import groupby

from pydantic.fields import FieldInfo

from core.settings import CHECKOUT
from core.settings.groups import Group
from core.settings.reading import Variable, variables

ENV_EXAMPLE = CHECKOUT / ".env.example"
SETTINGS_PAGE = CHECKOUT / "docs" / "settings.md"


def env_example() -> str:
    """Every setting, commented out, at its default."""
    head = (
        "# Every setting with its default. Copy this file to `.env` and change what you need.\n"
        "# The environment wins over `.env`, and `.env` over a running local stack.\n"
        "# Written by `python -m infra.docs.settings`.\n"
    )
    return head + "".join(f"\n# {v.info.description}\n# {v.name}={_default(v.info)}\n" for v in variables())


def settings_page() -> str:
    """The same as a table a group."""
    head = (
        "# Settings\n\n"
        "Each is read from the environment, then from `.env` in the working directory, then from the running local\n"
        "stack. A wrong value stops a process that uses it, with a sentence that names it. An empty default means:\n"
        "not set, or worked out at start.\n\n"
        "Written by `python -m infra.docs.settings`; a test keeps it true.\n"
    )
    groups = groupby(variables(), key=lambda variable: variable.group)
    return head + "".join(_table(group, members) for group, members in groups)


def _table(group: type[Group], members: Iterable[Variable]) -> str:
    rows = "".join(
        f"| `{v.name}` | {f'`{default}`' if (default := _default(v.info)) else ''} | {v.info.description} |\n"
        for v in members
    )
    title = (group.__doc__ or "").rstrip(".")
    return f"\n## {title}\n\n| setting | default | what it is |\n| --- | --- | --- |\n{rows}"


def _default(field: FieldInfo) -> str:
    value = field.default
    if field.default_factory is not None or value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return str(value.value if isinstance(value, Enum) else value)


if __name__ == "__main__":
    ENV_EXAMPLE.write_text(env_example(), encoding="utf-8")
    SETTINGS_PAGE.write_text(settings_page(), encoding="utf-8")
