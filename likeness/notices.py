"""The client's methods for webhooks: endpoints that are told of endings, and deliveries of what they were told."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from likeness.calls import Calls, given
from likeness.methods import listing, method

DELIVERIES = "/v1/webhook-deliveries"
ENDPOINTS = "/v1/webhook-endpoints"


class Notices:
    """Endpoints and deliveries; each method raises ApiUnreachable or ApiRefused."""

    _calls: Calls

    @listing
    async def deliveries(self, *, status: str | None = None, limit: int = 20) -> AsyncGenerator[dict[str, Any], None]:
        """Up to `limit` deliveries, newest first."""
        async for one in self._calls.listed(DELIVERIES, "deliveries", limit=limit, status=status):
            yield one

    @method
    async def delivery(self, event_id: str) -> dict[str, Any]:
        """A delivery and its log."""
        return await self._calls.request("GET", f"{DELIVERIES}/{event_id}")

    @method
    async def replay(self, event_id: str) -> dict[str, Any]:
        """Send an event once more."""
        return await self._calls.request("POST", f"{DELIVERIES}/{event_id}/replay")

    @method
    async def replay_many(self, status: str, *, since: str | None = None, until: str | None = None) -> int:
        """Send once more what is in a status, of events from `since` to before `until`; returns how many."""
        body = given({"status": status, "since": since, "until": until})
        count = 0
        while True:
            page = await self._calls.request("POST", f"{DELIVERIES}/replay", json=body)
            count += int(page["replayed"])
            if not page["more"]:
                return count

    @listing
    async def endpoints(self) -> AsyncGenerator[dict[str, Any], None]:
        """Every webhook endpoint, newest first."""
        async for one in self._calls.listed(ENDPOINTS, "endpoints"):
            yield one

    @method
    async def endpoint(self, endpoint_id: str) -> dict[str, Any]:
        """A webhook endpoint, without its secret."""
        return await self._calls.request("GET", f"{ENDPOINTS}/{endpoint_id}")

    @method
    async def add_endpoint(
        self, url: str, *, event_types: Sequence[str] | None = None, description: str | None = None
    ) -> dict[str, Any]:
        """Register a webhook endpoint, for every event unless types are named. Its `secret` is shown this once."""
        body = given({"url": url, "event_types": event_types and [*event_types], "description": description})
        return await self._calls.request("POST", ENDPOINTS, json=body)

    @method
    async def change_endpoint(self, /, endpoint_id: str, **changes: Any) -> dict[str, Any]:
        """Change `url`, `event_types`, `enabled` or `description` of a webhook endpoint."""
        return await self._calls.request("PATCH", f"{ENDPOINTS}/{endpoint_id}", json=changes)

    @method
    async def rotate_endpoint_secret(self, endpoint_id: str, *, grace_s: float | None = None) -> dict[str, Any]:
        """Replace the secret, shown this once; the one before signs as well for `grace_s` seconds: a day."""
        body = given({"grace_s": grace_s})
        return await self._calls.request("POST", f"{ENDPOINTS}/{endpoint_id}/rotate-secret", json=body)

    @method
    async def test_endpoint(self, endpoint_id: str) -> dict[str, Any]:
        """Send a test event to a webhook endpoint; returns its delivery, to be followed."""
        return await self._calls.request("POST", f"{ENDPOINTS}/{endpoint_id}/test")

    @method
    async def remove_endpoint(self, endpoint_id: str) -> None:
        """Remove a webhook endpoint."""
        await self._calls.request("DELETE", f"{ENDPOINTS}/{endpoint_id}")
