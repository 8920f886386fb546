"""The Redis-protocol server."""

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from core.settings import sentinels
from core.settings.groups.group import Group, named, required


class RedisSettings(Group):
    """The Redis-protocol server."""

    model_config = named("LIKENESS_REDIS_")

    url: SecretStr | None = Field(
        None, description=f"Redis-protocol server, e.g. redis://:password@host:6379 or {sentinels.FORM}"
    )
    password: SecretStr | None = Field(None, description="Its password, where the URL names none")
    fsync: Literal["always", "everysec"] = Field(
        "always", description="When the embedded Redis-protocol server writes through to the disk"
    )

    @field_validator("url")
    @classmethod
    def _is_usable(cls, value: SecretStr | None) -> SecretStr | None:
        return value and SecretStr(sentinels.checked(value.get_secret_value()))

    @property
    def sentinels(self) -> sentinels.Sentinels | None:
        """Who says where the server is; None when the URL does."""
        return sentinels.Sentinels.of(self._url)

    def database(self, number: int) -> str:
        """URL of one of the databases: 0 broker, 1 task results, 2 records. Not for clients where sentinels are."""
        return sentinels.of_database(self._url, number)

    @property
    def hosts(self) -> tuple[str | None, ...]:
        """Those that the URL names."""
        return tuple(host for host, _ in self.sentinels.nodes) if self.sentinels else (urlsplit(self._url).hostname,)

    @property
    def _url(self) -> str:
        url = required(self.url, "REDIS_URL").get_secret_value()
        return sentinels.with_password(url, self.password.get_secret_value()) if self.password else url
