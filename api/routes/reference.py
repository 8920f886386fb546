"""`/docs`: the OpenAPI document in Swagger UI, offline: its files come with a package, and nothing from elsewhere."""

from importlib.resources import files
from pathlib import Path

from flask import Blueprint, abort, render_template, send_from_directory
from werkzeug.wrappers import Response

blueprint = Blueprint("reference", __name__, template_folder="../templates")

#: The page's own files, and calls of this API; no inline script or style, no other host.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
_OURS = Path(__file__).parents[1] / "static"
#: What may be asked for, and where it lies.
_ASSETS = {
    "reference.js": _OURS,
    **dict.fromkeys(
        ("favicon-32x32.png", "swagger-ui.css", "swagger-ui-bundle.js"), Path(str(files("flask_swagger_ui"))) / "dist"
    ),
}


@blueprint.get("/docs")
def page() -> Response:
    """The API's reference, where every call can be tried."""
    response = Response(render_template("reference.html"), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    return response


@blueprint.get("/docs/<name>")
def asset(name: str) -> Response:
    """A file of that page; asked for anew each time, and sent only where it has changed."""
    if name not in _ASSETS:
        abort(404)
    return send_from_directory(_ASSETS[name], name)
