"""Where keys are off, whoever reaches the API may do everything: so no page of another site reaches it for its reader.

A browser says in `Host` by which name it found us, so a name that was made to lead here (DNS rebinding) shows; and in
`Sec-Fetch-Site` (https://www.w3.org/TR/fetch-metadata/) and `Origin` whose page asks.
"""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import request

from api.door.services import services
from api.http.problems import Problem
from core.settings.groups import ApiSettings

_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^\s\[\]:/@,]+)(?::\d{1,5})?", re.IGNORECASE)
#: No page at all has asked: a program, or an address that was typed in; or our own page has.
_OURS = ("", "none", "same-origin")
_WAY_OUT = "into LIKENESS_API_HOSTS; or turn keys on with LIKENESS_AUTH=on"


def refuse_other_sites() -> None:
    """While keys are off, raise Problem (403) for a Host that is not ours, and for pages of other sites."""
    settings = services().settings.api
    if settings.auth_on:
        return
    host = request.environ.get("HTTP_HOST", "").lower()
    if host and not _stands_for_us(host, settings):  # no browser leaves it out
        raise Problem(
            403,
            "host_unknown",
            "without keys the API answers to loopback's names only, such as http://127.0.0.1 and http://localhost; "
            f"this request's Host is {host!r}. Where that is a name of yours, put it {_WAY_OUT}",
        )
    origin, site = (request.headers.get(name, "") for name in ("Origin", "Sec-Fetch-Site"))
    if not (_is_our_page(origin, site, host, settings) or _is_followed_link()):
        raise Problem(
            403,
            "other_site",
            "without keys the API answers to programs and its own page, not to pages of other sites; this request's "
            f"Origin is {origin!r}, its Sec-Fetch-Site {site!r}. Where that page is yours, put its host {_WAY_OUT}",
        )


def _stands_for_us(host: str, settings: ApiSettings) -> bool:
    name = _name(host)
    return name is not None and (
        name in ("localhost", urlsplit(settings.url).hostname) or _is_loopback(name) or _is_known(host, settings)
    )


def _is_our_page(origin: str, site: str, host: str, settings: ApiSettings) -> bool:
    """Another port is another page: it is not ours because it is on loopback."""
    authority = urlsplit(origin).netloc.lower() if "://" in origin else ""
    if not origin:
        return site in _OURS
    return (authority == host and site in _OURS) or _is_known(authority, settings)


def _is_followed_link() -> bool:
    """What it opens is shown to the reader; the page that it was on cannot read it."""
    how = (request.headers.get(name) for name in ("Sec-Fetch-Mode", "Sec-Fetch-Dest"))
    return request.method in ("GET", "HEAD") and tuple(how) == ("navigate", "document")


def _is_known(authority: str, settings: ApiSettings) -> bool:
    """Whether it is one of LIKENESS_API_HOSTS, at any port where none is named there."""
    return not {authority, _name(authority)}.isdisjoint(known.lower() for known in settings.hosts)


def _name(authority: str) -> str | None:
    """Without its port; None for what is no authority."""
    found = _AUTHORITY.fullmatch(authority)
    return found[1].strip("[]").rstrip(".") if found else None


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
