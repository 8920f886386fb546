"""`/v1/webhook-endpoints`: URLs that are told of every ending of their owner's jobs, each with a secret of its own."""

import time
from typing import Any

from flask.views import MethodView
from werkzeug.wrappers import Response

from api.door.caller import caller
from api.door.services import services
from api.http.answers import json_response
from api.http.paging import encode_cursor, linked, page_of
from api.http.problems import Problem
from api.routes.blueprint import Blueprint
from api.schemas.deliveries import DeliverySchema
from api.schemas.endpoints import (
    EXAMPLE,
    SECRET_EXAMPLE,
    EndpointChanges,
    EndpointForm,
    EndpointListQuery,
    EndpointListSchema,
    EndpointSchema,
    RotationForm,
    SecretEndpointSchema,
)
from api.schemas.resources import ENDPOINTS, delivery_resource, endpoint_resource
from core.comparisons.submission import FieldRefused
from core.keys.keys import Scope
from core.storage.lifecycle import new_id
from core.webhooks.announcing import announce
from core.webhooks.destinations import CallbackRefused
from core.webhooks.endings import event_body
from core.webhooks.endpoints import TEST, Endpoint, EndpointNotFound, EventType
from core.webhooks.outbox import outgoing_delivery

blueprint = Blueprint(
    "webhook-endpoints", __name__, url_prefix=ENDPOINTS, description="Who is told of every ending, with which secret"
)


@blueprint.route("")
class Endpoints(MethodView):
    """All endpoints."""

    @blueprint.requires(Scope.SUBMIT)
    @blueprint.arguments(EndpointForm, example={"url": EXAMPLE["url"], "event_types": [EventType.SUCCEEDED]})
    @blueprint.response(
        201, SecretEndpointSchema, description="Registered; the secret is shown this once", example=SECRET_EXAMPLE
    )
    @blueprint.problems(400, 408, 413, 415, 422, 503)
    def post(self, form: dict[str, Any]) -> Response:
        """Register an endpoint"""
        _check_url(form)
        most = services().settings.webhooks.max_endpoints
        endpoint = services().endpoints.create(caller().owner, **form, most=most)
        response = _answer(endpoint, 201, with_secret=True)
        response.headers["Location"] = f"{ENDPOINTS}/{endpoint.id}"
        return response

    @blueprint.requires(Scope.READ)
    @blueprint.arguments(EndpointListQuery, location="query")
    @blueprint.response(200, EndpointListSchema, example={"endpoints": [EXAMPLE], "next_cursor": None})
    @blueprint.problems(422, 503)
    def get(self, query: dict[str, Any]) -> Response:
        """List endpoints, newest first"""
        asked = page_of(query, "ep")
        page = services().endpoints.page(limit=asked["limit"], after=asked["after"], owner=caller().sees)
        cursor = encode_cursor(page.next_id)
        body = {"endpoints": [endpoint_resource(endpoint) for endpoint in page.endpoints], "next_cursor": cursor}
        return linked(json_response(body), cursor)


@blueprint.route("/<endpoint_id>")
class OneEndpoint(MethodView):
    """One endpoint."""

    @blueprint.requires(Scope.READ)
    @blueprint.response(200, EndpointSchema, example=EXAMPLE)
    @blueprint.problems(404, 503)
    def get(self, endpoint_id: str) -> Response:
        """Get an endpoint, without its secret"""
        return _answer(_visible(endpoint_id))

    @blueprint.requires(Scope.SUBMIT)
    @blueprint.arguments(EndpointChanges, example={"enabled": False})
    @blueprint.response(200, EndpointSchema, example={**EXAMPLE, "enabled": False})
    @blueprint.problems(400, 404, 408, 413, 415, 422, 503)
    def patch(self, form: dict[str, Any], endpoint_id: str) -> Response:
        """Change an endpoint; deliveries on their way go to its new URL"""
        endpoint = _visible(endpoint_id)
        _check_url(form)
        return _answer(services().endpoints.change(endpoint.id, **form))

    @blueprint.requires(Scope.SUBMIT)
    @blueprint.response(204, description="It is removed; nothing more is sent there")
    @blueprint.problems(404, 503)
    def delete(self, endpoint_id: str) -> None:
        """Remove an endpoint"""
        services().endpoints.remove(_visible(endpoint_id))


@blueprint.route("/<endpoint_id>/rotate-secret")
class Rotation(MethodView):
    """A new secret."""

    @blueprint.requires(Scope.SUBMIT)
    @blueprint.arguments(RotationForm, example={"grace_s": 86400})
    @blueprint.response(
        200,
        SecretEndpointSchema,
        description="The new secret is shown this once",
        example={**SECRET_EXAMPLE, "old_secret_until": "2026-01-02T00:00:00.000Z"},
    )
    @blueprint.problems(400, 404, 408, 413, 415, 422, 503)
    def post(self, form: dict[str, Any], endpoint_id: str) -> Response:
        """Replace the secret; for a time the one before signs as well, so that either verifies"""
        return _answer(services().endpoints.rotate(_visible(endpoint_id).id, **form), with_secret=True)


@blueprint.route("/<endpoint_id>/test")
class Trial(MethodView):
    """A test event."""

    @blueprint.requires(Scope.SUBMIT)
    @blueprint.response(
        202, DeliverySchema, description="A `webhook.test` is on its way; the delivery says what came of it"
    )
    @blueprint.problems(404, 409, 503)
    def post(self, endpoint_id: str) -> Response:
        """Send a test event to an endpoint, by the way of all events"""
        endpoint = _visible(endpoint_id)
        hold_disabled(endpoint)
        now = time.time()
        data = {"message": "This is a test.", "owner": endpoint.owner, "endpoint_id": endpoint.id}
        fields = {"url": endpoint.url, "endpoint": endpoint.id, "type": TEST, "body": event_body(TEST, now, data)}
        outgoing = outgoing_delivery(new_id("evt"), fields, owner=endpoint.owner, created_at=now, due_at=now)
        delivery = services().deliveries.create(outgoing, endpoint.owner)
        announce(services().enqueue, delivery.id)
        return json_response(DeliverySchema().dump(delivery_resource(delivery)), 202)


def hold_disabled(endpoint: Endpoint) -> None:
    """Raise Problem where nothing is sent to this endpoint."""
    if not endpoint.enabled:
        detail = f"nothing is sent to this endpoint: PATCH {ENDPOINTS}/{endpoint.id} with enabled true first"
        raise Problem(409, "endpoint_disabled", detail)


def _check_url(form: dict[str, Any]) -> None:
    if "url" not in form:
        return
    try:
        services().destinations.check_url(form["url"])
    except CallbackRefused as error:
        raise FieldRefused("url", error.code, str(error)) from None


def _visible(endpoint_id: str) -> Endpoint:
    """The endpoint, if it is the caller's. Raise EndpointNotFound otherwise: another's looks like none."""
    endpoint = services().endpoints.get(endpoint_id)
    sees = caller().sees
    if sees is not None and endpoint.owner != sees:
        raise EndpointNotFound(f"no endpoint has the id {endpoint_id!r}")
    return endpoint


def _answer(endpoint: Endpoint, status: int = 200, *, with_secret: bool = False) -> Response:
    return json_response(endpoint_resource(endpoint, with_secret=with_secret), status)
