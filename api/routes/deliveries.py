"""`/v1/webhook-deliveries`: what was announced, to whom, what every attempt met with, and once more."""

from typing import Any

from flask.views import MethodView
from werkzeug.wrappers import Response

from api.door.caller import caller
from api.door.services import services
from api.http.answers import json_response
from api.http.paging import encode_cursor, linked, page_of
from api.routes.blueprint import Blueprint
from api.routes.endpoints import hold_disabled
from api.schemas.deliveries import (
    BatchEventSchema,
    DeliveryListQuery,
    DeliveryListSchema,
    DeliverySchema,
    EventSchema,
    ReplayedSchema,
    ReplayForm,
    RunEventSchema,
    TestEventSchema,
)
from api.schemas.resources import delivery_resource
from core.errors import RecordNotFound
from core.keys.keys import Scope
from core.messaging.broker import Tasks
from core.webhooks.deliveries import Delivery, DeliveryStatus

blueprint = Blueprint(
    "webhook-deliveries", __name__, url_prefix="/v1/webhook-deliveries", description="What was announced to whom"
)

#: The OpenAPI document's `webhooks`: what a consumer must serve.
WEBHOOKS = {
    name: {
        "post": {
            "summary": summary,
            "description": (
                f"{sent} Signed "
                "as Standard Webhooks has it, with a secret of the key's or the endpoint's own. Events arrive at least "
                "once; `webhook-id` is the same in every attempt. What each answer leads to: docs/webhooks.md."
            ),
            "parameters": [
                {"in": "header", "name": name, "required": True, "schema": {"type": kind}, "description": description}
                for name, kind, description in (
                    ("webhook-id", "string", "The event's id: use it to notice a repetition."),
                    ("webhook-timestamp", "integer", "Seconds since the epoch, of this attempt."),
                    ("webhook-signature", "string", "`v1,<base64>` or `v1a,<base64>`, several separated by spaces."),
                )
            ],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{event}"}}},
            },
            "responses": {
                "2XX": {"description": "It has arrived"},
                "410": {"description": "Send nothing to this URL any more"},
                "4XX": {"description": "Final, but for 408, 425 and 429"},
                "default": {"description": "Sent again later"},
            },
        }
    }
    for name, event, summary, sent in (
        *(
            (
                job,
                event,
                f"A {job} has ended",
                f"Sent to the `callback_url` of a {job}, and to those endpoints of its key that want it.",
            )
            for job, event in (("comparison", "Event"), ("batch", "BatchEvent"), ("evaluation", "RunEvent"))
        ),
        ("test", "TestEvent", "An endpoint is tried", "Sent by `POST /v1/webhook-endpoints/{endpoint_id}/test`."),
    )
}
#: The events themselves, to which the document's `webhooks` and its deliveries refer.
EVENTS = {
    "Event": EventSchema,
    "BatchEvent": BatchEventSchema,
    "RunEvent": RunEventSchema,
    "TestEvent": TestEventSchema,
}
MOST_REPLAYED = 1000
_PAGE = 200


@blueprint.route("")
class Deliveries(MethodView):
    """All deliveries."""

    @blueprint.requires(Scope.READ)
    @blueprint.arguments(DeliveryListQuery, location="query")
    @blueprint.response(200, DeliveryListSchema)
    @blueprint.problems(422, 503)
    def get(self, query: dict[str, Any]) -> Response:
        """List deliveries, newest first"""
        page = services().deliveries.page(**page_of(query, "evt", DeliveryStatus), owner=caller().sees)
        cursor = encode_cursor(page.next_id)
        body = {"deliveries": [delivery_resource(delivery) for delivery in page.deliveries], "next_cursor": cursor}
        return linked(json_response(DeliveryListSchema().dump(body)), cursor)


@blueprint.route("/replay")
class ReplayOfMany(MethodView):
    """Many deliveries, once more."""

    @blueprint.requires(Scope.SUBMIT)
    @blueprint.arguments(ReplayForm)
    @blueprint.response(202, ReplayedSchema, description="They are due now, with their whole schedule before them")
    @blueprint.problems(400, 413, 415, 422, 503)
    def post(self, form: dict[str, Any]) -> dict[str, Any]:
        """Replay the deliveries of a status and a time"""
        since = form["since"].timestamp() if "since" in form else 0.0
        until = form["until"].timestamp() if "until" in form else float("inf")
        found: list[str] = []
        after: str | None = None
        while True:
            page = services().deliveries.page(
                limit=_PAGE, after=after, status=DeliveryStatus(form["status"]), owner=caller().sees
            )
            found += [delivery.id for delivery in page.deliveries if since <= delivery.created_at < until]
            after = page.next_id
            if after is None or len(found) > MOST_REPLAYED:
                break
        for event_id in found[:MOST_REPLAYED]:
            services().deliveries.replay(event_id)
        return {"replayed": len(found[:MOST_REPLAYED]), "more": len(found) > MOST_REPLAYED}


@blueprint.route("/<event_id>")
class OneDelivery(MethodView):
    """One delivery."""

    @blueprint.requires(Scope.READ)
    @blueprint.response(200, DeliverySchema)
    @blueprint.problems(404, 409, 503)
    def get(self, event_id: str) -> Response:
        """Get a delivery and its log"""
        return _answer(_visible(event_id), 200)


@blueprint.route("/<event_id>/replay")
class Replay(MethodView):
    """One delivery, once more."""

    @blueprint.requires(Scope.SUBMIT)
    @blueprint.response(202, DeliverySchema, description="It is due now, with its whole schedule before it")
    @blueprint.problems(404, 409, 503)
    def post(self, event_id: str) -> Response:
        """Replay a delivery, whatever became of it; the event keeps its id"""
        found = _visible(event_id)
        if found.endpoint_id and (endpoint := services().endpoints.find(found.endpoint_id)):
            hold_disabled(endpoint)
        delivery = services().deliveries.replay(found.id)
        services().enqueue(Tasks.DELIVER, delivery.id)
        return _answer(delivery, 202)


def _visible(event_id: str) -> Delivery:
    delivery = services().deliveries.get(event_id)
    sees = caller().sees
    if sees is not None and delivery.owner != sees:
        raise RecordNotFound(f"no delivery has the id {event_id!r}")
    return delivery


def _answer(delivery: Delivery, status: int) -> Response:
    return json_response(DeliverySchema().dump(delivery_resource(delivery)), status)
