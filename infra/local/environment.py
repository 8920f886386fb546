"""Where everything of a local stack is, as its processes and other commands are told it."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from core.settings import Settings
from infra.local.claims import Claims
from infra.local.own_secrets import RECEIPTS, made_once
from infra.local.processes import MARK
from infra.local.servers import LOOPBACK, free_port, free_s3_port

FLOWER_USER = "likeness"


def stack_environment(home: Path, settings: Settings, claims: Claims) -> dict[str, str]:
    """Where everything is, for the stack's own processes and, as `stack.env`, for every other command."""
    known = made_once(home / "secrets.json")
    if settings.redis.url:
        redis = settings.redis.url.get_secret_value()
    else:
        redis = f"redis://:{known['redis_password']}@{LOOPBACK}:{free_port(6379, take=claims.take)}"
    if settings.objects.endpoint:
        s3, access_key, secret_key = settings.objects.credentials
    else:
        s3 = f"http://{LOOPBACK}:{free_s3_port(9000, claims.take)}"
        access_key, secret_key = known["s3_access_key"], known["s3_secret_key"]
    # A port that was asked for is used or fails; one that was not is the next free one.
    api = (
        settings.api.url
        if "url" in settings.api.model_fields_set
        else f"http://{LOOPBACK}:{free_port(8000, take=claims.take)}"
    )
    webhook_secrets = settings.signing.secrets.get_secret_value() if settings.signing.secrets else known["webhook"]
    return {
        "LIKENESS_REDIS_URL": redis,
        "LIKENESS_S3_ENDPOINT": s3,
        "LIKENESS_S3_ACCESS_KEY": access_key,
        "LIKENESS_S3_SECRET_KEY": secret_key,
        "LIKENESS_API_URL": api,
        "LIKENESS_WEBHOOK_SECRETS": webhook_secrets,
        # Everything here listens on loopback only; so may a receiver that somebody tries out.
        **{
            f"LIKENESS_WEBHOOK_{name.upper()}": str(
                name not in settings.webhooks.model_fields_set or getattr(settings.webhooks, name)
            ).lower()
            for name in ("allow_http", "allow_private")
        },
        "LIKENESS_FLOWER_URL": settings.flower.url or f"http://{LOOPBACK}:{free_port(5555, take=claims.take)}",
        "FLOWER_BASIC_AUTH": f"{FLOWER_USER}:{known['flower_password']}",
    }


def process_environment(
    home: Path, environment: Mapping[str, str], embedded: tuple[str, ...], settings: Settings
) -> dict[str, str]:
    """What the stack's own processes are told, each its own secrets only."""
    key = settings.receipts.key
    receipt_key = key.get_secret_value() if key else made_once(home / "secrets.json")["receipt_key"]
    return {
        **os.environ,
        **environment,
        RECEIPTS: receipt_key,
        # SeaweedFS encrypts uploads over plain HTTP too; rclone does not, and would not say so.
        **(
            {"LIKENESS_UPLOADS_SSE_C": "true"}
            if "s3" in embedded
            and settings.objects.local == "seaweedfs"
            and "sse_c" not in settings.uploads.model_fields_set
            else {}
        ),
        # In place of the secrets, which are the courier's.
        "LIKENESS_WEBHOOK_ACCEPT": str(settings.webhooks.accept is not False).lower(),
        MARK: str(home),
        "LIKENESS_HOME": str(home),
        "LIKENESS_API_BIND": f"{LOOPBACK}:{urlsplit(environment['LIKENESS_API_URL']).port or 80}",
        "FLOWER_PORT": str(urlsplit(environment["LIKENESS_FLOWER_URL"]).port or 80),
        "FLOWER_READ_ONLY": str(not settings.flower.writable).lower(),
        "FLOWER_ENABLE_EVENTS": str(settings.flower.events).lower(),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
    }


def reaching(settings: Settings, environment: Mapping[str, str]) -> Settings:
    """Settings that lead to the stack's servers."""
    return settings.but(
        redis_url=environment["LIKENESS_REDIS_URL"],
        s3_endpoint=environment["LIKENESS_S3_ENDPOINT"],
        s3_access_key=environment["LIKENESS_S3_ACCESS_KEY"],
        s3_secret_key=environment["LIKENESS_S3_SECRET_KEY"],
    )


def env_file(environment: Mapping[str, str]) -> str:
    """The text of `stack.env`."""
    head = "# Written by the running local stack, and removed when it stops.\n"
    return head + "".join(f"{name}={shlex.quote(value)}\n" for name, value in environment.items())
