"""What the workers say they compute with."""

import time
from dataclasses import replace

from core.messaging.broker import Queues
from core.messaging.presence import Presence, WorkerFacts
from core.vocabulary import EngineFacts, PackIdentity
from tests.support.servers import Servers


def test_what_comparisons_are_made_with_is_the_first_engine_of_each_pack_of_the_workers_that_take_them(
    redis_server: Servers,
) -> None:
    presence = Presence(redis_server.settings.redis)
    small = EngineFacts(PackIdentity("small", "d"), "cpu", 640, 0.5, 24)
    large, for_a_run = replace(small, pack=PackIdentity("large", "e")), replace(small, detection_size=320)
    takes_all = WorkerFacts("engine@one", 1, time.time(), Queues.ENGINE, (small, large, for_a_run))
    embeds = WorkerFacts("embedder@one", 2, time.time(), (Queues.EVALUATIONS,), (replace(small, provider="cuda"),))
    for worker in (takes_all, embeds):
        presence.show(worker)
    assert {*presence.comparing()} == {small, large}
