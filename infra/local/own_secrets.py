"""Which secrets each process of the local stack is told: those it works with, and no other's.

One user runs them all and may read every file in the home, so this is no wall between them. It keeps a secret out of
the memory, the children and the crash dumps of processes that have no use for it; the decoder of images above all.
"""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from core.comparisons.receipts import new_key
from core.private import write_private
from core.webhooks.signing import new_secret

REDIS = frozenset({"LIKENESS_REDIS_URL"})
BROKER = REDIS | {"LIKENESS_BROKER_URL"}
STORE = frozenset({"LIKENESS_S3_ACCESS_KEY", "LIKENESS_S3_SECRET_KEY"})
SIGNING, SHARED = "LIKENESS_WEBHOOK_SECRETS", "LIKENESS_WEBHOOK_SHARED_SECRETS"
RECEIPTS, FLOWER = "LIKENESS_RECEIPT_KEY", "FLOWER_BASIC_AUTH"
#: By the name of the process in the Procfile. Any other works with Redis, the broker and the store.
NEEDED = {
    "redis": REDIS,
    "s3": STORE,
    "api": BROKER | STORE | {RECEIPTS},
    "courier": BROKER | STORE | {SIGNING, SHARED},
    "beat": BROKER,
    "flower": BROKER | {FLOWER},
}
#: The last one is the client's.
SECRET = BROKER | STORE | {SIGNING, SHARED, RECEIPTS, FLOWER, "LIKENESS_API_KEY"}


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """What everybody may know."""
    return {name: value for name, value in environment.items() if name not in SECRET}


def secrets_of(process: str, environment: Mapping[str, str]) -> dict[str, str]:
    """What this process is told beside it."""
    needed = NEEDED.get(process, BROKER | STORE)
    return {name: value for name, value in environment.items() if name in needed}


def made_once(file: Path) -> dict[str, str]:
    """The stack's own passwords and keys, made at the first start; only the user can read them."""
    known = dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}
    names = ("redis_password", "s3_access_key", "s3_secret_key", "flower_password")
    made = {
        **{name: secrets.token_hex(20) for name in names},
        "webhook": new_secret(),
        "receipt_key": new_key(),
        **known,
    }
    if made != known:  # a home of an older version has fewer
        write_private(file, json.dumps(made, indent=2))
    return made
