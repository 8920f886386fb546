"""The web application's pages: files that this deployment serves, nothing inline. A browser tries what they show."""

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from api.routes.pages import PAGES
from core.settings import CHECKOUT
from tests.support.html_page import Page
from tests.support.stack import Stack

STATIC = CHECKOUT / "api" / "static"
MODULES = sorted(STATIC.rglob("*.js"))
_IMPORT = re.compile(r'^import .* from "(\.{1,2}/[^"]+)";$', re.M)


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, headers={"Accept": "text/html"}) as client:
        yield client


@pytest.mark.parametrize("path", PAGES)
def test_a_page_may_run_and_call_nothing_but_this_deployment(http: httpx.Client, path: str) -> None:
    answer = http.get(path.replace("<", "").replace(">", ""))
    assert answer.status_code == 200
    policy = dict(rule.split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "connect-src")} == {"'self'"}


@pytest.mark.parametrize("path", [*PAGES, "/problems/job_not_found"])
def test_a_page_is_made_of_files_that_this_deployment_serves(http: httpx.Client, path: str) -> None:
    answer = http.get(path.replace("<", "").replace(">", ""))
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    page = Page(answer.text)
    assert page.inline == []
    assert page.loads
    for found in page.loads + page.links:
        assert found.startswith(("/", "#")), "of another host"
        assert found.startswith("#") or http.get(found).status_code == 200, found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(STATIC)))
def test_a_module_imports_what_there_is_and_names_no_other_host(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    for name in _IMPORT.findall(text):
        assert (module.parent / name).resolve().is_relative_to(STATIC)
        assert (module.parent / name).is_file(), name
    assert len(_IMPORT.findall(text)) == text.count("\nimport ") + text.startswith("import ")
    assert set(re.findall(r"https?://[^\s\"'`]*", text)) <= {SVG}, "of another host"
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", text), "reads text as HTML"


#: The name of a language, which nothing is fetched from.
SVG = "/".join(("http:", "", "www.w3.org", "2000", "svg"))


def test_a_file_of_a_page_is_sent_once_until_it_changes(stack: Stack) -> None:
    first = httpx.get(f"{stack.url}/assets/site.css")
    assert first.headers["Cache-Control"] == "no-cache"
    again = httpx.get(f"{stack.url}/assets/site.css", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["none.js", "../app.py", "..%2fapp.py", "%2e%2e/templates/base.html", "pages", ""])
def test_no_other_file_is_served(stack: Stack, name: str) -> None:
    answer = httpx.get(f"{stack.url}/assets/{name}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_there_is_a_page_for_each_script_and_a_script_for_each_page() -> None:
    scripts = {script.stem for script in (STATIC / "pages").glob("*.js")}
    assert scripts == {template.removesuffix(".html") for template in PAGES.values()}


def policy_of(answer: httpx.Response) -> dict[str, str]:
    rules = answer.headers["Content-Security-Policy"].split("; ")
    return {name: value for name, _, value in (rule.partition(" ") for rule in rules)}


def test_a_report_is_shown_in_a_frame_that_is_nobodys_and_runs_what_has_its_digests_alone(http: httpx.Client) -> None:
    digests = [f"sha256-{letter * 43}=" for letter in "aB+/0"]
    others = ["'unsafe-inline'", "https://elsewhere.example", "sha256-short=", f"{digests[0]}; script-src *"]
    answer = http.get("/evaluations/frame", params={"digest": [*others, *digests]})
    policy = policy_of(answer)
    own, *its = policy["script-src"].split(" ")
    assert its == policy["style-src"].split(" ") == [f"'{digest}'" for digest in digests[:4]]
    script = re.search(r"<script>(.*)</script>", answer.text, re.DOTALL)
    assert script
    assert own == f"'sha256-{b64encode(sha256(script[1].encode()).digest()).decode()}'", "what writes it"
    assert policy["sandbox"] == "allow-scripts"
    assert {policy[name] for name in ("default-src", "base-uri", "form-action")} == {"'none'"}
    assert (policy["frame-ancestors"], policy["img-src"]) == ("'self'", "data:")
    empty = policy_of(http.get("/evaluations/frame"))
    assert (empty["script-src"], empty["style-src"]) == (own, "'none'")


def test_only_pages_that_show_reports_have_frames(http: httpx.Client) -> None:
    framing = {path for path in PAGES if "frame-src" in policy_of(http.get(path.replace("<", "").replace(">", "")))}
    assert framing == {"/evaluations/compare", "/evaluations/index", "/evaluations/<run_id>"}
