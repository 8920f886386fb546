"""What can go wrong between a program and the API. Every error has a stable `code`, and says whether to try again."""

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """A call came to nothing. `code` is stable for machines; `retryable` says whether trying again may help."""

    code = "api_error"
    retryable = False


class ApiUnreachable(ApiError):
    """The API did not answer."""

    code = "api_unreachable"
    retryable = True


class ApiSilent(ApiUnreachable):
    """The API, or a proxy before it, took the request and did not answer in time."""

    code = "api_silent"


class ApiSlow(ApiError):
    """What was asked for was not worked out in the time given; the API goes on with it."""

    code = "api_slow"
    retryable = True


class ApiForeign(ApiError, KeyError):
    """Something answered that is not this API."""

    code = "api_foreign"
    __str__ = Exception.__str__


class ApiRefused(ApiError):
    """The API answered with a problem document (RFC 9457), kept whole in `problem`."""

    def __init__(self, problem: Mapping[str, Any], retry_after_s: float | None = None) -> None:
        super().__init__(str(problem.get("detail") or problem.get("title") or problem))
        self.problem = dict(problem)
        self.code = str(problem.get("code", "unknown"))
        #: HTTP's; None where a problem document lacks it.
        self.status: int | None = problem.get("status")
        self.retryable = self.status in (429, 503)
        #: Seconds before which the API does not want to be asked again; None where it said nothing.
        self.retry_after_s = retry_after_s

    @property
    def request_id(self) -> str | None:
        """Under which the API's log has it."""
        return self.problem.get("request_id")

    @property
    def faults(self) -> tuple[Mapping[str, str], ...]:
        """Every bad field, each with `pointer` and `detail`. Empty where it was not about fields."""
        return tuple(self.problem.get("errors", ()))
