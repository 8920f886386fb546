"""The page for people: try a comparison. It works offline; nothing is loaded from elsewhere."""

from typing import Any

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from api.door.services import services
from core.vocabulary import ImageFormat, labels

blueprint = Blueprint("pages", __name__, template_folder="../templates")

#: The page's own inline style and script, and nothing else.
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


def _page(template: str, **values: Any) -> Response:
    response = Response(render_template(template, **values), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    return response
