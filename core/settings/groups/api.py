"""The HTTP process, and who can reach it."""

from ipaddress import ip_address
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from core.settings.groups.group import CommaSeparated, Group, named, setting


class ApiSettings(Group):
    """The HTTP process."""

    model_config = named("LIKENESS_API_")

    url: str = Field("http://127.0.0.1:8000", description="Where clients find the API")
    bind: str = Field("127.0.0.1:8000", description="Where gunicorn listens; a local stack sets it from the URL")
    processes: int = Field(1, ge=1, description="Processes gunicorn starts")
    threads: int = Field(64, ge=2, description="Requests an API process serves at a time; waiting ones included")
    max_wait_s: float = setting("MAX_WAIT_S", 60.0, ge=0, description="Longest time a request may wait for its job")
    auth: Literal["auto", "on", "off"] = setting(
        "AUTH", "auto", description="Whether calls need an API key; auto: not while the API listens on loopback only"
    )
    hosts: CommaSeparated = Field(
        (),
        description="Hosts by which the API may be called while keys are off, and whose pages may call it; beside "
        "loopback's names and the host of LIKENESS_API_URL",
    )
    key: SecretStr | None = Field(None, description="The API key our own client and commands send, lk_...")

    @field_validator("auth")
    @classmethod
    def _off_is_for_loopback(cls, value: str, info: ValidationInfo) -> str:
        bind = str(info.data.get("bind"))
        if value == "off" and not is_loopback(bind):
            raise ValueError(f"keys can be turned off on loopback only, and LIKENESS_API_BIND is {bind}")
        return value

    @property
    def auth_on(self) -> bool:
        """Whether calls need an API key."""
        return self.auth == "on" or not is_loopback(self.bind)


def is_loopback(bind: str) -> bool:
    """Whether only this machine reaches what listens there; several addresses are separated by commas."""
    return all(_is_loopback_host(address.strip().rpartition(":")[0].strip("[]")) for address in bind.split(","))


def _is_loopback_host(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name, nothing (every interface), or a Unix socket, behind which anything may stand
        return False
