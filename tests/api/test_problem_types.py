"""`/problems`: every code that the code can raise has a page that says what it means and what to do."""

import ast
import re
from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import urljoin

import httpx
import pytest

from api.http.problem_types import code_of, find_type, problem_types
from api.http.problems import STATUS_OF
from core.keys.keys import KeyState
from core.settings import CHECKOUT
from infra.docs.settings import settings_page
from tests.support.stack import Stack

#: Where codes arise that a client, an operator or a log is told.
PACKAGES = ("api", "core", "courier", "evaluator", "worker")
#: Who is given a code, and in which place.
TAKES_CODE = {
    "Problem": 1,
    "problem_response": 1,
    "FieldError": 1,
    "FieldRefused": 1,
    "CallbackRefused": 0,
    "Failure": 0,
    "NotJudged": 0,
    "exceeded": 0,
    "refused": 2,
    "_fail": 1,
    "give_up": 1,
}
#: Helpers of their modules that take it elsewhere than another of the name.
TAKES_CODE_IN = {("api/door/access.py", "_refused"): 0, ("core/batches/pairs.py", "_refused"): 1}
#: What is put together while it runs, or handed on from a list.
COMPOSED = {
    "api/door/access.py": {f"key_{state}" for state in KeyState if state is not KeyState.ACTIVE},
    "core/comparisons/submission.py": {
        f"image_url_{rest}"
        for rest in (
            *("invalid", "too_long", "scheme_refused"),
            *("port_refused", "credentials_refused", "address_refused"),
        )
    },
    "api/door/query.py": {"parameter_unknown", "parameter_twice"},
    "api/routes/compare.py": {"cancelled"},
}
_CODE = re.compile(r"[a-z]+(?:_[a-z0-9]+)*")
_IN_SCHEMA = re.compile(rf"({_CODE.pattern})\|")


def literal_codes(path: str, tree: ast.AST) -> Iterator[tuple[str, int | None]]:
    """Each code that stands in a module as a text, with the HTTP status beside it, if there is one."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code))):
                yield code, None
            case ast.Constant(value=str(text)) if found := _IN_SCHEMA.match(text):
                yield found[1], 422
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args):
                place = TAKES_CODE_IN.get((path, name), TAKES_CODE.get(name))
                if place is None or len(args) <= place:
                    continue
                match args[0], args[place]:
                    case ast.Constant(value=int(status)), ast.Constant(value=str(code)):
                        yield code, status
                    case _, ast.Constant(value=str(code)):
                        yield code, None


def raised() -> dict[str, set[int]]:
    """Every code of ours, with the statuses that stand beside it."""
    found: dict[str, set[int]] = {}
    for package in PACKAGES:
        for file in sorted((CHECKOUT / package).rglob("*.py")):
            path = str(file.relative_to(CHECKOUT))
            for code, status in literal_codes(path, ast.parse(file.read_text(encoding="utf-8"))):
                found.setdefault(code, set()).update({status} if status else ())
            for code in COMPOSED.get(path, ()):
                found.setdefault(code, set())
    for status in (400, 404, 405, 413, 416):
        found.setdefault(code_of(status), set()).add(status)
    for code, status in STATUS_OF.items():
        found.setdefault(code, set()).add(status)
    return found


RAISED = raised()


def test_the_codes_are_found_in_the_code() -> None:
    assert len(RAISED) > 120
    for code in ("pack_unknown", "key_revoked", "rate_limited", "field_twice", "custom_id_twice", "image_url_invalid"):
        assert code in RAISED


def test_every_code_that_can_be_raised_has_a_page_and_every_page_a_code() -> None:
    assert set(RAISED) - set(problem_types()) == set(), "write them into api/http/problem_types.toml"
    assert set(problem_types()) - set(RAISED) == set(), "nothing raises these any more"


def test_each_page_names_the_statuses_that_stand_in_the_code() -> None:
    assert {code: statuses - set(problem_types()[code].status) for code, statuses in RAISED.items()} == {
        code: set() for code in RAISED
    }


@pytest.mark.parametrize("code", problem_types())
def test_each_page_is_short_and_names_only_settings_that_exist(code: str) -> None:
    one = problem_types()[code]
    for text in (one.cause, one.remedy):
        assert 10 < len(text) < 220, text
        assert text.endswith("."), text
        assert text.count("`") % 2 == 0
    assert all(f"| `{setting}` |" in settings_page() for setting in one.settings)
    for page in re.findall(r"docs/[a-z]+\.md", one.cause + one.remedy):
        assert (CHECKOUT / page).is_file()


@pytest.mark.parametrize("status", [status for status in HTTPStatus if status >= 400])
def test_an_error_that_says_no_more_than_its_status_has_a_page_too(status: HTTPStatus) -> None:
    found = find_type(code_of(status))
    assert found is not None
    assert status in found.status


def test_the_table_in_the_documents_says_the_same() -> None:
    page = (CHECKOUT / "docs" / "api.md").read_text(encoding="utf-8").partition("\n## Errors\n")[2]
    documented: dict[str, set[int]] = {}
    for row in re.findall(r"^\| (\d{3})[^|]* \| (.*) \|$", page, re.M):
        for code in set(re.findall(rf"`({_CODE.pattern})`", row[1])) - {"detail", "errors"}:
            documented.setdefault(code, set()).add(int(row[0]))
    assert {code: statuses - set(problem_types()[code].status) for code, statuses in documented.items()} == {
        code: set() for code in documented
    }
    told = {code for code, one in problem_types().items() if one.status and set(one.status) != {500}}
    assert told - set(documented) == set()


def test_the_type_of_a_problem_leads_to_its_page(stack: Stack) -> None:
    problem = httpx.get(f"{stack.url}/v1/comparisons/cmp_0")
    assert problem.json()["code"] == "job_not_found"
    page = httpx.get(urljoin(str(problem.url), problem.json()["type"]))
    assert page.headers["Content-Type"] == "application/json"
    assert page.headers["Vary"] == "Accept"
    one = page.json()
    assert (one["code"], one["type"], one["status"]) == ("job_not_found", "/problems/job_not_found", [404])
    assert one["settings"] == ["LIKENESS_JOB_RETENTION_S", "LIKENESS_WEBHOOK_RETENTION_S"]


def test_a_browser_gets_the_page_as_html_without_script(stack: Stack) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    page = httpx.get(f"{stack.url}/problems/metadata_invalid", headers=browser)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<h1><code>metadata_invalid</code></h1>" in page.text
    assert "{&#34;case&#34;: &#34;42&#34;}" in page.text
    assert "<script" not in page.text
    assert "script-src" not in page.headers["Content-Security-Policy"]  # `default-src 'none'` holds
    index = httpx.get(f"{stack.url}/problems", headers=browser)
    assert all(f'<a href="/problems/{code}">' in index.text for code in problem_types())


def test_the_list_has_every_problem(stack: Stack) -> None:
    listed = httpx.get(f"{stack.url}/problems").json()["problems"]
    assert [one["code"] for one in listed] == list(problem_types())


@pytest.mark.parametrize("code", ["nothing", "<script>alert(1)<", "Pack_Unknown"])
def test_a_code_that_is_none_has_no_page(stack: Stack, code: str) -> None:
    answer = httpx.get(f"{stack.url}/problems/{code}", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
