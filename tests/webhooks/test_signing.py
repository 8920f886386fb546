"""Signatures, verified by the published `standardwebhooks` package and by `cryptography`, not only by our code."""

import base64
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from core.errors import SettingsInvalid
from core.settings import Settings
from core.webhooks.signing import Keyring, SignatureInvalid, new_private_key, new_secret

BODY = '{"type":"comparison.succeeded","data":{"metadata":{"case":"Zoë"}}}'.encode()


def signed(keyring: Keyring, body: bytes = BODY, at: float | None = None) -> dict[str, str]:
    return keyring.headers("evt_1", int(time.time() if at is None else at), body)


def test_the_published_package_verifies_what_we_sign() -> None:
    secret = new_secret()
    assert Webhook(secret).verify(BODY, signed(Keyring.parse(secret)))["type"] == "comparison.succeeded"


def test_the_published_package_refuses_what_another_secret_signed() -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, signed(Keyring.parse(new_secret())))


def test_while_secrets_rotate_the_old_and_the_new_one_verify() -> None:
    old, new = new_secret(), new_secret()
    headers = signed(Keyring.parse(f"{new}, {old}"))
    assert len(headers["webhook-signature"].split()) == 2
    for secret in (old, new):
        Webhook(secret).verify(BODY, headers)
        Keyring.parse(secret).verify(headers, BODY)


def test_an_ed25519_key_signs_what_its_public_half_verifies() -> None:
    keyring = Keyring.parse(new_private_key())
    headers = signed(keyring)
    version, signature = headers["webhook-signature"].split(",")
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(keyring.keys[0].verifier.removeprefix("whpk_")))
    public.verify(base64.b64decode(signature), f"evt_1.{headers['webhook-timestamp']}.".encode() + BODY)
    assert version == "v1a"
    assert keyring.verify(headers, BODY) == "evt_1"


def test_both_kinds_of_keys_sign_side_by_side() -> None:
    secret = new_secret()
    headers = signed(Keyring.parse(f"{secret},{new_private_key()}"))
    assert [entry.split(",")[0] for entry in headers["webhook-signature"].split()] == ["v1", "v1a"]
    Webhook(secret).verify(BODY, headers)


@pytest.mark.parametrize("make", [new_secret, new_private_key])
def test_an_altered_request_is_refused(make: object) -> None:
    keyring = Keyring.parse(make())  # type: ignore[operator]
    headers = signed(keyring)
    keyring.verify(headers, BODY)
    for altered, body in [
        (headers, BODY + b" "),
        ({**headers, "webhook-id": "evt_2"}, BODY),
        ({**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}, BODY),
        ({**headers, "webhook-signature": "v1,bm90IGl0"}, BODY),
        ({**headers, "webhook-signature": "v1a,not base64"}, BODY),
        ({name: value for name, value in headers.items() if name != "webhook-id"}, BODY),
        ({**headers, "webhook-timestamp": "yesterday"}, BODY),
    ]:
        with pytest.raises(SignatureInvalid):
            keyring.verify(altered, body)


def test_a_request_of_ten_minutes_ago_is_refused() -> None:
    keyring = Keyring.parse(new_secret())
    with pytest.raises(SignatureInvalid, match="600 s off"):
        keyring.verify(signed(keyring, at=1000), BODY, now=1600)


@pytest.mark.parametrize("wrong", ["hunter2", "whsec_c2hvcnQ=", "whsk_c2hvcnQ=", "whsec_a"])
def test_a_secret_that_is_none_is_refused_and_not_shown(wrong: str) -> None:
    with pytest.raises(SettingsInvalid) as raised:
        Keyring.parse(f"{new_secret()},{wrong}")
    assert "secret 2" in str(raised.value)
    assert wrong not in str(raised.value)


def test_no_repr_shows_a_secret() -> None:
    secret = new_secret()
    keyring = Keyring.parse(secret)
    settings = Settings(webhook_secrets=secret)
    shown = f"{keyring} {keyring!r} {settings!r} {settings} {settings.signing!r} {settings.signing}"
    assert secret not in shown
    assert secret.removeprefix("whsec_") not in shown
    assert repr(base64.b64decode(secret.removeprefix("whsec_"))) not in shown
