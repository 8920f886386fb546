"""Where chords count what their headers have answered. Nobody of ours waits for a result."""

from typing import Any

from celery.backends.redis import RedisBackend, SentinelBackend


class _NobodyWaits:
    """Without a subscription to each task that is sent.

    Celery 5.7.0 makes one for every shard of a chord, in the process that sends it, and takes it back when the garbage
    is collected. Redis away for 20 s meant "The Celery application must be restarted" (RuntimeError) to both.
    """

    def on_task_call(self, producer: Any, task_id: str) -> None:
        """Expect nothing."""

    def add_pending_result(self, result: Any, weak: bool = False, start_drainer: bool = True) -> Any:
        """Expect nothing."""
        return result

    def remove_pending_result(self, result: Any) -> Any:
        """There is nothing to take back."""
        return result


class Results(_NobodyWaits, RedisBackend):  # type: ignore[misc]
    """On the server that the URL names."""


class SentinelResults(_NobodyWaits, SentinelBackend):  # type: ignore[misc]
    """On the primary that the sentinels name."""
