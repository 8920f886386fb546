"""Events as a service receives them, signed by us and verified by the client."""

import json
import time

import pytest
from standardwebhooks.webhooks import Webhook as Published

from core.webhooks.signing import Keyring, new_private_key, new_secret
from likeness import SignatureInvalid, Webhook

BODY = json.dumps({"type": "comparison.succeeded", "data": {"id": "cmp_1", "decision": "match"}}).encode()


def signed(*secrets: str, at: float | None = None, body: bytes = BODY) -> dict[str, str]:
    return Keyring.parse(",".join(secrets)).headers("evt_1", int(time.time() if at is None else at), body)


def test_what_we_sign_is_verified_by_the_client_as_by_the_published_library() -> None:
    secret = new_secret()
    headers = {name.title(): value for name, value in signed(secret).items()}
    assert Webhook(secret).verify(BODY, headers) == Published(secret).verify(BODY, headers)


def test_while_one_secret_replaces_another_either_verifies() -> None:
    old, new = new_secret(), new_secret()
    assert Webhook(old).verify(BODY, signed(new, old))["data"]["id"] == "cmp_1"
    assert Webhook(new, old).verify(BODY, signed(old))["data"]["id"] == "cmp_1"


@pytest.mark.parametrize("change", [b" ", BODY.replace(b'"match"', b'"non_m"'), b""])
def test_a_changed_body_is_refused(change: bytes) -> None:
    secret = new_secret()
    with pytest.raises(SignatureInvalid, match="is it this endpoint's"):
        Webhook(secret).verify(change, signed(secret))


def test_another_secret_an_old_request_and_a_changed_id_are_refused() -> None:
    secret = new_secret()
    with pytest.raises(SignatureInvalid, match="is it this endpoint's"):
        Webhook(new_secret()).verify(BODY, signed(secret))
    with pytest.raises(SignatureInvalid, match=r"30[12] s off; allowed are 300"):
        Webhook(secret).verify(BODY, signed(secret, at=time.time() - 301))
    with pytest.raises(SignatureInvalid, match="is it this endpoint's"):
        Webhook(secret).verify(BODY, {**signed(secret), "webhook-id": "evt_2"})


@pytest.mark.parametrize("time_sent", ["", "soon", "-5", "1e9", "٣", "9" * 5000])
def test_a_time_that_is_none_is_refused(time_sent: str) -> None:
    secret = new_secret()
    with pytest.raises(SignatureInvalid):
        Webhook(secret).verify(BODY, {**signed(secret), "webhook-timestamp": time_sent})


def test_what_is_no_secret_is_refused_without_being_shown() -> None:
    for secret in (new_private_key(), "whpk_AAAA", "whsec_!!!"):
        with pytest.raises(ValueError, match="whsec_ and base64") as refused:
            Webhook(secret)
        assert secret not in str(refused.value)
    with pytest.raises(ValueError, match="whsec_"):
        Webhook()
