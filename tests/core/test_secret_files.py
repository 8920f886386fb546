"""Secrets in files of their own, as container engines hand them over."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SettingsInvalid
from core.settings import Settings
from core.settings.groups import RedisSettings
from core.settings.reading import variables
from core.settings.sentinels import with_password
from core.storage.connection import connect

SECRETS = [variable.name for variable in variables() if variable.is_secret]


@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_may_stand_in_a_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    urls = {"LIKENESS_REDIS_URL": "redis://redis:6379", "LIKENESS_BROKER_URL": "amqp://rabbitmq"}
    value = urls.get(name, "a secret")
    (tmp_path / "it").write_text(f"{value}\n")
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "it"))
    [variable] = [variable for variable in variables() if variable.name == name]
    assert getattr(Settings().read(variable.group), variable.field).get_secret_value() == value
    monkeypatch.setenv(name, value.replace("a secret", "another"))
    assert getattr(Settings().read(variable.group), variable.field).get_secret_value() in (
        "another",
        *urls.values(),
    ), "the environment itself wins"


def test_an_empty_file_is_no_secret_and_one_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").write_text("\n")
    monkeypatch.setenv("LIKENESS_RECEIPT_KEY_FILE", str(tmp_path / "empty"))
    assert Settings().receipts.key is None
    monkeypatch.setenv("LIKENESS_RECEIPT_KEY_FILE", str(tmp_path / "gone"))
    with pytest.raises(SettingsInvalid, match=r"LIKENESS_RECEIPT_KEY_FILE: .*gone cannot be read"):
        Settings().check()


@given(st.text(min_size=1))
def test_any_password_reaches_redis_as_it_is(password: str) -> None:
    settings = RedisSettings(url="redis://redis:6379", password=password)
    options = connect(settings).connection_pool.connection_kwargs
    assert (options["host"], options["port"], options["password"]) == ("redis", 6379, password)


def test_a_password_in_the_url_stays() -> None:
    assert with_password("redis://:its-own@redis", "other") == "redis://:its-own@redis"
    assert with_password("redis://app@redis:1/", "p@:/") == "redis://app:p%40%3A%2F@redis:1/"
