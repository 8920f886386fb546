"""Where Redis is: a URL that cannot be used is refused by its variable's name, and none of it is shown."""

import pytest

from core.errors import SettingsInvalid
from core.settings import Settings
from core.settings.groups import RedisSettings


def redis(url: str) -> RedisSettings:
    return Settings(redis_url=url).redis


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("localhost:6379", "it must begin with redis://"),
        ("http://faces.example:6379", "it must begin with redis://"),
        ("sentinel://:s3cret@one:26379;sentinel://two:26379", "it must begin with redis://"),
        ("redis://:s3cret@one:6379,two:6379", "several hosts, which are for sentinels"),
        ("redis://:s3cret@:6379", "it must name a host"),
        ("redis://:s3cret/word@one:6379", "it must name a host"),
        ("redis://:s3cret@one:port", "it must name a host"),
        ("redis://:s3cret@one:6379/5", "without a database: 0, 1 and 2 are used"),
        ("redis+sentinel://:s3cret@one:26379", "it must end in the name of the service"),
        ("redis+sentinel://:s3cret@one:26379/name/0", "it must end in the name of the service"),
        ("redis+sentinel://:s3cret@one:26379,,two/name", "it must name hosts"),
        ("redis+sentinel://:s3cret@one:many/name", "it must name hosts"),
        ("redis+sentinel://:s3cret@one/name?password=s3cret", "sentinel_username and sentinel_password only"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_and_not_shown(url: str, sentence: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        redis(url).database(0)
    said = str(refused.value)
    assert said.startswith("LIKENESS_REDIS_URL")
    assert sentence in said
    assert "s3cret" not in said


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("redis://one", "redis://one/2"),
        ("redis://:pw@one:6380/", "redis://:pw@one:6380/2"),
        ("redis://one:6380/0", "redis://one:6380/2"),
        (
            "rediss://user:p%2Fw@one:6380?ssl_cert_reqs=required",
            "rediss://user:p%2Fw@one:6380/2?ssl_cert_reqs=required",
        ),
    ],
)
def test_a_database_takes_its_place_in_the_url(url: str, database: str) -> None:
    assert redis(url).sentinels is None
    assert redis(url).database(2) == database


def test_sentinels_are_read_as_redis_py_and_celery_want_them() -> None:
    found = redis("redis+sentinel://app:p%40w@one,[::1]:26380/the%20faces?sentinel_password=s%26").sentinels
    assert found
    assert found.nodes == (("one", 26379), ("::1", 26380))
    assert found.service == "the faces"
    assert found.primary_options() == {"username": "app", "password": "p@w"}
    assert found.own_options() == {"password": "s&"}
    assert found.celery_url(1) == "sentinel://app:p%40w@one:26379/1;sentinel://app:p%40w@[::1]:26380/1"
    assert "p@w" not in repr(found)
    assert "s&" not in repr(found)
