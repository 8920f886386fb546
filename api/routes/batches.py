"""`/v1/batches`: submit many pairs at a time, follow, list, cancel, erase; and what became of them."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from flask import request
from flask.views import MethodView
from marshmallow import ValidationError
from webargs.flaskparser import abort
from werkzeug.wrappers import Response

from api.door.batches import admitted, lane_of, visible_batch
from api.door.caller import caller
from api.door.idempotency import HEADER as IDEMPOTENCY_HEADER
from api.door.idempotency import KeyedRequest, begin
from api.door.quota import counted
from api.door.services import services
from api.door.uploaded import named_uploads, recognisable
from api.door.uploads import storing
from api.door.waiters import NoPlaceToWait
from api.http.answers import json_response
from api.http.batch_forms import read_batch_form
from api.http.paging import decode_place, encode_cursor, linked, page_of
from api.routes.blueprint import FORM, Blueprint, hold_to_form
from api.routes.comparisons import ETAG_HEADER, WAIT_HEADER
from api.routes.waiting import preferred_wait_s
from api.schemas.batches import TEXTS, BatchForm, BatchListSchema, BatchSchema, RowListSchema, RowQuery, batch_of
from api.schemas.comparisons import WaitQuery
from api.schemas.examples import QUEUED_BATCH
from api.schemas.filters import METADATA_PARAMETER, MetadataQuery, asked_metadata, period_of
from core.batches.batch import Batch, url_of
from core.batches.document import COLUMNS, batch_document, row_cells, row_document
from core.batches.pairs import BYTES_A_PAIR, read_pairs
from core.batches.store import BatchStore
from core.comparisons.submission import ImageUpload
from core.comparisons.wanted import has
from core.errors import StoreUnavailable
from core.keys.keys import Scope
from core.uploads.upload import Upload
from core.webhooks.announcing import announce

blueprint = Blueprint("batches", __name__, url_prefix="/v1/batches", description="Many pairs in one job")

#: Rows that are in memory at a time while a file of them is written.
ROWS_AT_ONCE = 200
MEDIA_TYPES = {"jsonl": "application/jsonl", "csv": "text/csv; charset=utf-8"}


@blueprint.route("")
class Batches(MethodView):
    """All batches."""

    @blueprint.requires(Scope.SUBMIT, uploads=True, batch=True)
    @blueprint.doc(
        parameters=[IDEMPOTENCY_HEADER], requestBody={"required": True, "content": {FORM: {"schema": BatchForm()}}}
    )
    @blueprint.response(
        202, BatchSchema, description="Accepted: the batch will end in exactly one terminal state", example=QUEUED_BATCH
    )
    @blueprint.problems(400, 408, 409, 413, 415, 422, 503)
    def post(self) -> Response:
        """Submit a batch: photographs, each once, and pairs of them

        Every part of the form that is a file or the id of an upload, and not one of its fields, is a photograph by the
        name of its part.
        """
        hold_to_form(request)
        with admitted():
            form, photographs, pairs = _read()
            sent = recognisable({**form, **photographs, "pairs": _digestible(pairs)})
            keyed: KeyedRequest[Batch] = begin(sent, visible_batch)
            if (answered := keyed.again(_accepted)) is not None:
                return answered
            with keyed.undone_if_refused(), storing():
                limits = services().settings.batches
                asked = None if pairs is None else read_pairs(pairs, most=limits.max_batch_pairs)
                uploads = named_uploads({name: p.strip() for name, p in photographs.items() if isinstance(p, str)})
                bodies = {name: _body(uploads.get(name), photographs.pop(name)) for name in list(photographs)}
                accepted = services().accepting_batches.accept(batch_of(form, bodies, asked), owner=caller().owner)
                with counted(accepted.batch.request.pairs):
                    batch = services().submitting_batches.submit(
                        accepted, queue_of=lane_of(services(), caller().owner), claim=keyed.claim
                    )
                services().silences.answered(StoreUnavailable)
            return keyed.keep(batch.id, _accepted(batch))

    @blueprint.requires(Scope.READ)
    @blueprint.doc(parameters=[METADATA_PARAMETER])
    @blueprint.arguments(MetadataQuery, location="query")
    @blueprint.response(200, BatchListSchema)
    @blueprint.problems(422, 503)
    def get(self, query: dict[str, Any]) -> Response:
        """List batches, newest first; a filtered page may have fewer than `limit`, as that of comparisons"""
        period, pack, metadata = period_of(query), query.get("pack"), asked_metadata()

        def wanted(batch: Batch) -> bool:
            of_pack = pack in (None, batch.request.pack)
            return of_pack and period.holds(batch.created_at) and has(batch.request.metadata, metadata)

        page = services().searches.batches.page(wanted, **page_of(query, "bat"), owner=caller().sees, **asdict(period))
        cursor = encode_cursor(page.next_id)
        body = {"batches": [batch_document(batch) for batch in page.records], "next_cursor": cursor}
        return linked(json_response(body), cursor)


@blueprint.route("/<batch_id>")
class OneBatch(MethodView):
    """One batch."""

    @blueprint.requires(Scope.READ)
    @blueprint.doc(parameters=[WAIT_HEADER, ETAG_HEADER])
    @blueprint.arguments(WaitQuery, location="query")
    @blueprint.response(200, BatchSchema)
    @blueprint.alt_response(304, description="Nothing changed since `If-None-Match`", success=True)
    @blueprint.problems(404, 422, 503)
    def get(self, query: dict[str, Any], batch_id: str) -> Response:
        """Get a batch and its counts, waiting for its end if asked to"""
        batch = visible_batch(batch_id)
        wait_s = min(max(query["wait"], preferred_wait_s()), services().settings.api.max_wait_s)
        is_granted = False
        if wait_s > 0 and not batch.status.is_terminal:
            try:
                with services().waiters.place(caller().owner):
                    batch, is_granted = services().batches.wait(batch.id, wait_s), True
            except NoPlaceToWait:
                pass
        response = _answer(batch, 200)
        if is_granted and preferred_wait_s():
            response.headers["Preference-Applied"] = f"wait={wait_s:g}"
        return response.make_conditional(request)

    @blueprint.requires(Scope.SUBMIT)
    @blueprint.response(204, description="Record, rows and photographs are erased")
    @blueprint.problems(404, 503)
    def delete(self, batch_id: str) -> None:
        """Erase a batch: its rows and its photographs"""
        services().batches.erase(visible_batch(batch_id).id)


@blueprint.route("/<batch_id>/cancel")
class Cancellation(MethodView):
    """The end a client may choose."""

    @blueprint.requires(Scope.SUBMIT)
    @blueprint.response(200, BatchSchema)
    @blueprint.problems(404, 409, 503)
    def post(self, batch_id: str) -> Response:
        """Cancel a batch; the rows it has stay. A batch that has ended otherwise answers 409"""
        batch = services().batches.cancel(visible_batch(batch_id).id)
        announce(services().enqueue, *batch.deliveries)
        return _answer(batch, 200)


@blueprint.route("/<batch_id>/results")
class Results(MethodView):
    """What became of the pairs."""

    @blueprint.requires(Scope.READ)
    @blueprint.arguments(RowQuery, location="query")
    @blueprint.response(200, RowListSchema, description="Rows in the order of the pairs, as far as they are done")
    @blueprint.problems(404, 422, 503)
    def get(self, query: dict[str, Any], batch_id: str) -> Response:
        """The rows of a batch: a page of JSON, or all of them as JSON Lines or CSV"""
        batch = visible_batch(batch_id)
        if query["format"] != "json":
            written = _csv if query["format"] == "csv" else _jsonl
            response = Response(written(services().batches, batch), content_type=MEDIA_TYPES[query["format"]])
            response.headers["Content-Disposition"] = f'attachment; filename="{batch.id}.{query["format"]}"'
            return response
        after = decode_place(query["cursor"], batch.id) if "cursor" in query else -1
        page = services().batches.rows(batch, after=after, limit=query["limit"])
        cursor = None if page.next_pair is None else encode_cursor(f"{batch.id}_{page.next_pair}")
        body = {"results": [row_document(batch, row, page.facts) for row in page.rows], "next_cursor": cursor}
        return linked(json_response(body), cursor)


def _read() -> tuple[dict[str, Any], dict[str, Any], bytes | None]:
    """The form's fields, its photographs, and its list of pairs, where it has one."""
    limits = services().settings.batches
    sent = read_batch_form(
        request,
        TEXTS,
        pairs="pairs",
        most_photographs=limits.max_batch_photographs,
        most_pairs_bytes=limits.max_batch_pairs * BYTES_A_PAIR,
    )
    try:
        form = BatchForm().load(sent.texts)
    except ValidationError as error:
        abort(422, messages={"submission": error.messages})
    return form, dict(sent.photographs), sent.pairs


def _body(upload: Upload | None, part: Any) -> bytes | ImageUpload:
    return part.read() if upload is None else ImageUpload(upload.id, upload.size_bytes)


def _digestible(pairs: bytes | None) -> str | None:
    return None if pairs is None else pairs.decode("utf-8", "backslashreplace")


def _documents(batches: BatchStore, batch: Batch) -> Iterator[dict[str, Any]]:
    """The store is handed in: an answer is written when its request is over."""
    after = -1
    while True:
        page = batches.rows(batch, after=after, limit=ROWS_AT_ONCE)
        yield from (row_document(batch, row, page.facts) for row in page.rows)
        if page.next_pair is None:
            return
        after = page.next_pair


def _jsonl(batches: BatchStore, batch: Batch) -> Iterator[str]:
    for document in _documents(batches, batch):
        yield json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def _csv(batches: BatchStore, batch: Batch) -> Iterator[str]:
    yield _line(COLUMNS)
    for document in _documents(batches, batch):
        yield _line(row_cells(document))


def _line(cells: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()


def _accepted(batch: Batch) -> Response:
    response = _answer(batch, 202)
    response.headers["Location"] = url_of(batch.id)
    return response


def _answer(batch: Batch, status: int) -> Response:
    response = json_response(batch_document(batch), status)
    response.set_etag(f"{batch.id}.{batch.version}.{batch.counts.done}")
    if not batch.status.is_terminal:
        response.headers["Retry-After"] = "2"
    return response
