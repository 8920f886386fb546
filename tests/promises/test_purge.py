"""Erasing what is left, down to the bytes on the disk."""

import os
import subprocess
import time
from pathlib import Path

from core.comparisons.jobs import new_images_key
from core.comparisons.orphans import Orphans
from core.comparisons.store import JobStore
from core.storage.connection import connect
from core.storage.objects import ObjectStore
from tests.support.stack import Stack, eventually


def bytes_on_disk(stack: Stack, needle: bytes) -> bool:
    volumes = [*(stack.home / "s3").rglob("*.dat")]
    assert volumes, "there are volume files to look into"
    return any(needle in volume.read_bytes() for volume in volumes)


def purge(stack: Stack, *options: str) -> subprocess.CompletedProcess[str]:
    done = stack.likeness("purge", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_after_a_purge_the_bytes_of_an_erased_photograph_are_gone_from_the_disk(
    whole_stack: Stack, samples: dict[str, Path]
) -> None:
    whole_stack.start("api", "worker", LIKENESS_ENGINE="sleeping", LIKENESS_IMAGE_RETENTION_S="86400")
    whole_stack.wait_until_ready()
    photograph = samples["obama.jpg"].read_bytes()
    needle = photograph[len(photograph) // 2 :][:64]
    with whole_stack.client() as client:
        kept = client.submit(photograph, samples["biden.jpg"].read_bytes())
        client.wait(kept.id, timeout_s=60)
        eventually(lambda: _assert(bytes_on_disk(whole_stack, needle)))
        client.erase(kept.id)
    dry = purge(whole_stack, "--dry-run")
    assert "images that are due            1 would be erased" in dry.stdout
    assert bytes_on_disk(whole_stack, needle), "a dry run erases nothing"
    said = purge(whole_stack, "--yes")
    assert "images that are due            1 erased" in said.stdout
    assert "vacuumed" in said.stdout
    assert not bytes_on_disk(whole_stack, needle)


def test_images_that_no_job_names_are_orphans_once_they_are_old_and_others_never(
    whole_stack: Stack, samples: dict[str, Path]
) -> None:
    settings = whole_stack.settings
    objects, redis = ObjectStore(settings.objects), connect(settings.redis)
    orphans = Orphans(settings.redis, settings.images, objects)
    orphan, retained, report = new_images_key(), new_images_key(), "evaluations/run/report"
    for key in (orphan, retained, report):
        objects.put(key, os.urandom(100))
    redis.zadd("erasures", {retained: time.time() + 3600})
    whole_stack.start("api")
    eventually(lambda: whole_stack.client().jobs(limit=1))
    with whole_stack.client() as client:
        queued = client.submit(samples["obama.jpg"].read_bytes(), samples["biden.jpg"].read_bytes())
    named = JobStore.of(settings).get(queued.id).request.images_key
    assert list(orphans.find()) == [], "young: its job may be on the way"
    assert [found.key for found in orphans.find(age_s=0)] == [orphan]
    assert orphans.sweep(age_s=0) == 1
    assert set(objects.keys("")) == {retained, report, named}
    objects.delete([named])
    assert orphans.jobs_without_images() == [queued.id]
    said = purge(whole_stack, "--dry-run", "--older-than", "0").stdout
    assert "unfinished jobs without images 1 (they will end as images_lost)" in said


def _assert(holds: bool) -> None:
    assert holds
