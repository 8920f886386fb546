"""The broker, where it is RabbitMQ."""

from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from core.settings import rabbit
from core.settings.groups.group import Group, named


class BrokerSettings(Group):
    """The broker of the messages, where that is not the Redis-protocol server itself."""

    model_config = named("LIKENESS_BROKER_")

    url: SecretStr | None = Field(
        None, description=f"RabbitMQ in place of Redis as the broker, e.g. {rabbit.FORM} or amqps://... with TLS"
    )

    @field_validator("url")
    @classmethod
    def _is_usable(cls, value: SecretStr | None) -> SecretStr | None:
        return value and SecretStr(rabbit.checked(value.get_secret_value()))

    @property
    def hosts(self) -> tuple[str | None, ...]:
        """That which the URL names."""
        return (urlsplit(self.url.get_secret_value()).hostname,) if self.url else ()
