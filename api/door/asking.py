"""Asking the evaluator about runs, and holding the request until it has answered."""

import time
from contextlib import ExitStack

from api.door.caller import caller
from api.door.services import services
from api.door.waiters import NoPlaceToWait
from api.http.problems import STATUS_OF, Problem
from core.evaluations.inquiries import Answer, Inquiry, TooManyInquiries
from core.evaluations.runs import Run
from core.messaging.broker import Tasks
from core.storage.lifecycle import Status

#: News may be lost: whoever waits looks for himself this often.
LOOK_S = 0.5
#: When to ask again: a comparison of two runs of 6000 pairs takes 1.2 s of CPU, half of it for the plots of its page.
ASK_AGAIN_S = 1
#: And where too many ask.
BUSY_RETRY_S = 5


def succeeded(run_id: str) -> Run:
    """The run. Raise RecordNotFound, or Problem for one that has no report."""
    run = services().runs.get(run_id)
    if run.status is not Status.SUCCEEDED:
        detail = f"run {run_id} is {run.status}; what it found can be asked once it has succeeded"
        raise Problem(409, "report_not_ready", detail)
    return run


def answer_to(inquiry: Inquiry, form: str, wait_s: float) -> str | None:
    """The answer in this form, waited for as long as that is granted; None while the evaluator is at it.

    Raise Problem for what cannot be answered, RedisUnavailable where nothing could be asked.
    """
    inquiries, digest = services().inquiries, inquiry.digest
    if (answer := inquiries.answer(digest, form)) is not None:
        return _text(answer, form)
    _send(inquiry)
    granted_s = min(wait_s, services().settings.api.max_wait_s)
    deadline = time.monotonic() + granted_s
    with ExitStack() as until_answered:
        if granted_s > 0:
            try:
                until_answered.enter_context(services().waiters.place(caller().owner))
            except NoPlaceToWait:
                return None
            wait = until_answered.enter_context(services().news["inquiry"].of(digest))
        while (answer := inquiries.answer(digest, form)) is None:
            if (left_s := deadline - time.monotonic()) <= 0:
                return None
            wait(min(LOOK_S, left_s))
    return _text(answer, form)


def _send(inquiry: Inquiry) -> None:
    inquiries, digest = services().inquiries, inquiry.digest
    try:
        if not inquiries.put(inquiry):
            return
    except TooManyInquiries as error:
        detail = f"{error}: ask again later. Nothing was asked"
        raise Problem(429, "too_many_inquiries", detail, headers={"Retry-After": str(BUSY_RETRY_S)}) from None
    try:
        services().enqueue(Tasks.ANSWER_INQUIRY, digest)
    except BaseException:
        inquiries.withdraw(digest)
        raise


def _text(answer: Answer, form: str) -> str:
    if (failure := answer.failure) is not None:
        raise Problem(STATUS_OF.get(failure.code, 500), failure.code, failure.message)
    return answer.texts[form]
