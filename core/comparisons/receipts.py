"""Signed receipts: what was decided about which inputs, and on what it rests. A compact JWS anyone can verify offline.

A receipt names the two images by their SHA-256 and carries nothing of the faces: no image, no embedding, no position.
Only those who sign or verify import this module: it needs PyJWT.
"""

import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm
from jwt.utils import base64url_encode

from core.comparisons.document import pad_document, standing_document
from core.comparisons.images import ImageFacts
from core.comparisons.jobs import Job
from core.errors import LikenessError, SettingsInvalid
from core.liveness import PadResult
from core.times import rfc3339

TYPE = "likeness-receipt+jwt"
#: By the type of the key.
_ALGORITHMS = {"OKP": "EdDSA", "EC": "ES256"}


class ReceiptInvalid(LikenessError):
    """The receipt was not signed by any of these keys, or was changed."""

    code = "receipt_invalid"


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key, ready to sign. `public` is its public half as a JWK, named by its thumbprint (RFC 7638)."""

    algorithm: str
    public: Mapping[str, str]
    private: Ed25519PrivateKey | EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def of(cls, key: str) -> "Signer":
        """From a PEM or a JWK. Raise SettingsInvalid for anything but a private Ed25519 or P-256 key."""
        private = _private_key(key)
        if isinstance(private, Ed25519PrivateKey):
            algorithm, public = "EdDSA", json.loads(OKPAlgorithm.to_jwk(private.public_key()))
        elif isinstance(private, EllipticCurvePrivateKey) and isinstance(private.curve, SECP256R1):
            algorithm, public = "ES256", json.loads(ECAlgorithm.to_jwk(private.public_key()))
        else:
            raise SettingsInvalid("LIKENESS_RECEIPT_KEY must be a private Ed25519 or P-256 key")
        members = {name: public[name] for name in ("crv", "kty", "x", "y") if name in public}
        return cls(algorithm, {**members, "kid": _thumbprint(members), "use": "sig", "alg": algorithm}, private)

    @property
    def jwks(self) -> dict[str, Any]:
        """What verifiers need."""
        return {"keys": [dict(self.public)]}

    def sign(self, claims: Mapping[str, Any]) -> str:
        """The claims as a compact JWS."""
        headers = {"typ": TYPE, "kid": self.public["kid"]}
        return jwt.encode(dict(claims), self.private, algorithm=self.algorithm, headers=headers)


def new_key() -> str:
    """A private Ed25519 key as a JWK on one line."""
    return str(OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate()))


def contents_of(job: Job, *, issuer: str, version: str) -> dict[str, Any]:
    """What the receipt of an ended job says; the same whenever it is asked for."""
    result, request = job.result, job.request
    engine = result.engine if result else None
    return {
        "iss": issuer,
        "sub": job.id,
        "iat": int(job.ended_at or 0),
        "status": job.status,
        "inputs": {"reference": _image(request.reference), "probe": _image(request.probe)},
        "outcome": job.outcome,
        "reasons": [{"side": failure.side, "reason": failure.reason} for failure in job.failures_to_acquire],
        "score": job.score,
        "decision": result.decision if result else None,
        "threshold": asdict(request.threshold),
        "calibration": standing_document(result.standing) if result and result.standing else None,
        "policy": request.policy,
        "quality": request.quality,
        "liveness": asdict(request.liveness),
        "pad": {side: _judged(pad) for side, pad in (result.pad if result else {}).items()},
        "pack": {"name": request.pack, "digest": engine.pack.digest if engine else None},
        "provider": engine.provider if engine else None,
        "detection": {"size": engine.detection_size, "threshold": engine.detection_threshold} if engine else None,
        "error": job.failure.code if job.failure else None,
        "submitted_at": rfc3339(job.created_at),
        "started_at": rfc3339(job.started_at) if job.started_at else None,
        "ended_at": rfc3339(job.ended_at) if job.ended_at else None,
        "likeness_version": version,
    }


def verify(receipt: str, jwks: Any) -> dict[str, Any]:
    """What a receipt says, once one of the keys has been found to have signed it. Raise ReceiptInvalid."""
    header = _header(receipt)
    if (kind := header.get("typ")) != TYPE:
        raise ReceiptInvalid(f"this is not a receipt of Likeness: its type must be {TYPE!r}; found {kind!r}")
    known = _keys(jwks)
    if (key := known.get(header.get("kid"))) is None:
        there = ", ".join(map(str, known))
        raise ReceiptInvalid(
            f"none of the keys is the one that signed it, {header.get('kid')!r}; there are {there}. "
            "The keys must be those of the deployment that made it, as `likeness receipt jwks` printed them there"
        )
    # Only the key decides the algorithm: what the header asks for could be weaker.
    algorithm = _ALGORITHMS[key.key_type or ""]
    try:
        claims: dict[str, Any] = jwt.decode(receipt, key, algorithms=[algorithm], options={"require": ["sub", "iat"]})
    except (jwt.DecodeError, jwt.InvalidAlgorithmError, binascii.Error) as error:
        raise ReceiptInvalid(
            "the receipt does not hold: it is not as it was signed; it was cut off, or changed"
        ) from error
    except jwt.ImmatureSignatureError as error:
        raise ReceiptInvalid("the receipt does not hold: by this machine's clock it was made later than now") from error
    except jwt.PyJWTError as error:
        raise ReceiptInvalid(
            "the receipt does not hold: it was signed, but not of a job (sub) and a time (iat)"
        ) from error
    return claims


def _header(receipt: str) -> Mapping[str, Any]:
    """What it says of itself, before anything is verified. Raise ReceiptInvalid for what is no JWS."""
    try:
        return jwt.get_unverified_header(receipt)
    except (jwt.PyJWTError, ValueError) as error:
        parts = receipt.split(".")
        begins = receipt[:20] + "..." * (len(receipt) > 20)
        what = "it is empty" if not receipt else f"found {len(parts)} of them, and it begins with {begins!r}"
        if len(parts) == 3:
            what = "the first of its three parts is none" if receipt[:2] != "ey" else "it was cut off, or changed"
        elif receipt[:2] == "ey":
            what = f"it was cut off: {what}"
        raise ReceiptInvalid(
            "this is not a receipt, as `likeness receipt get` prints: three parts of base64 with a point between each; "
            + what
        ) from error


def _keys(jwks: Any) -> Mapping[Any, jwt.PyJWK]:
    """By name. Raise ReceiptInvalid for what holds none."""
    try:
        found = {key.key_id: key for key in jwt.PyJWKSet.from_dict(jwks).keys if key.key_type in _ALGORITHMS}
    except (jwt.PyJWTError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReceiptInvalid(
            'these are no public keys, as `likeness receipt jwks` prints: {"keys": [...]}, with an Ed25519 or P-256 key'
        ) from error
    if not found:
        raise ReceiptInvalid("none of these public keys is an Ed25519 or P-256 key, of which Likeness signs with one")
    return found


def _private_key(key: str) -> Any:
    try:
        if key.lstrip().startswith("{"):
            document = json.loads(key)
            return (OKPAlgorithm if document.get("kty") == "OKP" else ECAlgorithm).from_jwk(document)
        return serialization.load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        # `from None`: what failed may quote the key.
        raise SettingsInvalid(
            f"LIKENESS_RECEIPT_KEY must be a private key as PEM or JWK: {type(error).__name__}"
        ) from None


def _thumbprint(members: Mapping[str, str]) -> str:
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return base64url_encode(hashlib.sha256(canonical.encode()).digest()).decode()


def _judged(pad: PadResult) -> dict[str, Any]:
    """The verdict; its detail is about the face."""
    return {name: value for name, value in pad_document(pad).items() if name != "detail"}


def _image(facts: ImageFacts) -> dict[str, Any] | None:
    """None for an image that was never fetched."""
    if not facts.sha256:
        return None
    return {"sha256": facts.sha256, "size_bytes": facts.size_bytes, "media_type": facts.media_type}
