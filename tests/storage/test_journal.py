"""What is forgotten is gone from the server's append-only file once that is rewritten."""

from typing import Any

from core.comparisons.sealing import SealKey
from core.settings import Settings
from core.storage.journal import Rewriting, rewrite
from tests.support.servers import Servers


def on_disk(servers: Servers, text: str) -> bool:
    files = [*(servers.home / "redis").rglob("appendonly.aof.*")]
    assert files
    return any(text.encode() in file.read_bytes() for file in files)


def test_what_was_forgotten_is_gone_from_the_disk_once_the_file_is_rewritten(
    redis_server: Servers, client: Any
) -> None:
    forgotten, known = SealKey.new().text, SealKey.new().text
    client.config_set("rdbcompression", "no")  # or nothing would be found, forgotten or not
    client.hset("job:1", "seal_key", forgotten)
    client.hset("job:2", "seal_key", known)
    client.hset("job:1", "seal_key", "")
    assert on_disk(redis_server, forgotten)
    assert rewrite(redis_server.settings.redis) is Rewriting.DONE
    assert not on_disk(redis_server, forgotten)
    assert on_disk(redis_server, known)


def test_a_server_without_such_a_file_has_nothing_to_rewrite(redis_server: Servers, client: Any) -> None:
    client.config_set("appendonly", "no")
    assert rewrite(redis_server.settings.redis) is Rewriting.NEEDLESS


def test_who_may_not_ask_for_it_is_told_so(redis_server: Servers, client: Any) -> None:
    client.acl_setuser(
        "app", enabled=True, passwords="+a-password", keys="*", categories=["+@all"], commands=["-bgrewriteaof"]
    )
    port = client.connection_pool.connection_kwargs["port"]
    limited = Settings(redis_url=f"redis://app:a-password@127.0.0.1:{port}")
    assert rewrite(limited.redis) is Rewriting.REFUSED
