"""Events as your service receives them: verified by the Standard Webhooks specification, with what Python has.

>>> webhook = Webhook("whsec_" + "c2VjcmV0LW9mLWEtZG9jdGVzdC0tLS0=")
>>> webhook.verify(b"{}", {})
Traceback (most recent call last):
likeness.webhooks.SignatureInvalid: the headers webhook-id, webhook-timestamp, webhook-signature must be there
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

#: How far a request's time may be off, so that an old one is not sent again by whoever saw it.
TOLERANCE_S = 300
NAMES = ("webhook-id", "webhook-timestamp", "webhook-signature")
_PREFIX = "whsec_"


class SignatureInvalid(Exception):
    """The request was not signed with one of these secrets, or not now: answer it with 401."""

    code = "signature_invalid"


class Webhook:
    """Verifies what is signed with any of these secrets: while one replaces another, give both.

    A secret is `whsec_...`, as registering an endpoint shows it, or `likeness webhooks secret`. An ed25519 key,
    `whpk_...`, is verified by the `standardwebhooks` package. Raise ValueError for anything else.
    """

    def __init__(self, *secrets: str) -> None:
        if not secrets:
            raise ValueError("give the secret that signs: whsec_...")
        self._keys = [_key(secret) for secret in secrets]

    def verify(self, body: bytes, headers: Mapping[str, str], *, now: float | None = None) -> dict[str, Any]:
        """The event in a request: `type`, `timestamp`, `data`. Raise SignatureInvalid.

        `body` is the request's bytes as they came, not parsed and written again. The same event may come twice: its
        `webhook-id` says so.
        """
        named = {name.lower(): value for name, value in headers.items()}
        if any(name not in named for name in NAMES):
            raise SignatureInvalid(f"the headers {', '.join(NAMES)} must be there")
        event_id, sent_at, signatures = (named[name] for name in NAMES)
        if not (sent_at.isascii() and sent_at.isdigit()):
            raise SignatureInvalid("webhook-timestamp must be in seconds")
        if (off_s := abs((time.time() if now is None else now) - int(sent_at[:15]))) > TOLERANCE_S:
            raise SignatureInvalid(
                f"the timestamp is {off_s:.0f} s off; allowed are {TOLERANCE_S}: is the clock right?"
            )
        made = [self._signature(key, f"{event_id}.{sent_at}.".encode() + body) for key in self._keys]
        if not any(hmac.compare_digest(one, given.encode()) for one in made for given in signatures.split()):
            raise SignatureInvalid("no signature is made with the secret: is it this endpoint's?")
        event = json.loads(body)
        return dict(event)

    @staticmethod
    def _signature(key: bytes, content: bytes) -> bytes:
        return b"v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256))


def _key(secret: str) -> bytes:
    digits = secret.strip().removeprefix(_PREFIX).rstrip("=")
    try:
        return base64.b64decode(digits + "=" * (-len(digits) % 4), validate=True)
    except binascii.Error:
        # Not shown, for it is a secret.
        raise ValueError(f"a secret is {_PREFIX} and base64; an ed25519 key, whpk_, needs standardwebhooks") from None
