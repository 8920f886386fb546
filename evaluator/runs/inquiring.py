"""Answering what is asked about runs that have succeeded: from their stored files, with what the commands use."""

import json
from contextlib import suppress
from typing import Any

import structlog

from core.errors import LikenessError, ObjectNotFound, RecordNotFound
from core.evaluations.inquiries import Answer, Inquiry, InquiryStore, Kind
from core.evaluations.runs import RunKeys
from core.evaluations.store import RunStore
from core.storage.lifecycle import Failure
from core.storage.objects import Objects
from evaluator.report import (
    FinishedRun,
    build_comparison_page,
    build_index,
    compare_runs,
    from_csv,
    in_words,
    index_csv,
    index_document,
    indexed_part,
)
from evaluator.runs.calibrating import thresholds_of

log = structlog.get_logger()


class FilesGone(LikenessError):
    """A run has succeeded, and its files are not in the object store any more."""

    code = "report_not_ready"


class Inquiries:
    """Answers questions, each once; what may be mended by asking again is left to whoever asks."""

    def __init__(self, inquiries: InquiryStore, runs: RunStore, objects: Objects) -> None:
        self._inquiries = inquiries
        self._runs = runs
        self._objects = objects

    def answer(self, digest: str) -> None:
        """Work it out and keep it, or why it cannot be. Raise RecordsUnavailable."""
        if (inquiry := self._inquiries.begin(digest)) is None:
            log.info("inquiry_skipped", digest=digest)
            return
        try:
            found = Answer(self._found(inquiry))
        except LikenessError as error:
            if error.retryable:
                self._inquiries.withdraw(digest)
                log.warning("inquiry_postponed", digest=digest, why=str(error))
                return
            found = Answer({}, Failure(error.code, str(error)))
        except Exception as error:
            log.exception("inquiry_broke", digest=digest)
            found = Answer({}, Failure("internal", f"{type(error).__name__}: {error}"))
        self._inquiries.keep(inquiry, found)
        self._forget_the_erased(inquiry)

    def _found(self, inquiry: Inquiry) -> dict[str, str]:
        match inquiry.kind:
            case Kind.COMPARISON:
                return self._comparison(inquiry)
            case Kind.THRESHOLDS:
                return self._thresholds(inquiry.runs[0])
            case Kind.INDEX:
                return self._index(inquiry.runs)

    def _comparison(self, inquiry: Inquiry) -> dict[str, str]:
        runs = [FinishedRun.read(self._file(run, "report"), self._file(run, "scores")) for run in inquiry.runs]
        found = compare_runs(runs, thresholds=inquiry.thresholds, alpha=inquiry.alpha, at_fmr=inquiry.at_fmr)
        return {"json": json.dumps(in_words(found)), "html": build_comparison_page(found, runs)}

    def _thresholds(self, run_id: str) -> dict[str, str]:
        report, table = json.loads(self._file(run_id, "report")), from_csv(self._file(run_id, "scores"))
        return {"json": json.dumps(thresholds_of(self._runs.get(run_id), report, table).document)}

    def _index(self, run_ids: tuple[str, ...]) -> dict[str, str]:
        reports: list[dict[str, Any]] = []
        for run_id in run_ids:
            with suppress(FilesGone):
                reports.append(indexed_part(json.loads(self._file(run_id, "report"))))
        return {
            "json": json.dumps(index_document(reports)),
            "html": build_index(reports, link=("/evaluations/", "")),
            "csv": index_csv(reports).decode(),
        }

    def _file(self, run_id: str, kind: str) -> bytes:
        try:
            return self._objects.get(getattr(RunKeys(run_id), kind))
        except ObjectNotFound:
            raise FilesGone(f"the {kind} of run {run_id} is not in the object store any more") from None

    def _forget_the_erased(self, inquiry: Inquiry) -> None:
        """A run may have been erased meanwhile: what is said of it goes as well."""
        for run_id in inquiry.runs:
            try:
                self._runs.get(run_id)
            except RecordNotFound:
                self._inquiries.forget(run_id)
