"""`likeness/types/likeness.d.ts`, written from the OpenAPI document: `python -m infra.docs.typescript` (needs npx)."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from api.app import create_app
from core.settings import CHECKOUT
from infra.docs.routes import NOWHERE

TYPES = CHECKOUT / "likeness" / "types" / "likeness.d.ts"
#: MIT, releases every few weeks; it asks for TypeScript 5.
TOOL = ("openapi-typescript@7.13.0", "typescript@5.9.3")
#: A registry that does not answer within this is not there.
FETCHED_WITHIN_S = 180


class ToolMissing(Exception):
    """npx, or what it would run, is not there."""


def openapi() -> dict[str, object]:
    """The document as `/openapi.json` shows it."""
    answer = create_app(NOWHERE).test_client().get("/openapi.json", base_url="http://127.0.0.1:8000")
    return dict(answer.get_json())


def types(*, fetch: bool) -> str:
    """The file's text. Raise ToolMissing; without `fetch` nothing is fetched: npm keeps what it fetched once."""
    npx = shutil.which("npx")
    if npx is None:
        raise ToolMissing("there is no npx; it comes with Node.js")
    with tempfile.TemporaryDirectory() as folder:
        document, written = Path(folder, "openapi.json"), Path(folder, "likeness.d.ts")
        document.write_text(json.dumps(openapi()), encoding="utf-8")
        asked = ["--yes", *([] if fetch else ["--offline"]), *(part for name in TOOL for part in ("--package", name))]
        command = [npx, *asked, "openapi-typescript", str(document), "-o", str(written)]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=FETCHED_WITHIN_S, check=False
        )
        if done.returncode != 0 or not written.is_file():
            raise ToolMissing(f"npx could not run {TOOL[0]}: {done.stderr.strip()[-300:]}")
        return written.read_text(encoding="utf-8")


if __name__ == "__main__":
    try:
        TYPES.write_text(types(fetch=True), encoding="utf-8")
    except ToolMissing as error:
        sys.exit(str(error))
