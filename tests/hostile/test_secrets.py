"""What must never be written down: secrets, image bytes, embeddings. A stack that knows known ones is made to fail."""

import base64
import re
from pathlib import Path

import httpx
import psutil
import pytest
from hostile.corpus import make
from keyed import with_key
from stack import Stack, eventually

from core.errors import SettingsInvalid
from core.settings import Settings, load_settings
from core.settings.reading import variables

WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"a-webhook-secret-of-32-bytes-...").decode()
SECRETS = {
    "LIKENESS_REDIS_URL": "redis://:known-redis-password@127.0.0.1:1",
    "LIKENESS_S3_ACCESS_KEY": "known-access-key",
    "LIKENESS_S3_SECRET_KEY": "known-secret-key",
    "LIKENESS_WEBHOOK_SECRETS": WEBHOOK_SECRET,
    "LIKENESS_API_KEY": "lk_known_api_key",
    "LIKENESS_RECEIPT_KEY": "known-receipt-key",
}
#: Eight numbers in a row are no measurement but a vector.
VECTOR = re.compile(r"(?:-?\d+\.\d{3,}(?:e-?\d+)?[, ]+){8}")


def test_settings_show_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    settings = Settings(home=tmp_path)
    groups = (settings.redis, settings.objects, settings.api, settings.webhooks, settings.receipts)
    shows = [shown for group in groups for shown in (repr(group), str(group), group.model_dump_json())]
    for shown in (repr(settings), str(settings), *shows, repr(settings.redis.url)):
        assert not [value for value in SECRETS.values() if value in shown]
        assert "known" not in shown


def test_every_setting_that_is_called_a_secret_is_one() -> None:
    telling = re.compile(r"(?<!per_)key$|secret|password|token|redis_url")
    for variable in variables():
        if telling.search(variable.short):
            assert variable.is_secret, variable.name


def test_a_setting_that_is_wrong_is_named_without_its_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIKENESS_HOME", str(tmp_path))
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LIKENESS_API_THREADS", "none")
    with pytest.raises(SettingsInvalid, match="API_THREADS") as why:
        load_settings().check()
    assert "known" not in str(why.value)


def command_lines(stack: Stack) -> list[str]:
    started = [psutil.Process(process.pid) for process in stack.processes.values()]
    everything = [*started, *(child for process in started for child in process.children(recursive=True))]
    return [" ".join(process.cmdline()) for process in everything]


def test_a_stack_that_serves_and_fails_writes_no_secret_and_no_image(
    own_stack: Stack, samples: dict[str, Path]
) -> None:
    settings = {"LIKENESS_AUTH": "on", "LIKENESS_WEBHOOK_SECRETS": WEBHOOK_SECRET, "LIKENESS_LOG_LEVEL": "DEBUG"}
    own_stack.environment.update(settings)
    token = own_stack.run("likeness", "keys", "create", "a-test", "--scope", "admin", "--json").stdout
    found = re.search(r"lk_[A-Za-z0-9_-]+", token)
    assert found, token
    key = found.group()
    own_stack.start("api", "worker", "courier", "beat")
    own_stack.wait_until_ready()
    photograph = samples["obama.jpg"].read_bytes()
    files = {"reference": ("r", photograph), "probe": ("p", samples["obama2.jpg"].read_bytes())}
    statuses = []
    with with_key(own_stack, key) as http:
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
            own_stack.run("likeness", *command, LIKENESS_API_KEY=key)
            for command in (
                ("jobs", "--json"),
                ("packs", "list", "--json"),
                ("keys", "list", "--json"),
                ("webhooks", "list", "--json"),
                ("purge", "--dry-run"),
            )
        ]
        shown_by_ps = command_lines(own_stack)
        for server in ("s3", "redis"):
            own_stack.kill(server)
            statuses.append(http.post("/v1/comparisons", files=files).status_code)
    said.append(own_stack.run("likeness", "jobs", LIKENESS_API_KEY=key))
    said.append(own_stack.run("likeness", "keys", "list"))

    def noticed() -> None:
        assert "Connection" in own_stack.log("worker")

    eventually(noticed)
    assert 200 in statuses or 202 in statuses
    assert {401, 503} <= set(statuses), statuses

    redis_password = "a-test-password"
    secrets = [redis_password, "test-access-key", "test-secret-key", WEBHOOK_SECRET, WEBHOOK_SECRET[6:], key]
    assert own_stack.log("api")
    assert own_stack.log("worker")
    written = {path.name: path.read_bytes() for path in own_stack.home.glob("*.log")}
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
