"""What is said to a request that no route takes: what there is instead."""

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher, get_close_matches

from flask import current_app, request
from werkzeug.routing import Rule

#: How alike two paths, or two segments of paths, must be for one to have been meant by the other.
ALIKE = 0.7
#: Who asks for a call is not sent to a page.
CALLS, PAGES = "/v1/", "pages."


def not_found() -> str:
    """The detail of a 404 by the router: the paths that are most like the one that was asked for, and answer."""
    asked = request.path[:200]
    rules = [*current_app.url_map.iter_rules()]
    near = get_close_matches(asked, _paths(asked, rules, request.method), 3, ALIKE)
    instead = f"did you mean {' or '.join(near)}? All" if near else "all"
    return f"nothing is at {asked}; {instead} paths are in /openapi.json, for people in /docs"


def not_allowed(methods: Iterable[str]) -> str:
    """The detail of a 405: which methods there are."""
    allowed = sorted(set(methods) - {"HEAD", "OPTIONS"})
    return f"{request.path[:200]} takes {' and '.join(allowed)}, not {request.method[:20]}"


def _paths(asked: str, rules: Iterable[Rule], method: str) -> list[str]:
    """Of every route that takes this method; its variables filled with what stands there in the path asked for."""
    taking = (rule for rule in rules if method in (rule.methods or ()))
    fitting = (rule for rule in taking if not (asked.startswith(CALLS) and rule.endpoint.startswith(PAGES)))
    return [path for path in dict.fromkeys(path for rule in fitting for path in _filled(rule, asked)) if path != asked]


def _filled(rule: Rule, asked: str) -> Iterator[str]:
    """The path of a route without variables; of one with some where all the rest of it is like what was asked for."""
    own, segments = str(rule).split("/"), asked.split("/")
    if "<" not in str(rule):
        yield str(rule)
    elif len(own) == len(segments) and all(
        mine.startswith("<") or SequenceMatcher(None, mine, there).ratio() >= ALIKE
        for mine, there in zip(own, segments, strict=True)
    ):
        yield "/".join(there if mine.startswith("<") else mine for mine, there in zip(own, segments, strict=True))
