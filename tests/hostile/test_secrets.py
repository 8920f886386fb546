"""Settings tell nobody the secrets among them."""

import base64
import re
from pathlib import Path

import pytest

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


def test_settings_show_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    settings = Settings(home=tmp_path)
    groups = (settings.redis, settings.objects, settings.api, settings.signing, settings.receipts)
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
    with pytest.raises(SettingsInvalid, match="API_THREADS") as raised:
        load_settings().check()
    assert "known" not in str(raised.value)
