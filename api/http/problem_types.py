"""What each problem's `code` means and what to do about it; its `type` is the path of the page that says so."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path

PATH = "/problems"
_TEXTS = Path(__file__).with_name("problem_types.toml")

#: Codes of HTTP errors that Flask or the router raise; the rest are called after their status.
CODE_OF: Mapping[int, str] = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    416: "range_not_satisfiable",
    500: "internal",
}


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One code, for people. `settings` are those by which a deployment may be changed so that it does not arise."""

    code: str
    #: HTTP statuses it is answered with; none where only a job's `error`, a log or a command tells it.
    status: tuple[int, ...]
    cause: str
    remedy: str
    settings: tuple[str, ...] = ()


@cache
def problem_types() -> Mapping[str, ProblemType]:
    """Ours by code, in the order of the file: those of one subject together."""
    texts = tomllib.loads(_TEXTS.read_text(encoding="utf-8"))
    return {
        code: ProblemType(code, tuple(of["status"]), of["cause"], of["remedy"], tuple(of.get("settings", ())))
        for code, of in texts.items()
    }


def find_type(code: str) -> ProblemType | None:
    """The one of this code: ours, or an HTTP error that we have no more to say of than its status does."""
    if (found := problem_types().get(code)) is not None:
        return found
    status = next((s for s in HTTPStatus if s >= HTTPStatus.BAD_REQUEST and code_of(s) == code), None)
    if status is None:
        return None
    said = (status.description or status.phrase).rstrip(".")
    return ProblemType(code, (status.value,), f"{said}.", "`detail` says what was found.")


def code_of(status: int) -> str:
    """The code of an HTTP error that says no more than its status."""
    return CODE_OF.get(status, HTTPStatus(status).phrase.lower().replace(" ", "_").replace("-", "_").replace("'", ""))


def type_of(code: str) -> str:
    """The `type` of a problem (RFC 9457): a path on this deployment, by whatever name a client calls it."""
    return f"{PATH}/{code}"
