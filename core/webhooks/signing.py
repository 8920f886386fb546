"""Signatures of the Standard Webhooks specification: HMAC-SHA256 (`v1`) and ed25519 (`v1a`)."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.errors import LikenessError, SettingsInvalid
from core.settings.groups import SigningSettings

TOLERANCE_S = 300

_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_SHARED, _PRIVATE, _PUBLIC = "whsec_", "whsk_", "whpk_"


class SignatureInvalid(LikenessError):
    """The request was not signed by one of these secrets, or not now."""

    code = "signature_invalid"


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """A secret that both sides know."""

    key: bytes = field(repr=False)

    def sign(self, content: bytes) -> str:
        """One entry of `webhook-signature`."""
        return f"v1,{base64.b64encode(hmac.digest(self.key, content, hashlib.sha256)).decode()}"

    def made(self, signature: str, content: bytes) -> bool:
        """Whether this secret made the entry."""
        return hmac.compare_digest(self.sign(content).encode(), signature.encode(errors="replace"))

    def of_owner(self, owner: str) -> "SharedSecret":
        """The secret of this owner, from which neither this one nor another owner's can be told."""
        return SharedSecret(_derived(self.key, owner))

    @property
    def verifier(self) -> str:
        """What a consumer needs."""
        return _SHARED + base64.b64encode(self.key).decode()


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """An ed25519 key: consumers get its public half, and cannot sign with it."""

    key: Ed25519PrivateKey = field(repr=False)

    def sign(self, content: bytes) -> str:
        """One entry of `webhook-signature`."""
        return f"v1a,{base64.b64encode(self.key.sign(content)).decode()}"

    def made(self, signature: str, content: bytes) -> bool:
        """Whether this key made the entry."""
        version, _, encoded = signature.partition(",")
        try:
            self.key.public_key().verify(base64.b64decode(encoded, validate=True), content)
        except (InvalidSignature, ValueError):  # ValueError: not base64, or not ASCII
            return False
        return version == "v1a"

    def of_owner(self, owner: str) -> "PrivateKey":
        """The key of this owner."""
        return PrivateKey(Ed25519PrivateKey.from_private_bytes(_derived(self.key.private_bytes_raw(), owner)))

    @property
    def verifier(self) -> str:
        """What a consumer needs."""
        public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return _PUBLIC + base64.b64encode(public).decode()


@dataclass(frozen=True, slots=True)
class Keyring:
    """Secrets in the order of the settings. All of them sign: while one replaces another, either verifies."""

    keys: tuple[SharedSecret | PrivateKey, ...]

    @classmethod
    def parse(cls, text: str, setting: str = "LIKENESS_WEBHOOK_SECRETS") -> Self:
        """Read `whsec_...,whsk_...`. Raises SettingsInvalid, which names the setting and never shows a secret."""
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return cls(tuple(_key(part, f"{setting}: secret {place}") for place, part in enumerate(parts, start=1)))

    @classmethod
    def of(cls, signing: SigningSettings) -> Self | None:
        """The deployment's secrets; None when there are none."""
        return cls.parse(signing.secrets.get_secret_value()) if signing.secrets else None

    def of_owner(self, owner: str) -> Self:
        """What signs this owner's events."""
        return type(self)(tuple(key.of_owner(owner) for key in self.keys))

    def headers(self, event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
        """The three headers of an attempt made at `timestamp`."""
        content = _content(event_id, str(timestamp), body)
        return {
            "webhook-id": event_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(key.sign(content) for key in self.keys),
        }

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: float | None = None) -> str:
        """The event's id. Raises SignatureInvalid unless one of the keys signed this request within TOLERANCE_S."""
        given = {name.lower(): value for name, value in headers.items()}
        try:
            event_id, timestamp, signatures = (given[f"webhook-{n}"] for n in ("id", "timestamp", "signature"))
            age_s = abs((time.time() if now is None else now) - int(timestamp))
            content = _content(event_id, timestamp, body)
        except (KeyError, ValueError, OverflowError):
            raise SignatureInvalid(
                "`webhook-id`, `webhook-timestamp` and `webhook-signature` must be sent, the timestamp in seconds"
            ) from None
        if age_s > TOLERANCE_S:
            raise SignatureInvalid(f"the timestamp is {age_s:.0f} s off; allowed are {TOLERANCE_S}")
        if not any(key.made(signature, content) for key in self.keys for signature in signatures.split()):
            raise SignatureInvalid
        return event_id


def new_secret() -> str:
    """A fresh shared secret."""
    return _SHARED + base64.b64encode(secrets.token_bytes(32)).decode()


def new_private_key() -> str:
    """A fresh ed25519 key."""
    return _PRIVATE + base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def _content(event_id: str, timestamp: str, body: bytes) -> bytes:
    return f"{event_id}.{timestamp}.".encode() + body


def _derived(key: bytes, owner: str) -> bytes:
    """32 bytes. The words before the owner keep this apart from everything else the key makes: an event has dots."""
    return hmac.digest(key, f"likeness webhook secret of {owner}".encode(), hashlib.sha256)


def _key(text: str, which: str) -> SharedSecret | PrivateKey:
    prefix = next((p for p in (_SHARED, _PRIVATE) if text.startswith(p)), None)
    wrong = f"{which} must be"
    if prefix is None:
        raise SettingsInvalid(f"{wrong} whsec_... or whsk_...; `likeness webhooks secret --new` makes one")
    digits = text.removeprefix(prefix).rstrip("=")
    if alien := _NOT_BASE64.search(digits):
        # Where, and not which: it is of a secret.
        raise SettingsInvalid(f"{wrong} {prefix} and base64; character {len(prefix) + alien.start() + 1} is not")
    try:
        key = base64.b64decode(digits + "=" * (-len(digits) % 4), validate=True)
    except binascii.Error:
        raise SettingsInvalid(f"{wrong} {prefix} and base64; it ends within a byte: was it cut off?") from None
    if prefix == _SHARED:
        if not 24 <= len(key) <= 64:
            raise SettingsInvalid(f"{wrong} 24 to 64 bytes long; found {len(key)}")
        return SharedSecret(key)
    if len(key) not in (32, 64):  # some libraries write the public half behind the private one
        raise SettingsInvalid(f"{wrong} 32 bytes long; found {len(key)}")
    return PrivateKey(Ed25519PrivateKey.from_private_bytes(key[:32]))
