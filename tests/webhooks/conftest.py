"""A stack that calls back and fetches: servers, API, a worker that sleeps instead of comparing, couriers and beat."""

import datetime
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.comparisons.store import JobStore
from core.messaging.broker import celery_app, enqueue
from core.webhooks.announcing import announce
from core.webhooks.deliveries import DeliveryStore
from core.webhooks.signing import new_secret
from tests.support.receivers import job_that_calls_back
from tests.support.schema import unexplained
from tests.support.servers import Store, settings_of
from tests.support.shared import SHARED
from tests.support.stack import Stack, running

SECRET = new_secret()
OLD_SECRET = new_secret()
#: How long a slow receiver may keep an attempt here.
TIMEOUT_S = 2.0
CALLBACKS = {
    "LIKENESS_WEBHOOK_SECRETS": f"{SECRET},{OLD_SECRET}",
    "LIKENESS_WEBHOOK_ALLOW_HTTP": "true",
    "LIKENESS_WEBHOOK_ALLOW_PRIVATE": "true",
    "LIKENESS_WEBHOOK_SCHEDULE_S": "0.1,0.2,0.5,1,1",
    "LIKENESS_WEBHOOK_TIMEOUT_S": str(TIMEOUT_S),
    "LIKENESS_IMAGE_URLS": "true",
    "LIKENESS_ENGINE": "sleeping",
    "LIKENESS_SLEEP_MS": "10",
}


@pytest.fixture
def post(tmp_path_factory: pytest.TempPathFactory, zoo_directory: Path, object_store: Store) -> Stack:
    """The stack, shared: a test that kills a process starts it again."""

    @contextmanager
    def started() -> Iterator[Stack]:
        with running(tmp_path_factory.mktemp("post"), zoo_directory.parent, object_store, **CALLBACKS) as stack:
            stack.settings = settings_of({**stack.where, "LIKENESS_WEBHOOK_TIMEOUT_S": str(TIMEOUT_S)})
            stack.start("api", "worker", "courier", "fetcher", "beat")
            stack.wait_until_ready()
            yield stack
            assert unexplained(stack.settings.redis) == []

    return SHARED.lend("post", started)


@pytest.fixture
def deliveries(post: Stack) -> DeliveryStore:
    return DeliveryStore(post.settings.redis, post.settings.webhooks)


@pytest.fixture
def end_a_job(post: Stack) -> Callable[..., str]:
    """Cancel a job that calls back, and tell the courier; returns the event's id."""
    jobs, celery = (
        JobStore.of(post.settings),
        celery_app("test", post.settings),
    )

    def end(url: str, owner: str | None = None) -> str:
        job = job_that_calls_back(url, owner)
        jobs.create(job)
        announce(partial(enqueue, celery), jobs.cancel(job.id).event_id)
        return str(job.event_id)

    return end


@pytest.fixture
def end_silently(post: Stack) -> Callable[[str], str]:
    """Cancel a job that calls back, and tell nobody: as if the message had been lost."""
    jobs = JobStore.of(post.settings)

    def end(url: str) -> str:
        job = job_that_calls_back(url)
        jobs.create(job)
        jobs.cancel(job.id)
        return str(job.event_id)

    return end


@pytest.fixture
def webhook_secrets() -> list[str]:
    """The two secrets that sign."""
    return [SECRET, OLD_SECRET]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-made certificate of `receiver.test`, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver.test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("receiver.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "receiver.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


@pytest.fixture(scope="session")
def receivers_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture(scope="session")
def trust(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))
