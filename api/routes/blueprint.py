"""flask-smorest's blueprint, with multipart forms and problem documents."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

import flask_smorest
from flask import Request
from marshmallow import Schema
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy
from werkzeug.datastructures import CombinedMultiDict

from api.door.access import Access, declare
from api.http.problems import MEDIA_TYPE
from api.schemas.common import ProblemSchema
from core.keys.keys import Scope

F = TypeVar("F", bound=Callable[..., Any])


class FormParser(FlaskParser):
    """Knows the location `multipart`: files and fields of one form, as clients send them."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "multipart": None}

    def load_multipart(self, req: Request, schema: Schema) -> Any:
        """Every part of the form by name."""
        return MultiDictProxy(CombinedMultiDict([req.files, req.form]), schema)

    def _raw_load_json(self, req: Request) -> Any:
        try:
            return super()._raw_load_json(req)
        except json.JSONDecodeError:
            raise
        except (RecursionError, ValueError) as error:  # too deep, or a number of too many digits
            raise json.JSONDecodeError(str(error), "...", 0) from None


FormParser.__location_map__ = {**FlaskParser.__location_map__, "multipart": "load_multipart"}


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """A group of routes."""

    ARGUMENTS_PARSER = FormParser()
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING = {
        **flask_smorest.Blueprint.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING,
        "multipart": "multipart/form-data",
    }

    def requires(self, scope: Scope, *, submits: bool = False) -> Callable[[F], F]:
        """Say which scope a key needs, to `api.door.access` and in the document; `submits`: the route enqueues work."""

        def decorate(view: F) -> F:
            security = {"security": [{"key": []}], "x-required-scope": str(scope)}
            documented: F = self.doc(**security)(self.problems(401, 403, 429, 503)(view))
            return declare(documented, Access(scope, submits))

        return decorate

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
                )(view)
            return view

        return decorate
