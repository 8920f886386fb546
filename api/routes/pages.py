"""Pages for people: try a comparison, read the API's reference. Both work offline; nothing is loaded from elsewhere."""

from typing import Any

from flask import Blueprint, current_app, render_template
from werkzeug.wrappers import Response

from api.door.services import services
from core.vocabulary import ImageFormat, labels

blueprint = Blueprint("pages", __name__, template_folder="../templates")

#: The pages' own inline style and script, and nothing else.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src blob:; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)


@blueprint.get("/")
def start() -> Response:
    """Compare two photographs in the browser."""
    settings = services().settings
    formats = settings.images.image_formats
    accepted = [image_format.media_type for image_format in formats]
    if ImageFormat.HEIC in formats:
        accepted += ["image/heif", ".heic", ".heif"]  # few systems know the type by its name
    return _page("start.html", keys=settings.api.auth_on, accepted=accepted, formats=labels(formats, "or"))


@blueprint.get("/docs")
def reference() -> Response:
    """The OpenAPI document as a page."""
    spec = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    return _page("reference.html", spec=spec, groups=_groups(spec), resolve=lambda schema: _resolve(spec, schema))


def _page(template: str, **values: Any) -> Response:
    response = Response(render_template(template, **values), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    return response


def _groups(spec: dict[str, Any]) -> list[tuple[dict[str, str], list[dict[str, Any]]]]:
    """Operations by tag, in the order of the document."""
    operations = [
        {**operation, "method": method, "path": path, "parameters": [*item.get("parameters", []), *own]}
        for path, item in spec["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
        for own in [operation.get("parameters", [])]
    ]
    return [(tag, [o for o in operations if tag["name"] in o.get("tags", [])]) for tag in spec["tags"]]


def _resolve(spec: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema a reference points to; one that is none is itself."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return dict(spec["components"]["schemas"][name]) if name else schema
