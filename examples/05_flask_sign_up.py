"""Verify on sign-up with Flask: an ID photograph and a selfie come in, a webhook says what became of them.

Once: `likeness webhooks endpoints add https://you.example/likeness` prints the secret for LIKENESS_WEBHOOK_SECRET.
"""

import json
import os
import sqlite3
from typing import Any

from flask import Flask, abort, g, jsonify, request
from flask.typing import ResponseReturnValue

from likeness import ApiError, ApiRefused, Client, SignatureInvalid, Webhook

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 25 * 1024 * 1024
client = Client(
    os.environ.get("LIKENESS_API_URL", "http://127.0.0.1:8000"), key=os.environ.get("LIKENESS_API_KEY"), patience_s=5
)
webhook = Webhook(os.environ["LIKENESS_WEBHOOK_SECRET"])
DATABASE = os.environ.get("SIGN_UPS", "sign-ups.sqlite")


def database() -> sqlite3.Connection:
    """Your database; here a file."""
    if "database" not in g:
        g.database = sqlite3.connect(DATABASE, isolation_level=None)
        g.database.execute("CREATE TABLE IF NOT EXISTS sign_ups (id TEXT PRIMARY KEY, job TEXT, state TEXT, say TEXT)")
        g.database.execute("CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY)")
    return g.database  # type: ignore[no-any-return]


@app.teardown_appcontext
def close(_: BaseException | None) -> None:
    """After each request."""
    if "database" in g:
        g.database.close()


@app.post("/sign-ups/<sign_up>")
def submit(sign_up: str) -> ResponseReturnValue:
    """Take the two photographs; answer at once."""
    if not {"id_card", "selfie"} <= request.files.keys():
        return jsonify(say="Send id_card and selfie."), 422
    try:
        job = client.submit(
            request.files["id_card"].read(),
            request.files["selfie"].read(),
            policy="require_one",  # nobody else in the photograph
            metadata=json.dumps({"sign_up": sign_up}),
            # Sent twice, by a double click or after a crash of ours, it is one job.
            idempotency_key=f"sign-up-{sign_up}",
        )
    except ApiRefused as refused:
        if refused.retryable:
            return jsonify(say="Please try again in a moment."), 503
        return jsonify(say=str(refused), code=refused.code), 422  # no image, too large, ...: the person can mend it
    except ApiError:
        return jsonify(say="Please try again in a moment."), 503
    # The event may have come before this line: it is not overwritten.
    database().execute("INSERT OR IGNORE INTO sign_ups VALUES (?, ?, 'checking', '')", (sign_up, job.id))
    return jsonify(state="checking"), 202


@app.get("/sign-ups/<sign_up>")
def state(sign_up: str) -> ResponseReturnValue:
    """What your page asks for."""
    row = database().execute("SELECT state, say FROM sign_ups WHERE id = ?", (sign_up,)).fetchone()
    return jsonify(state=row[0], say=row[1]) if row else abort(404)


@app.post("/likeness")
def event() -> ResponseReturnValue:
    """What Likeness calls. At least once: an id that is known was dealt with."""
    try:
        told = webhook.verify(request.get_data(), dict(request.headers))
    except SignatureInvalid:
        return "", 401
    data = told["data"]
    if told["type"].startswith("comparison.") and "sign_up" in data["metadata"]:
        with database() as both_or_none:
            both_or_none.execute("BEGIN IMMEDIATE")
            known = both_or_none.execute("SELECT 1 FROM events WHERE id = ?", (request.headers["webhook-id"],))
            if known.fetchone() is None:
                both_or_none.execute("INSERT INTO events VALUES (?)", (request.headers["webhook-id"],))
                both_or_none.execute(
                    "INSERT OR REPLACE INTO sign_ups VALUES (?, ?, ?, ?)",
                    (data["metadata"]["sign_up"], data["id"], *outcome(data)),
                )
    return "", 204


def outcome(data: dict[str, Any]) -> tuple[str, str]:
    """The four answers, and what the person is told."""
    if data["status"] != "succeeded":
        return "again", "We could not check your photographs. Please send them again."
    if data["outcome"] == "not_acquired":
        return "again", " ".join(f"{fault['side']}: {fault['detail']}." for fault in data["reasons"])
    if data["decision"] == "match":
        return "verified", "Thank you."
    return "review", "A colleague will look at your photographs."  # never a refusal by a machine alone


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "5000")))
