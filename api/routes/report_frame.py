"""`/evaluations/frame`: where a page shows a report that its reader's key has fetched.

A report has style and script of its own, which no page of ours lets in. So it is written into this document, which is
nobody's: in a sandbox, with an origin of its own, it may run what has the digests that the API says of the report
(`Content-Security-Policy` of the report's answer), ask nothing of any host, and lead nowhere. Whoever makes up a
link to it gets an empty page that belongs to nobody.
"""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from flask import render_template, request
from werkzeug.wrappers import Response

_SCRIPT = (Path(__file__).parents[1] / "templates" / "report_frame.js").read_text(encoding="utf-8").strip()
_WRITES = b64encode(sha256(_SCRIPT.encode()).digest()).decode()
_DIGEST = re.compile(r"sha256-[A-Za-z0-9+/]{43}=")
#: A report has a style and a script.
_MOST = 4


def report_frame() -> Response:
    """The empty document; `digest`, repeatable: of what the report may run."""
    given = [digest for digest in request.args.getlist("digest") if _DIGEST.fullmatch(digest)][:_MOST]
    its_own = [f"'{digest}'" for digest in given]
    scripts, styles = " ".join([f"'sha256-{_WRITES}'", *its_own]), " ".join(its_own) or "'none'"
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src {styles}; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts"
    )
    response = Response(render_template("report_frame.html", script=_SCRIPT), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = policy
    return response
