"""Photographs lie sealed: the bucket shows nothing of them, and no answer, list, event or log shows what opens them."""

from pathlib import Path

import httpx

from core.storage.connection import connect
from core.storage.objects import ObjectStore
from tests.support.receivers import receiving
from tests.support.stack import Stack, eventually

SECRET = "whsec_" + "C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def test_a_waiting_photograph_can_be_read_by_nobody_who_has_the_bucket_alone(
    own_stack: Stack, samples: dict[str, Path]
) -> None:
    own_stack.environment |= {
        "LIKENESS_WEBHOOK_ALLOW_HTTP": "true",
        "LIKENESS_WEBHOOK_ALLOW_PRIVATE": "true",
        "LIKENESS_ENGINE": "sleeping",
        "LIKENESS_LOG_LEVEL": "DEBUG",
    }
    photographs = [samples[name].read_bytes() for name in ("obama.jpg", "biden.jpg")]
    records = connect(own_stack.settings.redis)
    own_stack.start("api", LIKENESS_WEBHOOK_ACCEPT="true")
    own_stack.start("courier", LIKENESS_WEBHOOK_SECRETS=SECRET)
    eventually(lambda: own_stack.client().jobs(limit=1))
    with receiving() as receiver, own_stack.client() as client:
        job = client.submit(*photographs, callback_url=receiver.url)
        waiting = records.hgetall(f"job:{job.id}")
        stored = ObjectStore(own_stack.settings.objects).get(waiting["images_key"])
        for photograph in photographs:
            assert not any(photograph[at : at + 16] in stored for at in range(0, len(photograph) - 16, 2048))
        pages = [f"{own_stack.url}/v1/comparisons{rest}" for rest in (f"/{job.id}", "")]
        shown = [httpx.get(page).text for page in pages]
        own_stack.start("worker")
        assert client.wait(job.id, timeout_s=60).status == "succeeded"
        eventually(lambda: _assert(receiver.requests))
        pages.append(f"{own_stack.url}/v1/webhook-deliveries/{records.hget(f'job:{job.id}', 'event_id')}")
        shown += [httpx.get(page).raise_for_status().text for page in pages]
        shown += [str(request.event) for request in receiver.requests]
    assert waiting["seal_key"] not in str(shown)
    assert waiting["seal_key"] not in str(records.hgetall(f"job:{job.id}"))
    for process in ("api", "worker", "courier"):
        assert own_stack.log(process)
        assert waiting["seal_key"] not in own_stack.log(process)


def _assert(holds: object) -> None:
    assert holds
