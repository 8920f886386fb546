"""The client's part for evaluation runs: `client.evaluations.start(...)`, and what comes of it."""

import json
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from likeness.calls import ENDED, Calls, given
from likeness.methods import Asynchronous, Synchronous, listing, method

RUNS = "/v1/evaluations"


@dataclass(frozen=True, slots=True)
class EvaluationRun:
    """A run of a benchmark on a pack as the API shows it."""

    id: str
    status: str
    #: How many the data set has.
    images: int
    #: How many of them have been looked at.
    images_done: int
    #: The figures of its report that fit a line; None until it has succeeded.
    summary: Mapping[str, Any] | None
    #: The whole answer.
    document: Mapping[str, Any]

    @property
    def has_ended(self) -> bool:
        """Whether the status is terminal."""
        return self.status in ENDED

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read the API's answer."""
        picked = {name: document[name] for name in ("id", "status", "images", "images_done", "summary")}
        return cls(**picked, document=document)


class RunCalls:
    """What both clients do; each method raises ApiUnreachable or ApiRefused. A key needs the scope `evaluate`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    @method
    async def start(
        self,
        dataset: str,
        *,
        pack: str | None = None,
        flip: bool = False,
        policy: str | None = None,
        detection_size: int | None = None,
        idempotency_key: str | None = None,
    ) -> EvaluationRun:
        """Start a run of an imported data set. When the answer is lost it is asked for again; it is started once."""
        asked = {"dataset": dataset, "pack": pack, "flip": flip, "policy": policy, "detection_size": detection_size}
        key = idempotency_key or secrets.token_urlsafe(24)
        return EvaluationRun.from_document(await self._calls.submitted(RUNS, key, json=given(asked)))

    @method
    async def get(self, run_id: str) -> EvaluationRun:
        """The run and its progress."""
        return EvaluationRun.from_document(await self._calls.request("GET", f"{RUNS}/{run_id}"))

    @method
    async def wait(
        self,
        run_id: str,
        *,
        timeout_s: float = 3600.0,
        tell: Callable[[EvaluationRun], None] = lambda run: None,
    ) -> EvaluationRun:
        """The ended run, or the run as it stands when `timeout_s` seconds are over; `tell` is told how it goes on."""
        path = f"{RUNS}/{run_id}"
        return await self._calls.ended(path, EvaluationRun.from_document, timeout_s=timeout_s, hold_s=None, tell=tell)

    @listing
    async def list(self, *, status: str | None = None, limit: int = 20) -> AsyncGenerator[EvaluationRun, None]:
        """Up to `limit` runs, newest first."""
        async for document in self._calls.listed(RUNS, "evaluations", limit=limit, status=status):
            yield EvaluationRun.from_document(document)

    @listing
    async def events(self, run_id: str) -> AsyncGenerator[EvaluationRun, None]:
        """The run at once, and at each change of its status and progress, until it has ended; nothing is polled."""
        async for document in self._calls.states(f"{RUNS}/{run_id}/events"):
            yield EvaluationRun.from_document(document)

    @method
    async def cancel(self, run_id: str) -> EvaluationRun:
        """Cancel a run; what was embedded stays for the next one."""
        return EvaluationRun.from_document(await self._calls.request("POST", f"{RUNS}/{run_id}/cancel"))

    @method
    async def erase(self, run_id: str, *, force: bool = False) -> None:
        """Erase a run and its report; with `force` also one that is open, or that thresholds in force rest on."""
        await self._calls.request("DELETE", f"{RUNS}/{run_id}", params={"force": str(force).lower()})

    @method
    async def report(self, run_id: str) -> dict[str, Any]:
        """The report of a run that has succeeded, as `docs/report.schema.json` has it."""
        return await self._calls.request("GET", f"{RUNS}/{run_id}/report")

    @method
    async def file(self, run_id: str, form: str) -> str:
        """The report as `html` for people, or every score as `csv`, or the quality of each image: `images`."""
        return await self._calls.text(f"{RUNS}/{run_id}/report", params={"format": form})

    @method
    async def compare(
        self,
        run_id: str,
        *others: str,
        thresholds: Sequence[float] | None = None,
        at_fmr: float | None = None,
        false_alarm_rate: float | None = None,
        timeout_s: float = 300.0,
    ) -> dict[str, Any]:
        """Whether other runs on the same pairs make more errors than `run_id`: `tests`, `verdicts`, `regression`.

        Waits for the evaluator, which works it out. Raise ApiRefused where runs cannot be compared.
        """
        params = _compared(others, thresholds, at_fmr, false_alarm_rate)
        return _read(await self._calls.worked_out(f"{RUNS}/{run_id}/comparison", params, timeout_s=timeout_s))

    @method
    async def comparison_page(
        self,
        run_id: str,
        *others: str,
        thresholds: Sequence[float] | None = None,
        at_fmr: float | None = None,
        false_alarm_rate: float | None = None,
        timeout_s: float = 300.0,
    ) -> str:
        """The same as a page with its plots: HTML that needs no other file."""
        params = _compared(others, thresholds, at_fmr, false_alarm_rate) | {"format": "html"}
        return await self._calls.worked_out(f"{RUNS}/{run_id}/comparison", params, timeout_s=timeout_s)

    @method
    async def calibration(self, run_id: str, *, timeout_s: float = 300.0) -> dict[str, Any]:
        """The thresholds that a run would give its pack, those in force, and what speaks against taking them."""
        return _read(await self._calls.worked_out(f"{RUNS}/{run_id}/calibration", {}, timeout_s=timeout_s))

    @method
    async def calibrate(self, run_id: str, *, replace: bool = False, timeout_s: float = 300.0) -> dict[str, Any]:
        """Make the thresholds of a run its pack's; with `replace` also where those in force rest on more comparisons.

        Raise ApiRefused, `run_unfit`, `calibration_empty` or `calibration_smaller`, where they are not taken.
        """
        path = f"{RUNS}/{run_id}/calibration"
        await self._calls.worked_out(path, {}, timeout_s=timeout_s)
        return await self._calls.request("POST", path, json={"replace": replace})

    @method
    async def index(
        self, *, pack: str | None = None, dataset: str | None = None, limit: int = 100, timeout_s: float = 300.0
    ) -> dict[str, Any]:
        """The figures of runs that have succeeded, by data set and pack, and what each run differs in from the last."""
        params = given({"pack": pack, "dataset": dataset, "limit": limit})
        return _read(await self._calls.worked_out(f"{RUNS}/index", params, timeout_s=timeout_s))

    @method
    async def index_file(
        self,
        form: str,
        *,
        pack: str | None = None,
        dataset: str | None = None,
        limit: int = 100,
        timeout_s: float = 300.0,
    ) -> str:
        """The same as a page, `html`, or a row a figure, `csv`."""
        params = given({"pack": pack, "dataset": dataset, "limit": limit, "format": form})
        return await self._calls.worked_out(f"{RUNS}/index", params, timeout_s=timeout_s)


def _read(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    return document


def _compared(
    others: Sequence[str], thresholds: Sequence[float] | None, at_fmr: float | None, false_alarm_rate: float | None
) -> dict[str, Any]:
    listed = None if thresholds is None else ",".join(map(repr, thresholds))
    terms = given({"thresholds": listed, "at_fmr": at_fmr, "false_alarm_rate": false_alarm_rate})
    return {"with": ",".join(others), **terms}


class Evaluations(RunCalls, Synchronous):
    """Runs of one API."""


class AsyncEvaluations(RunCalls, Asynchronous):
    """Runs of one API, for asyncio."""
