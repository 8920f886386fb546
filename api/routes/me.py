"""`/v1/me`: whose key this is, what it may, and what is left of it."""

from typing import Any

from flask.views import MethodView

from api.door.caller import caller
from api.door.quota import left
from api.door.rates import Allowance
from api.door.services import services
from api.routes.blueprint import Blueprint
from api.schemas.deployment import MeSchema
from api.schemas.resources import timestamp
from core.keys.keys import ApiKey, Scope

blueprint = Blueprint("me", __name__, description="The key that is used")


@blueprint.route("/v1/me")
class Me(MethodView):
    """Who asks."""

    @blueprint.known
    @blueprint.response(200, MeSchema)
    @blueprint.problems(503)
    def get(self) -> dict[str, Any]:
        """Your key, its scopes and limits, and what is left of them

        Any key may ask. Where the deployment asks for no keys, `key` is null, and everything may be done.
        """
        key = caller().key
        return {
            "keys": services().settings.api.auth_on,
            "key": _key(key) if key else None,
            "scopes": sorted(key.scopes if key else Scope),
            "sees": "own" if caller().sees else "all",
            "limits": {"requests_per_minute": _requests(), "comparisons_per_day": _rate(left()), **_places()},
        }


def _key(key: ApiKey) -> dict[str, Any]:
    return {
        **{name: getattr(key, name) for name in ("id", "owner", "name")},
        "created_at": timestamp(key.created_at),
        "expires_at": timestamp(key.expires_at),
    }


def _requests() -> dict[str, Any]:
    """As this very request was counted."""
    return _rate(next((one for one in caller().allowances if one.name == "requests"), None))


def _rate(allowance: Allowance | None) -> dict[str, Any]:
    if allowance is None:
        return _limit(None, None)
    return _limit(allowance.limit, allowance.remaining, allowance.reset_s)


def _places() -> dict[str, Any]:
    """How many may wait or be open at a time."""
    settings, owner = services().settings, caller().owner
    waiting, batches = services().jobs.waiting(owner), services().batches.open(owner)
    if owner is None:
        queued, most_queued, most_batches = (
            waiting.in_all,
            settings.limits.max_queued,
            settings.batches.max_open_batches,
        )
    else:
        queued, most_queued = waiting.of_owner or 0, settings.limits.max_queued_per_key
        most_batches = settings.batches.max_open_batches_per_key
    return {
        "queued": _limit(most_queued, most_queued - queued),
        "open_batches": _limit(most_batches, most_batches - batches[owner]),
    }


def _limit(most: int | None, remaining: int | None, reset_s: int | None = None) -> dict[str, Any]:
    return {"limit": most, "remaining": None if remaining is None else max(0, remaining), "reset_s": reset_s}
