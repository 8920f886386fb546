"""What a group of settings is, and what its fields are made of."""

from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from core.errors import SettingsInvalid
from core.settings.secret_files import SecretFiles
from core.vocabulary import ImageFormat

PREFIX = "LIKENESS_"
T = TypeVar("T")


def _parts(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


#: Values that are separated by commas in the environment.
CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parts)]
Seconds = Annotated[tuple[float, ...], NoDecode, BeforeValidator(_parts)]
Ports = Annotated[tuple[int, ...], NoDecode, BeforeValidator(_parts)]
Formats = Annotated[tuple[ImageFormat, ...], NoDecode, BeforeValidator(_parts)]


def named(prefix: str = PREFIX) -> SettingsConfigDict:
    """How a group is read: its variables begin with the prefix."""
    return SettingsConfigDict(
        env_prefix=prefix, extra="ignore", frozen=True, env_ignore_empty=True, populate_by_name=True
    )


def setting(variable: str, default: Any, **constraints: Any) -> Any:
    """A field whose variable is not the group's prefix and the field's name."""
    return Field(default, validation_alias=f"{PREFIX}{variable}", **constraints)


class Group(BaseSettings):
    """Settings that belong together: read from the environment (`LIKENESS_...`), then from files.

    A secret may also be named by the file it stands in, `LIKENESS_..._FILE`, as container engines hand them over.
    """

    model_config = named()

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *sources: PydanticBaseSettingsSource, **named: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given, the environment, the files that it names, then `.env`."""
        return named["init_settings"], named["env_settings"], SecretFiles(settings_cls), named["dotenv_settings"]


def required(value: T | None, name: str) -> T:
    """The value. Raise SettingsInvalid where there is none."""
    if value is None:
        raise SettingsInvalid(
            f"LIKENESS_{name} is not set and no local stack is running: start one with `make up`, or set it"
        )
    return value
