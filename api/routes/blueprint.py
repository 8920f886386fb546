"""flask-smorest's blueprint, with bodies that hold images, and problem documents."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

import flask_smorest
from flask import Request, request
from marshmallow import Schema, missing
from webargs.flaskparser import FlaskParser

from api.door.access import Access, declare
from api.door.query import declare_query
from api.http.forms import read_form, too_long
from api.http.json_objects import LONG, read_object
from api.http.problems import MEDIA_TYPE, FieldError, Problem
from api.schemas.common import ProblemSchema
from api.schemas.examples import problem_example
from api.schemas.images import KINDS, is_image
from core.keys.keys import Scope
from core.reasons import reason_of

FORM, JSON = "multipart/form-data", "application/json"
F = TypeVar("F", bound=Callable[..., Any])


class BodyParser(FlaskParser):
    """Knows the location `submission`: a form with files, or a JSON object with images in it."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "submission": None}

    def load_submission(self, req: Request, schema: Schema) -> Mapping[str, Any]:
        """Every part of the form, or member of the object, by name."""
        descriptions = {name: field.metadata["description"] for name, field in schema.fields.items()}
        images = {name: descriptions[name] for name, field in schema.fields.items() if is_image(field)}
        texts = {name: text for name, text in descriptions.items() if name not in images}
        if req.mimetype == FORM:
            return read_form(req, images, texts)
        members = read_object(req.get_data(cache=False))
        for name, value in members.items():
            if name in texts and isinstance(value, bytes):
                raise too_long(name, LONG, texts[name])
        return {name: value for name, value in members.items() if value is not None}

    def _raw_load_json(self, req: Request) -> Any:
        if req.mimetype and not req.is_json and req.content_length != 0:
            raise unsupported("application/json")
        try:
            value = super()._raw_load_json(req)
        except (RecursionError, ValueError) as error:  # also too deep, or a number of too many digits
            raise _unusable(f"the body is not JSON: {reason_of(error)}") from None
        if value is not missing and not isinstance(value, dict):
            found = KINDS.get(type(value), "null" if value is None else "a text")
            raise _unusable(f"the body must be a JSON object; found {found}")
        return value


def _unusable(detail: str) -> Problem:
    return Problem(422, "invalid", detail, errors=[FieldError("", "invalid", detail)])


BodyParser.__location_map__ = {**FlaskParser.__location_map__, "submission": "load_submission"}


def hold_to_no_coding(req: Request) -> None:
    """Raise Problem for a body that is compressed."""
    if (coding := req.headers.get("Content-Encoding", "identity")) != "identity":
        detail = f"the body must be sent as it is, without a Content-Encoding; found {coding!r}"
        raise Problem(415, "content_coding_unsupported", detail)


def hold_to_form(req: Request) -> None:
    """Raise Problem unless the body is a multipart form, as it is."""
    hold_to_no_coding(req)
    if req.mimetype != FORM:
        raise unsupported(FORM)


def unsupported(*taken: str) -> Problem:
    """The answer to a body of a kind that is not taken."""
    found = repr(request.headers.get("Content-Type", "none"))
    return Problem(415, "content_type_unsupported", f"the Content-Type must be {' or '.join(taken)}; found {found}")


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """A group of routes."""

    ARGUMENTS_PARSER = BodyParser()

    def requires(
        self, scope: Scope, *, submits: bool = False, uploads: bool = False, batch: bool = False
    ) -> Callable[[F], F]:
        """Say which scope a key needs, to `api.door.access` and in the document.

        `submits`: the route enqueues work; `uploads`: its body has images in it, and may be large;
        `batch`: larger still.
        """

        def decorate(view: F) -> F:
            security = {"security": [{"key": []}], "x-required-scope": str(scope)}
            documented: F = self.doc(**security)(self.problems(401, 403, 422, 429, 503)(view))
            return declare(documented, Access(scope, submits, uploads, batch))

        return decorate

    def arguments(self, schema: type[Schema] | Schema, *, location: str = "json", **options: Any) -> Callable[[F], F]:
        """As flask-smorest has it; what is in the query is declared to `api.door.query` as well."""
        parsed: Callable[[F], F] = super().arguments(schema, location=location, **options)
        if location != "query":
            return parsed
        names = (*(schema() if isinstance(schema, type) else schema).fields, *getattr(schema, "OPEN_NAMES", ()))
        return lambda view: declare_query(parsed(view), names)

    def takes(self, form: Schema, body: Schema) -> Callable[[F], F]:
        """Take a multipart form, or a JSON object, each by its own schema."""
        kinds = {FORM: form, JSON: body}

        def chosen(req: Request) -> Schema:
            hold_to_no_coding(req)
            kind = JSON if req.is_json else req.mimetype
            if kind not in kinds:
                raise unsupported(*kinds)
            return kinds[kind]

        def decorate(view: F) -> F:
            content = {kind: {"schema": schema} for kind, schema in kinds.items()}
            parsed = self.ARGUMENTS_PARSER.use_args(chosen, location="submission")(view)
            documented: F = self.doc(requestBody={"required": True, "content": content})(parsed)
            return documented

        return decorate

    def known(self, view: F) -> F:
        """Say that a route needs a key, whichever it is."""
        security = {"security": [{"key": []}], "x-required-scope": "any"}
        documented: F = self.doc(**security)(self.problems(401, 422, 429, 503)(view))
        return declare(documented, Access(None, known=True))

    def public(self, view: F) -> F:
        """Say that a route needs no key."""
        documented: F = self.doc(security=[])(view)
        return declare(documented, Access(None))

    def problems(self, *statuses: int) -> Callable[[F], F]:
        """Document the errors a route answers with."""

        def decorate(view: F) -> F:
            for status in statuses:
                view = self.alt_response(
                    status,
                    schema=ProblemSchema,
                    content_type=MEDIA_TYPE,
                    description=HTTPStatus(status).phrase,
                    example=problem_example(status),
                )(view)
            return view

        return decorate
