"""Receipts: signed by the API, verified offline, and silent about faces."""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from core.comparisons.receipts import ReceiptInvalid, Signer, new_key, verify
from core.errors import SettingsInvalid
from tests.support.servers import Store
from tests.support.shared import SHARED
from tests.support.stack import Stack, eventually, running


def pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


KEYS = {
    "Ed25519 as JWK": new_key(),
    "Ed25519 as PEM": pem(ed25519.Ed25519PrivateKey.generate()),
    "P-256 as PEM": pem(ec.generate_private_key(ec.SECP256R1())),
}


@pytest.fixture
def signing(tmp_path_factory: pytest.TempPathFactory, zoo_directory: Path, object_store: Store) -> Stack:
    """A stack whose API signs; the sleeping engine is enough for it."""

    @contextmanager
    def started() -> Iterator[Stack]:
        home = tmp_path_factory.mktemp("signing")
        settings = {"LIKENESS_RECEIPT_KEY": KEYS["Ed25519 as JWK"], "LIKENESS_ENGINE": "sleeping"}
        with running(home, zoo_directory.parent, object_store, **settings) as stack:
            stack.start("api", "worker")
            stack.wait_until_ready()
            yield stack

    return SHARED.lend("signing", started)


@pytest.fixture
def job(signing: Stack, samples: dict[str, Path]) -> dict[str, object]:
    with signing.client() as client:
        submitted = client.submit(samples["obama.jpg"].read_bytes(), samples["biden.jpg"].read_bytes())
        return dict(client.wait(submitted.id, timeout_s=60).document)


def test_a_receipt_is_verified_offline_and_says_what_the_job_says(
    signing: Stack, job: dict[str, object], samples: dict[str, Path], tmp_path: Path
) -> None:
    answer = httpx.get(f"{signing.url}/v1/comparisons/{job['id']}/receipt")
    assert answer.headers["Content-Type"] == "application/jose"
    (tmp_path / "receipt").write_text(answer.text)
    (tmp_path / "jwks").write_text(signing.likeness("receipt", "jwks").stdout)
    said = signing.likeness(
        *("receipt", "verify", str(tmp_path / "receipt"), "--jwks", str(tmp_path / "jwks")),
        LIKENESS_API_URL="http://127.0.0.1:9",  # nobody is asked
    )
    claims = json.loads(said.stdout)
    assert (claims["sub"], claims["status"]) == (job["id"], "succeeded")
    assert (claims["score"], claims["decision"]) == (job["score"], job["decision"])
    assert (claims["threshold"]["value"], claims["threshold"]["origin"]) == (job["threshold"], job["threshold_origin"])
    assert claims["pack"] == {"name": job["pack"], "digest": job["pack_digest"]}
    assert (claims["provider"], claims["policy"]) == (job["provider"], job["policy"])
    assert (claims["submitted_at"], claims["ended_at"]) == (job["created_at"], job["ended_at"])
    images = {"reference": samples["obama.jpg"], "probe": samples["biden.jpg"]}
    digests = {side: hashlib.sha256(path.read_bytes()).hexdigest() for side, path in images.items()}
    assert {side: image["sha256"] for side, image in claims["inputs"].items()} == digests


def test_the_same_receipt_is_given_every_time_and_holds_nothing_of_the_faces(
    signing: Stack, job: dict[str, object]
) -> None:
    url = f"{signing.url}/v1/comparisons/{job['id']}/receipt"
    receipt = httpx.get(url).text
    assert receipt == httpx.get(url).text
    payload = json.loads(base64.urlsafe_b64decode(receipt.split(".")[1] + "=="))
    assert set(payload) == {
        *("iss", "sub", "iat", "status", "inputs", "outcome", "reasons", "score", "decision", "threshold", "policy"),
        "calibration",
        *(
            "quality",
            "liveness",
            "pad",
            "pack",
            "provider",
            "detection",
            "error",
            "submitted_at",
            "started_at",
            "ended_at",
            "likeness_version",
        ),
    }


def test_a_changed_receipt_does_not_verify(signing: Stack, job: dict[str, object], tmp_path: Path) -> None:
    receipt = httpx.get(f"{signing.url}/v1/comparisons/{job['id']}/receipt").text
    head, body, signature = receipt.split(".")
    payload = json.loads(base64.urlsafe_b64decode(body + "=="))
    payload["decision"] = "match" if payload["decision"] != "match" else "non_match"
    forged = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode()
    (tmp_path / "receipt").write_text(f"{head}.{forged}.{signature}")
    (tmp_path / "jwks").write_text(httpx.get(f"{signing.url}/.well-known/jwks.json").text)
    said = signing.likeness("receipt", "verify", str(tmp_path / "receipt"), "--jwks", str(tmp_path / "jwks"))
    assert said.returncode == 1
    assert "does not hold" in said.stderr


def test_there_is_no_receipt_before_the_end_nor_of_an_unknown_job(signing: Stack, samples: dict[str, Path]) -> None:
    photographs = samples["obama.jpg"].read_bytes(), samples["biden.jpg"].read_bytes()
    signing.kill("worker")
    with signing.client() as client:
        waiting = client.submit(*photographs).id
        answer = httpx.get(f"{signing.url}/v1/comparisons/{waiting}/receipt")
        assert (answer.status_code, answer.json()["code"]) == (409, "job_not_ended")
        client.cancel(waiting)
    cancelled = httpx.get(f"{signing.url}/v1/comparisons/{waiting}/receipt")
    assert jwt.decode(cancelled.text, options={"verify_signature": False})["status"] == "cancelled"
    unknown = httpx.get(f"{signing.url}/v1/comparisons/cmp_{'0' * 32}/receipt")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "job_not_found")
    signing.start("worker")
    eventually(lambda: httpx.get(f"{signing.url}/ready").raise_for_status())


def test_without_a_key_the_api_says_so(stack: Stack) -> None:
    answer = httpx.get(f"{stack.url}/.well-known/jwks.json")
    assert (answer.status_code, answer.json()["code"]) == (409, "receipts_not_configured")
    assert "LIKENESS_RECEIPT_KEY" in answer.json()["detail"]


@pytest.mark.parametrize("name", KEYS)
def test_each_kind_of_key_signs_and_its_public_half_verifies(name: str) -> None:
    signer, other = Signer.of(KEYS[name]), Signer.of(new_key())
    receipt = signer.sign({"sub": "cmp_1", "iat": 1})
    assert verify(receipt, signer.jwks)["sub"] == "cmp_1"
    assert "d" not in signer.public
    assert KEYS[name] not in repr(signer)
    with pytest.raises(ReceiptInvalid, match="none of the keys"):
        verify(receipt, other.jwks)


def test_a_token_that_was_signed_for_something_else_is_no_receipt() -> None:
    signer = Signer.of(new_key())
    token = jwt.encode({"sub": "cmp_1", "iat": 1}, signer.private, "EdDSA", headers={"kid": signer.public["kid"]})
    with pytest.raises(ReceiptInvalid, match="not a receipt"):
        verify(token, signer.jwks)


RSA = pytest.param(pem(rsa.generate_private_key(65537, 2048)), id="RSA")


@pytest.mark.parametrize("key", ["", "a word", "{}", '{"kty": "OKP"}', RSA])
def test_a_key_that_cannot_sign_is_refused_without_being_quoted(key: str) -> None:
    with pytest.raises(SettingsInvalid, match="LIKENESS_RECEIPT_KEY") as refused:
        Signer.of(key)
    assert not key or key not in str(refused.value)
