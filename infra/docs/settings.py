"""`.env.example` and `docs/settings.md`, written from the settings themselves: `python -m infra.docs.settings`."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from pydantic.fields import FieldInfo

from core.settings import CHECKOUT
from core.settings.reading import variables

ENV_EXAMPLE = CHECKOUT / ".env.example"
SETTINGS_PAGE = CHECKOUT / "docs" / "settings.md"


@dataclass(frozen=True, slots=True)
class Setting:
    """A variable, its default as one would write it (empty: unset, or worked out at start), and what it is for."""

    name: str
    default: str
    description: str


def settings() -> Iterator[Setting]:
    """Every setting there is."""
    for variable in variables():
        yield Setting(variable.name, _default(variable.info), variable.info.description or "")


def env_example() -> str:
    """Every setting, commented out, at its default."""
    head = (
        "# Every setting with its default. Copy this file to `.env` and change what you need.\n"
        "# The environment wins over `.env`, and `.env` over a running local stack.\n"
        "# Written by `python -m infra.docs.settings`.\n"
    )
    return head + "".join(f"\n# {s.description}\n# {s.name}={s.default}\n" for s in settings())


def settings_page() -> str:
    """The same as a table."""
    rows = "".join(f"| `{s.name}` | {f'`{s.default}`' if s.default else ''} | {s.description} |\n" for s in settings())
    return (
        "# Settings\n\n"
        "Each is read from the environment, then from `.env` in the working directory, then from the running local\n"
        "stack. A wrong value stops the process with a sentence that names it. An empty default means: not set, or\n"
        "worked out at start.\n\n"
        "Written by `python -m infra.docs.settings`; a test keeps it true.\n\n"
        f"| setting | default | what it is |\n| --- | --- | --- |\n{rows}"
    )


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
