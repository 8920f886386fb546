"""Query parameters: one that a route does not know is refused, as an unknown field of a body is.

A misspelt one would otherwise be an answer to another question. Pages and probes take any: who links to a page, or
watches a process, may have reasons of its own.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import current_app, request

from api.http.problems import FieldError, Problem

F = TypeVar("F", bound=Callable[..., Any])

_OPEN_ENDPOINTS = ("pages.", "reference.", "api-docs.", "health.")
_ATTRIBUTE = "_likeness_query"


def declare_query(view: F, names: tuple[str, ...]) -> F:
    """Write on a view which parameters it takes, `metadata.` whichever begin so; decorators around it keep that."""
    setattr(view, _ATTRIBUTE, names)
    return view


def refuse_unknown() -> None:
    """Raise Problem for a parameter that this route does not take, or that stands more than once."""
    if request.endpoint is None or request.method == "OPTIONS" or request.endpoint.startswith(_OPEN_ENDPOINTS):
        return
    known = _known(request.endpoint, "GET" if request.method == "HEAD" else request.method)
    errors = [
        FieldError(f"/{name}", code, detail)
        for name, values in request.args.lists()
        for code, detail in _faults(name, len(values), known)
    ]
    if errors:
        first = errors[0]
        raise Problem(422, first.code, f"{first.pointer.removeprefix('/')}: {first.detail}", errors=errors)


def _faults(name: str, times: int, known: tuple[str, ...]) -> list[tuple[str, str]]:
    open_names = tuple(one for one in known if one.endswith("."))
    if name not in known and not name.startswith(open_names):
        told = (f"{one}<name>" if one in open_names else one for one in known)
        takes = f"known here are {', '.join(told)}" if known else "this call takes none"
        return [("parameter_unknown", f"no query parameter has this name; {takes}")]
    if times > 1:
        return [("parameter_twice", f"this query parameter stands {times} times; send it once")]
    return []


def _known(endpoint: str, method: str) -> tuple[str, ...]:
    view = current_app.view_functions[endpoint]
    handler = getattr(getattr(view, "view_class", None), method.lower(), view)
    names: tuple[str, ...] = getattr(handler, _ATTRIBUTE, ())
    return names


def taken(endpoint: str) -> tuple[str, ...]:
    """The parameters that a GET of this endpoint takes, for a page that offers them as filters."""
    return _known(endpoint, "GET")
