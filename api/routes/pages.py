"""The web application: pages for people. They work offline; nothing is loaded from elsewhere.

A page is a document of its own: a template, and a module of the same name in `api/static/pages` that fills it in by
calling the API, with the key that the reader has typed in.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Blueprint, render_template, send_from_directory
from werkzeug.wrappers import Response

from api.door.query import taken
from api.door.services import services
from api.routes.report_frame import report_frame
from core.vocabulary import ImageFormat, Reason, labels
from core.webhooks.endpoints import EventType

blueprint = Blueprint("pages", __name__, template_folder="../templates")

#: Our own files and calls of this API; photographs that a reader has chosen, which stay in the browser (`blob:`).
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
#: A page without a script.
PLAIN_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)

#: A page that shows reports, in frames.
FRAMING_POLICY = f"{POLICY}; frame-src 'self'"

#: Where each page is, and its template.
PAGES = {
    "/": "compare.html",
    "/evaluations": "evaluations.html",
    "/evaluations/compare": "comparison.html",
    "/evaluations/index": "run_index.html",
    "/evaluations/<run_id>": "evaluation.html",
    "/jobs": "jobs.html",
    "/jobs/<job_id>": "job.html",
    "/batches": "batches.html",
    "/batches/<batch_id>": "batch.html",
    "/deliveries": "deliveries.html",
    "/deliveries/<event_id>": "delivery.html",
    "/endpoints": "endpoints.html",
    "/packs": "packs.html",
    "/system": "system.html",
}
FRAMING = ("comparison.html", "evaluation.html", "run_index.html")
_STATIC = Path(__file__).parents[1] / "static"


@blueprint.get("/assets/<path:name>")
def asset(name: str) -> Response:
    """A file of the pages; asked for anew each time, and sent only where it has changed."""
    return send_from_directory(_STATIC, name)


def html_page(template: str, policy: str = POLICY, **values: Any) -> Response:
    """A page that may run our own scripts, and nothing else; or none."""
    response = Response(render_template(template, **values), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = policy
    return response


def _facts() -> dict[str, Any]:
    """What a page has to know of the deployment before it calls anything."""
    settings = services().settings
    formats = settings.images.image_formats
    accepted = [image_format.media_type for image_format in formats]
    if ImageFormat.HEIC in formats:
        accepted += ["image/heif", ".heic", ".heif"]  # few systems know the type by its name
    return {
        "keys": settings.api.auth_on,
        "accepted": accepted,
        "formats": labels(formats, "or"),
        "limits": settings.batches,
        "takes": taken,
        "reasons": [*Reason],
        "event_types": [*EventType],
        "retention_s": settings.images.retention_s,
        "face_policy": settings.packs.default_policy,
        "quality": settings.packs.default_quality,
        "detection_size": settings.engine.detection_size,
    }


def _shown(template: str) -> Callable[..., Response]:
    """The view of a page; its script reads in the address which resource is meant."""
    policy = FRAMING_POLICY if template in FRAMING else POLICY
    return lambda **_: html_page(template, policy, **_facts())


blueprint.add_url_rule("/evaluations/frame", view_func=report_frame)
for _path, _template in PAGES.items():
    blueprint.add_url_rule(_path, endpoint=_template.removesuffix(".html"), view_func=_shown(_template))
