"""What is said to a request that no route takes: what there is instead."""

from collections.abc import Iterable
from difflib import get_close_matches

from flask import current_app, request


def not_found() -> str:
    """The detail of a 404 by the router: the paths that are most like the one that was asked for."""
    asked = request.path
    near = get_close_matches(asked[:200], _paths(asked), 3, 0.7)
    instead = f"did you mean {' or '.join(near)}? All" if near else "all"
    return f"nothing is at {asked[:200]}; {instead} paths are in /openapi.json, for people in /docs"


def not_allowed(methods: Iterable[str]) -> str:
    """The detail of a 405: which methods there are."""
    allowed = sorted(set(methods) - {"HEAD", "OPTIONS"})
    return f"{request.path[:200]} takes {' and '.join(allowed)}, not {request.method[:20]}"


def _paths(asked: str) -> list[str]:
    """Every route's path; its variables filled with what stands there in the path that was asked for."""
    segments = asked.split("/")
    found = dict[str, None]()
    for rule in current_app.url_map.iter_rules():
        own = str(rule).split("/")
        if len(own) == len(segments):
            own = [there if mine.startswith("<") else mine for mine, there in zip(own, segments, strict=True)]
        found["/".join(own)] = None
    return [path for path in found if "<" not in path and path != asked]
