"""Signatures, verified by the published `standardwebhooks` package and by `cryptography`, not only by our code."""

import base64
import time
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from core.errors import SettingsInvalid
from core.settings import Settings
from core.webhooks.signers import Signers
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
        ({**headers, "webhook-signature": "v1,\xe9"}, BODY),
        ({**headers, "webhook-signature": "v1a,\xe9"}, BODY),
        ({**headers, "webhook-signature": "v1,\udce9"}, BODY),
        ({**headers, "webhook-id": "evt_\udce9"}, BODY),
        ({**headers, "webhook-timestamp": "9" * 400}, BODY),
        ({**headers, "webhook-timestamp": "9" * 5000}, BODY),
        ({name: value for name, value in headers.items() if name != "webhook-id"}, BODY),
        ({**headers, "webhook-timestamp": "yesterday"}, BODY),
    ]:
        with pytest.raises(SignatureInvalid):
            keyring.verify(altered, body)


def test_a_request_of_ten_minutes_ago_is_refused() -> None:
    keyring = Keyring.parse(new_secret())
    with pytest.raises(SignatureInvalid, match="600 s off"):
        keyring.verify(signed(keyring, at=1000), BODY, now=1600)


@pytest.mark.parametrize(
    "wrong",
    [
        *("hunter2", "whsec_c2hvcnQ=", "whsk_c2hvcnQ=", "whsec_a"),
        *(f"whsec_{'A' * 20}{alien}{'A' * 23}" for alien in "-_ %=\n.é"),
        f"whsec_{'A' * 45}",
    ],
)
def test_a_secret_that_is_none_is_refused_and_not_shown(wrong: str) -> None:
    with pytest.raises(SettingsInvalid) as raised:
        Keyring.parse(f"{new_secret()},{wrong}")
    assert "secret 2" in str(raised.value)
    assert wrong not in str(raised.value)


@pytest.mark.parametrize("make", [new_secret, new_private_key])
def test_what_one_key_signs_verifies_with_that_keys_secret_and_no_other(make: Callable[[], str]) -> None:
    deployment = Keyring.parse(make())
    signers = Signers(deployment, Keyring(()))
    ada, bob, nobody = (signers.for_owner(owner) for owner in ("ada", "bob", None))
    headers = signed(ada)
    assert ada.verify(headers, BODY) == "evt_1"
    assert signers.for_owner("ada") == ada or make is new_private_key, "the same every time"
    assert signers.for_owner("ada").keys[0].verifier == ada.keys[0].verifier
    for other in (bob, nobody, deployment):
        with pytest.raises(SignatureInvalid):
            other.verify(headers, BODY)
    assert deployment.verify(signed(nobody), BODY) == "evt_1", "where there are no keys, nothing has changed"
    assert len({keyring.keys[0].verifier for keyring in (ada, bob, nobody)}) == 3


def test_the_published_package_verifies_what_a_keys_own_secret_signed() -> None:
    ada = Signers(Keyring.parse(new_secret()), Keyring(())).for_owner("ada")
    assert Webhook(ada.keys[0].verifier).verify(BODY, signed(ada))["type"] == "comparison.succeeded"


def test_while_the_deployments_secrets_rotate_a_key_has_an_old_and_a_new_one() -> None:
    old, new = new_secret(), new_secret()
    headers = signed(Signers(Keyring.parse(f"{new},{old}"), Keyring(())).for_owner("ada"))
    for secret in (old, new):
        Signers(Keyring.parse(secret), Keyring(())).for_owner("ada").verify(headers, BODY)


def test_a_secret_that_consumers_of_all_keys_know_from_before_signs_until_it_is_taken_out() -> None:
    new, known = new_secret(), new_secret()
    settings = Settings(webhook_secrets=new, webhook_shared_secrets=known)
    for owner in ("ada", None):
        headers = signed(Signers.of(settings.signing).for_owner(owner))
        Webhook(known).verify(BODY, headers)
        Signers.of(Settings(webhook_secrets=new).signing).for_owner(owner).verify(headers, BODY)
    with pytest.raises(SettingsInvalid, match="LIKENESS_WEBHOOK_SHARED_SECRETS: secret 2"):
        Signers.of(settings.but(webhook_shared_secrets=f"{known},hunter2").signing)
    assert Signers.of(Settings().signing).for_owner("ada").keys == ()


def test_no_repr_shows_a_secret() -> None:
    secret = new_secret()
    keyring = Keyring.parse(secret)
    settings = Settings(webhook_secrets=secret)
    shown = f"{keyring} {keyring!r} {settings!r} {settings} {settings.signing!r} {settings.signing}"
    assert secret not in shown
    assert secret.removeprefix("whsec_") not in shown
    assert repr(base64.b64decode(secret.removeprefix("whsec_"))) not in shown
