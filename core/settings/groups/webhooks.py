"""Calling back, and what signs it."""

from pathlib import Path

from pydantic import Field, SecretStr

from core.settings.groups.group import Group, Ports, Seconds, named


class SigningSettings(Group):
    """What signs callbacks: the courier's alone."""

    model_config = named("LIKENESS_WEBHOOK_")

    secrets: SecretStr | None = Field(
        None,
        description="Signing secrets, whsec_... or whsk_..., comma-separated; every one signs (rotation), for a key "
        "with what is derived from it",
    )
    shared_secrets: SecretStr | None = Field(
        None,
        description="Secrets that consumers of several keys know, from before: they sign every key's events as well",
    )


class WebhookSettings(Group):
    """Calling back."""

    model_config = named("LIKENESS_WEBHOOK_")

    accept: bool | None = Field(
        None, description="Whether the API accepts a `callback_url`; default: where it finds the signing secrets itself"
    )
    schedule_s: Seconds = Field(
        (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400),
        description="Seconds from one failed delivery attempt to the next; after the last one the delivery is dead",
    )
    timeout_s: float = Field(15.0, gt=0, le=30, description="Longest time one delivery attempt may take")
    retention_s: int = Field(30 * 86400, ge=60, description="How long an ended delivery can be read, replayed")
    ports: Ports = Field((), description="Ports callbacks may go to beside 443, and 80 where http is allowed")
    allow_http: bool = Field(False, description="Whether callbacks may go over http, readable on the way")
    allow_private: bool = Field(False, description="Whether callbacks may go to loopback and private networks")
    max_endpoints: int = Field(5, ge=0, description="Webhook endpoints that a key may have registered at a time")
    ca_file: Path | None = Field(None, description="Certificates trusted for callbacks beside the public ones")
