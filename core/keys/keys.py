"""API keys: what one may do, and how a key looks.

A key is `lk_<id>_<secret>`. The secret is 256 random bits, so one round of SHA-256 is all that storing it takes: the
slow hashes for passwords make guessing costly, and nobody guesses 256 bits.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from enum import StrEnum

_TOKEN = re.compile(r"lk_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


class Scope(StrEnum):
    """What a key is for. A key may have several; `admin` includes them all and sees every key's jobs."""

    SUBMIT = "submit"
    READ = "read"
    EVALUATE = "evaluate"
    ADMIN = "admin"


class KeyState(StrEnum):
    """Whether a key is good."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret. Times are seconds since the epoch, UTC."""

    id: str
    #: What jobs belong to: the id of the first key of a row of rotated ones.
    owner: str
    #: For people: the operator's word for whom it is.
    name: str
    scopes: frozenset[Scope]
    created_at: float
    #: None: never.
    expires_at: float | None = None
    #: None: not revoked.
    revoked_at: float | None = None
    #: None: not yet. Written once a minute at most.
    last_used_at: float | None = None
    #: None where the deployment's setting counts, 0 for no limit.
    requests_per_minute: int | None = None
    #: Likewise.
    comparisons_per_day: int | None = None
    #: Likewise, of bodies with images.
    upload_bytes_per_minute: int | None = None
    #: SHA-256 of the secret in its token.
    digest: str = field(default="", repr=False)

    def allows(self, scope: Scope) -> bool:
        """Whether the key may do what asks for `scope`."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def state_at(self, now: float) -> KeyState:
        """Whether the key is good at this time. An expiry on the second is over."""
        if self.revoked_at is not None and self.revoked_at <= now:
            return KeyState.REVOKED
        if self.expires_at is not None and self.expires_at <= now:
            return KeyState.EXPIRED
        return KeyState.ACTIVE

    def has_secret(self, secret: str) -> bool:
        """Compared in constant time."""
        return hmac.compare_digest(self.digest, digest_of(secret))


@dataclass(frozen=True, slots=True)
class Token:
    """What a client sends. Only whoever made the key has it, once."""

    key_id: str
    secret: str = field(repr=False)

    def __str__(self) -> str:
        return f"lk_{self.key_id}_{self.secret}"


def new_token() -> Token:
    """A key nobody has seen."""
    return Token(secrets.token_hex(6), secrets.token_urlsafe(32))


def read_token(text: str) -> Token | None:
    """The parts of a key; None for what cannot be one."""
    match = _TOKEN.fullmatch(text)
    return Token(match.group(1), match.group(2)) if match else None


def digest_of(secret: str) -> str:
    """What is stored in place of the secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
