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


def in_the_journal(stack: Stack, needle: str) -> bool:
    files = [*(stack.home / "redis").rglob("appendonly.aof.*")]
    assert files, "there are append-only files to look into"
    return any(needle.encode() in file.read_bytes() for file in files)


def purge(stack: Stack, *options: str) -> subprocess.CompletedProcess[str]:
    done = stack.likeness("purge", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_after_a_purge_the_bytes_of_an_erased_photograph_are_gone_from_the_disk(
    whole_stack: Stack, samples: dict[str, Path], tmp_path: Path
) -> None:
    whole_stack.start("api", "worker", LIKENESS_ENGINE="sleeping", LIKENESS_IMAGE_RETENTION_S="86400")
    whole_stack.wait_until_ready()
    photographs = [samples[name].read_bytes() for name in ("obama.jpg", "biden.jpg")]
    with whole_stack.client() as client:
        kept = client.submit(*photographs)
        client.wait(kept.id, timeout_s=60)
        settings = whole_stack.settings
        record = JobStore.of(settings).get(kept.id)
        seal_key = JobStore.of(settings).kept_seal_key(record)
        assert seal_key
        stored = ObjectStore(settings.objects).get(record.request.images_key)
        needle = stored[len(stored) // 2 :][:64]
        eventually(lambda: _assert(bytes_on_disk(whole_stack, needle)))
        for photograph in photographs:
            assert not bytes_on_disk(whole_stack, photograph[len(photograph) // 2 :][:64]), "it is sealed"
        opened = whole_stack.likeness("images", kept.id, "--out", str(tmp_path / "opened"))
        files = [Path(line) for line in opened.stdout.splitlines()]
        assert [(file.name, file.read_bytes(), file.stat().st_mode & 0o777) for file in files] == [
            (f"{side}.jpeg", photograph, 0o600)
            for side, photograph in zip(("reference", "probe"), photographs, strict=True)
        ]
        client.erase(kept.id)
    assert ObjectStore(settings.objects).get(record.request.images_key) == stored, "the object is still there"
    refused = whole_stack.likeness("images", kept.id, "--out", str(tmp_path / "opened"))
    assert (refused.returncode, "no job has the id" in refused.stderr) == (1, True), "but nothing opens it any more"
    dry = purge(whole_stack, "--dry-run")
    assert "images that are due            1 would be erased" in dry.stdout
    assert bytes_on_disk(whole_stack, needle), "a dry run erases nothing"
    connect(settings.redis).config_set("rdbcompression", "no")  # or nothing would be found, forgotten or not
    assert in_the_journal(whole_stack, seal_key.text)
    said = purge(whole_stack, "--yes")
    assert "images that are due            1 erased" in said.stdout
    assert "vacuumed" in said.stdout
    assert not bytes_on_disk(whole_stack, needle)
    assert "rewritten" in said.stdout
    assert not in_the_journal(whole_stack, seal_key.text), "and so is what opened it"


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
