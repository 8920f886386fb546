"""The same images sent to a running API and worker: an answer with a code, or a job with an outcome."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.hostile.corpus import CLASSES, make
from tests.support.stack import Stack

FORM_CODES = {"image_unsupported", "image_too_large", "part_empty"}


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=90) as client:
        yield client


def processes(stack: Stack, name: str) -> list[psutil.Process]:
    parent = psutil.Process(stack.processes[name].pid)
    return [parent, *parent.children(recursive=True)]


def lasting(stack: Stack, name: str) -> list[int]:
    """Without the processes that decode: an image may end those."""
    return [process.pid for process in processes(stack, name) if "worker.engine.decoder" not in command_of(process)]


def command_of(process: psutil.Process) -> list[str]:
    try:
        return [*map(str, process.cmdline())]
    except psutil.NoSuchProcess:  # one that decodes, as no other ends here
        return ["worker.engine.decoder"]


def memory_mb(stack: Stack, name: str) -> float:
    found = 0
    for process in processes(stack, name):
        with suppress(psutil.NoSuchProcess):
            found += process.memory_info().rss
    return found / 2**20


def test_every_hostile_image_gets_a_code_or_a_job_with_an_outcome(
    stack: Stack, http: httpx.Client, samples: dict[str, Path]
) -> None:
    good = samples["obama.jpg"].read_bytes()
    alive = {name: lasting(stack, name) for name in ("api", "worker")}
    seen: Counter[str] = Counter()
    for name in CLASSES:
        for seed in range(1000, 1004):
            body = make(name, seed)
            sides = {"reference": good, "probe": body} if seed % 2 else {"reference": body, "probe": good}
            files = {side: (f"{side}.png", image) for side, image in sides.items()}
            answer = http.post("/v1/comparisons", files=files, headers={"Prefer": "wait=60"})
            told = answer.json()
            where = f"{name}, seed {seed}: {answer.text}"
            if answer.status_code == 200:
                assert told["status"] == "succeeded", where
                assert told["outcome"] == "compared" or told["reasons"], where
                seen.update(reason["reason"] for reason in told["reasons"])
            else:
                assert answer.status_code in (413, 415, 422), where
                assert told["code"] in FORM_CODES, where
                assert answer.headers["Content-Type"] == "application/problem+json"
                seen[told["code"]] += 1
    assert {"undecodable_image", "image_unsupported", "image_too_large", "no_face"} <= set(seen), seen
    for name, pids in alive.items():
        assert lasting(stack, name) == pids, f"{name} lives; {stack.log(name)[-2000:]}"
    assert memory_mb(stack, "api") < 700
    assert memory_mb(stack, "worker") < 2500


def test_both_images_may_be_as_large_as_is_allowed(stack: Stack, http: httpx.Client) -> None:
    bombs = [make("pixel bombs", seed) for seed in range(1, 20)]
    largest = max((body for body in bombs if len(body) < 10 * 2**20), key=len)
    files = {"reference": ("r", largest), "probe": ("p", largest)}
    answers = [http.post("/v1/comparisons", files=files, headers={"Prefer": "wait=60"}) for _ in range(2)]
    for answer in answers:
        assert answer.status_code in (200, 413), answer.text
    assert memory_mb(stack, "worker") < 2500
