"""What must never be written down: secrets, image bytes, embeddings. A stack that knows known ones is made to fail."""

import base64
import re
from contextlib import suppress
from pathlib import Path

import httpx
import psutil

from tests.hostile.corpus import make
from tests.support.keyed import with_key
from tests.support.stack import Stack, eventually

WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"a-webhook-secret-of-32-bytes-...").decode()
#: Eight numbers in a row are no measurement but a vector.
VECTOR = re.compile(r"(?:-?\d+\.\d{3,}(?:e-?\d+)?[, ]+){8}")


def command_lines(stack: Stack) -> list[str]:
    started = [psutil.Process(process.pid) for process in stack.processes.values()]
    shown = []
    for one in [*started, *(child for process in started for child in process.children(recursive=True))]:
        with suppress(psutil.NoSuchProcess):  # what decodes may end meanwhile
            shown.append(" ".join(one.cmdline()))
    return shown


def test_a_stack_that_serves_and_fails_writes_no_secret_and_no_image(
    whole_stack: Stack, samples: dict[str, Path]
) -> None:
    settings = {"LIKENESS_AUTH": "on", "LIKENESS_WEBHOOK_SECRETS": WEBHOOK_SECRET, "LIKENESS_LOG_LEVEL": "DEBUG"}
    whole_stack.environment.update(settings)
    token = whole_stack.run("likeness", "keys", "create", "a-test", "--scope", "admin", "--json").stdout
    found = re.search(r"lk_[A-Za-z0-9_-]+", token)
    assert found, token
    key = found.group()
    whole_stack.start("api", "worker", "courier", "beat")
    whole_stack.wait_until_ready()
    photograph = samples["obama.jpg"].read_bytes()
    files = {"reference": ("r", photograph), "probe": ("p", samples["obama2.jpg"].read_bytes())}
    statuses = []
    with with_key(whole_stack, key) as http:
        wait = {"Prefer": "wait=30"}
        callback = {"callback_url": "https://nobody.invalid/hook"}
        statuses.append(http.post("/v1/comparisons", files=files, headers=wait).status_code)
        statuses.append(http.post("/v1/comparisons", files=files, data=callback, headers=wait).status_code)
        broken = files | {"probe": ("p", photograph[:20_000])}
        statuses.append(http.post("/v1/comparisons", files=broken, headers=wait).status_code)
        for seed in range(3):
            statuses.append(
                http.post("/v1/comparisons", files=files | {"probe": ("p", make("spliced", seed))}).status_code
            )
        statuses.append(http.get("/v1/comparisons", headers={"Authorization": f"Bearer {key}x"}).status_code)
        said = [
            whole_stack.run("likeness", *command, LIKENESS_API_KEY=key)  # as processes of their own, with their logs
            for command in (("jobs", "--json"), ("purge", "--dry-run"))
        ]
        said += [
            whole_stack.likeness(*command, LIKENESS_API_KEY=key)
            for command in (
                ("packs", "list", "--json"),
                ("keys", "list", "--json"),
                ("webhooks", "list", "--json"),
            )
        ]
        shown_by_ps = command_lines(whole_stack)
        for server in ("s3", "redis"):
            whole_stack.kill(server)
            statuses.append(http.post("/v1/comparisons", files=files).status_code)
    said.append(whole_stack.likeness("jobs", LIKENESS_API_KEY=key))
    said.append(whole_stack.run("likeness", "keys", "list"))

    def noticed() -> None:
        assert "Connection" in whole_stack.log("worker")

    eventually(noticed)
    assert 200 in statuses or 202 in statuses
    assert {401, 503} <= set(statuses), statuses

    redis_password = "a-test-password"
    secrets = [redis_password, "test-access-key", "test-secret-key", WEBHOOK_SECRET, WEBHOOK_SECRET[6:], key]
    assert whole_stack.log("api")
    assert whole_stack.log("worker")
    written = {path.name: path.read_bytes() for path in whole_stack.home.glob("*.log")}
    written["commands"] = "\n".join(f"{run.args}: {run.stdout}{run.stderr}" for run in said).encode()
    written["command lines"] = "\n".join(shown_by_ps).encode()
    part = photograph[2000:2030]
    images = [part, repr(part)[2:-1].encode(), base64.b64encode(part)[:-4], part.hex().encode()]
    for name, text in written.items():
        for secret in secrets:
            assert secret.encode() not in text, f"{secret} is in {name}"
        for image in images:
            assert image not in text, f"a part of an image is in {name}"
        assert not VECTOR.search(text.decode(errors="replace")), f"a vector is in {name}"


def test_an_error_answer_tells_nothing_of_the_inside(own_stack: Stack) -> None:
    own_stack.start("api")
    eventually(lambda: httpx.get(f"{own_stack.url}/health").raise_for_status())
    own_stack.kill("redis")
    for path in ("/v1/comparisons", "/ready", "/v1/packs"):
        text = httpx.get(f"{own_stack.url}{path}", timeout=60).text
        for inside in ("Traceback", 'File "', "a-test-password", "site-packages", str(own_stack.home)):
            assert inside not in text, text
