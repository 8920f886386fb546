"""`likeness webhooks`, run as a user runs it."""

import json
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner, Result
from standardwebhooks.webhooks import Webhook

from core.keys.keys import Scope
from core.keys.store import KeyStore
from core.webhooks.deliveries import DeliveryStatus, DeliveryStore
from core.webhooks.signing import Keyring
from likeness.cli.webhooks import webhooks
from tests.support.receivers import receiving
from tests.support.stack import BIN, Stack, eventually


def command(stack: Stack, *arguments: str, **environment: str) -> Result:
    """`likeness webhooks ...`, in this process: starting one costs more than the rest of a test."""
    return CliRunner().invoke(webhooks, list(arguments), env={**stack.environment, **environment})


@contextmanager
def listening(stack: Stack, log: Path, *options: str) -> Iterator[str]:
    """`likeness webhooks listen` on a free port; its URL."""
    listen = [str(BIN / "likeness"), "webhooks", "listen", "--port", "0", *options]
    with log.open("wb") as file:
        process = subprocess.Popen(
            listen, env={**stack.environment, "PYTHONUNBUFFERED": "1"}, stdout=file, stderr=subprocess.STDOUT
        )

    def url() -> str:
        found = re.search(r"Listening on (\S+)", log.read_text())
        assert found, log.read_text()
        return found[1]

    try:
        yield eventually(url)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()


def test_listen_verifies_and_prints_what_a_comparison_announces(
    post: Stack, samples: dict[str, Path], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    images = (str(samples["obama.jpg"]), str(samples["obama2.jpg"]))
    with listening(post, log, "--fail", "1") as url:
        done = post.likeness("compare", *images, "--callback-url", url, "--json")
        assert done.returncode == 0, done.stderr
        job = json.loads(done.stdout)

        def announced() -> None:
            assert f"{job['event_id']}  attempt 2, signature valid, answered 204" in log.read_text()

        eventually(announced)
    said = log.read_text()
    assert f"{job['event_id']}  attempt 1, signature valid, answered 500" in said
    assert f'"id": "{job["id"]}"' in said


def test_listen_refuses_what_another_secret_signed(post: Stack, tmp_path: Path) -> None:
    log = tmp_path / "log"
    other = {"LIKENESS_WEBHOOK_SECRETS": command(post, "secret", "--new").output.strip()}
    with listening(post, log) as url:
        tried = command(post, "test", url, **other)
        assert (tried.exit_code, "answered 401" in tried.output) == (1, True)
        assert command(post, "test", url).exit_code == 0
    assert "refused:" in log.read_text()


def test_a_test_event_is_signed_and_goes_through_the_guard(post: Stack, webhook_secrets: list[str]) -> None:
    with receiving() as receiver:
        tried = command(post, "test", receiver.url)
        assert (tried.exit_code, "answered 204" in tried.output) == (0, True), tried
        event = Webhook(webhook_secrets[0]).verify(receiver.requests[0].body, dict(receiver.requests[0].headers))
        assert event["type"] == "webhook.test"
        guarded = command(post, "test", receiver.url, LIKENESS_WEBHOOK_ALLOW_PRIVATE="false")
        assert (guarded.exit_code, "callback_" in guarded.output) == (1, True), guarded
        assert len(receiver.requests) == 1


def test_dead_letters_are_listed_shown_and_replayed(
    post: Stack, end_a_job: Callable[..., str], deliveries: DeliveryStore
) -> None:
    def all_are(status: DeliveryStatus) -> None:
        assert {deliveries.get(event_id).status for event_id in ids} == {status}

    with receiving(lambda number: 403) as receiver:
        ids = [end_a_job(receiver.url) for _ in range(2)]
        eventually(lambda: all_are(DeliveryStatus.DEAD))
        listed = command(post, "list", "--status", "dead", "--json").output
        assert set(ids) <= {json.loads(line)["id"] for line in listed.splitlines()}
        assert ids[0] in command(post, "list").output
        shown = command(post, "show", ids[0]).output
        assert "dead" in shown
        assert "403" in shown
        receiver.answer = lambda number: 204
        assert "1 delivery is due now" in command(post, "replay", ids[0]).output
        replayed = command(post, "replay", "--status", "dead", "--since", "2026-01-01T00:00:00Z")
        assert replayed.exit_code == 0, replayed.output
        eventually(lambda: all_are(DeliveryStatus.DELIVERED))


def test_the_command_shows_what_consumers_verify_with(post: Stack, webhook_secrets: list[str]) -> None:
    assert command(post, "secret").output.split() == webhook_secrets
    private = command(post, "secret", "--new", "--ed25519").output.strip()
    shown = command(post, "secret", LIKENESS_WEBHOOK_SECRETS=private).output.strip()
    assert shown == Keyring.parse(private).keys[0].verifier
    assert shown.startswith("whpk_")


def test_the_command_shows_what_the_consumers_of_a_key_verify_with(post: Stack, webhook_secrets: list[str]) -> None:
    keys = KeyStore(post.settings.redis)
    (ada, _), (bob, _) = (keys.create(name, [Scope.SUBMIT]) for name in ("ada", "bob"))
    adas = command(post, "secret", "--key", ada.id).output.split()
    assert len(adas) == len(webhook_secrets)
    assert not {*adas} & {*webhook_secrets, *command(post, "secret", "--key", bob.id).output.split()}
    rotated, _ = keys.rotate(ada.id)
    assert command(post, "secret", "--key", rotated.id).output.split() == adas, "a rotated key keeps its consumers"
    with receiving() as receiver:
        assert command(post, "test", receiver.url, "--key", ada.id).exit_code == 0
        Webhook(adas[0]).verify(receiver.requests[0].body, dict(receiver.requests[0].headers))
    warned = command(post, "secret", LIKENESS_AUTH="on")
    assert "--key ID" in warned.stderr
    assert warned.stdout.split() == webhook_secrets


def test_a_courier_with_a_wrong_secret_refuses_to_start_and_does_not_show_it(post: Stack) -> None:
    refused = post.run("celery", "-A", "courier.app", "worker", "-Q", "maintenance", LIKENESS_WEBHOOK_SECRETS="hunter2")
    said = refused.stdout + refused.stderr
    assert refused.returncode != 0
    assert "secret 1 must be" in said
    assert "hunter2" not in said
