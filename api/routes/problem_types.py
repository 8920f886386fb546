"""`/problems`: a page for each problem's `type`, with its cause and what to do: HTML for a browser, JSON for others."""

import re
from dataclasses import asdict
from typing import Any

from flask import request
from flask.views import MethodView
from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from api.http.answers import json_response
from api.http.problem_types import ProblemType, find_type, problem_types, type_of
from api.http.problems import Problem
from api.routes.blueprint import JSON, Blueprint
from api.routes.pages import PLAIN_POLICY, html_page
from api.schemas.problem_types import ProblemTypeListSchema, ProblemTypeSchema

blueprint = Blueprint(
    "problems", __name__, url_prefix="/problems", template_folder="../templates", description="What each `code` means"
)

_HTML = "text/html"
_CODE = re.compile(r"`([^`]+)`")


@blueprint.route("")
class ProblemTypes(MethodView):
    """All of them."""

    @blueprint.public
    @blueprint.response(200, ProblemTypeListSchema)
    def get(self) -> Response:
        """Every code with its cause and remedy; a page for a browser"""
        types = [_resource(one) for one in problem_types().values()]
        return _answer("problem_types.html", {"problems": types}, types=types)


@blueprint.route("/<code>")
class OneProblemType(MethodView):
    """One of them."""

    @blueprint.public
    @blueprint.response(200, ProblemTypeSchema)
    @blueprint.problems(404)
    def get(self, code: str) -> Response:
        """What a problem's `type` leads to: its cause and remedy; a page for a browser"""
        if (found := find_type(code)) is None:
            raise Problem(404, "not_found", f"no problem has the code {code!r}")
        body = _resource(found)
        return _answer("problem_type.html", body, **body)


def _resource(found: ProblemType) -> dict[str, Any]:
    return {"type": type_of(found.code), **asdict(found)}


def _answer(template: str, body: dict[str, Any], **values: Any) -> Response:
    if request.accept_mimetypes.best_match([JSON, _HTML]) == _HTML:
        response = html_page(template, PLAIN_POLICY, marked=_marked, **values)
    else:
        response = json_response(body)
    response.headers["Vary"] = "Accept"
    return response


def _marked(text: str) -> Markup:
    """What stands between backticks, as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - it is escaped
