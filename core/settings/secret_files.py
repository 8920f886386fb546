"""Secrets that stand in files of their own: `LIKENESS_S3_SECRET_KEY_FILE=/run/secrets/s3_secret_key`."""

import os
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from core.errors import SettingsInvalid
from core.reasons import reason_of


class SecretFiles(PydanticBaseSettingsSource):
    """For every setting that is a secret: the content of the file that its variable with `_FILE` names.

    White space around it does not count, and an empty file is no secret: a container's file must be there either way.
    """

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        self._prefix = str(settings_cls.model_config["env_prefix"])

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The secret or None, and its variable. Raise SettingsInvalid for a file that cannot be read."""
        variable = str(field.validation_alias or f"{self._prefix}{field_name}".upper())
        named = f"{variable}_FILE"
        path = os.environ.get(named) if "SecretStr" in str(field.annotation) else None
        if not path:
            return None, variable, False
        try:
            return Path(path).read_text(encoding="utf-8").strip() or None, variable, False
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsInvalid(f"{named}: {path} cannot be read: {reason_of(error)}") from error

    def __call__(self) -> dict[str, Any]:
        """Those that are set, by the name that the model takes them by."""
        found = {}
        for name, field in self.settings_cls.model_fields.items():
            value, variable, _ = self.get_field_value(field, name)
            if value is not None:
                found[variable if field.validation_alias else name] = value
        return found
