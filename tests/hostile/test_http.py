"""Requests that no honest client sends, over a socket: every answer is below 500."""

import time
from collections.abc import Iterator, Sequence

import httpx
import pytest

from tests.hostile.wire import END, FORM, JPEG, PROBE, REFERENCE, exchange, part, post, status_of
from tests.support.stack import Stack


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=60) as client:
        yield client


FORMS: dict[str, tuple[bytes, bytes, tuple[int, ...]]] = {
    "many parts": (FORM, part('name="x"', b"") * 5000 + END, (413,)),
    "a huge field name": (FORM, part(f'name="{"n" * 200_000}"', b"") + REFERENCE + PROBE + END, (413, 422)),
    "a huge field": (FORM, part('name="metadata"', b"x" * 10**6) + END, (413,)),
    "oversized metadata": (
        FORM,
        REFERENCE + PROBE + part('name="metadata"', b'{"a": "%s"}' % (b"x" * 3000)) + END,
        (422,),
    ),
    "a huge part header": (FORM, b"--b\r\nX: " + b"x" * 10**6 + b"\r\n\r\n\r\n" + END, (413, 422)),
    "many part headers": (FORM, b"--b\r\n" + b"X: y\r\n" * 50_000 + b"\r\n\r\n" + END, (413, 422)),
    "no boundary": (b"Content-Type: multipart/form-data\r\n", REFERENCE + PROBE + END, (400,)),
    "an empty boundary": (b"Content-Type: multipart/form-data; boundary=\r\n", REFERENCE + END, (400,)),
    "a long boundary": (b"Content-Type: multipart/form-data; boundary=%s\r\n" % (b"b" * 4000), REFERENCE, (422,)),
    "another boundary": (b"Content-Type: multipart/form-data; boundary=other\r\n", REFERENCE + PROBE + END, (422,)),
    "no end": (FORM, REFERENCE + PROBE, (422,)),
    "duplicate parts": (FORM, REFERENCE * 3 + PROBE * 3 + END, (422,)),
    "a nested form": (
        FORM,
        b'--b\r\nContent-Disposition: form-data; name="reference"; filename="x"\r\n'
        b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n" + PROBE + END,
        (415, 422),
    ),
    "an encoded part": (
        FORM,
        b'--b\r\nContent-Disposition: form-data; name="reference"; filename="x"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n/9j/\r\n" + PROBE + END,
        (415, 422),
    ),
    "a path for a filename": (
        FORM,
        part('name="reference"; filename="../../etc/passwd\0"', JPEG) + PROBE + END,
        (202, 422),
    ),
    "a part that is no file": (FORM, part('name="reference"', b"x") + PROBE + END, (422,)),
    "newlines": (FORM, b"\r\n" * 3_000_000, (413, 422)),
    "dashes": (FORM, b"--b" * 3_000_000, (413, 422)),
    "a form in JSON's place": (b"Content-Type: application/json\r\n", b'{"reference": 1}', (415, 422)),
    "another charset": (
        FORM,
        REFERENCE + PROBE + b'--b\r\nContent-Disposition: form-data; name="policy"\r\nContent-Type: text/plain; '
        b"charset=utf-7\r\n\r\n+ADw-\r\n" + END,
        (422,),
    ),
    "bytes that are no text": (FORM, REFERENCE + PROBE + part('name="metadata"', b"\xff\xfe\0\xd8") + END, (422,)),
    "odd but honest text": (
        FORM,
        REFERENCE
        + PROBE
        + part('name="metadata"', '{"\u202e\u0000名": "\ud83d\ude00é\u0301"}'.encode("utf-8", "surrogatepass"))
        + END,
        (202, 422),
    ),
    "half a surrogate": (FORM, REFERENCE + PROBE + part('name="metadata"', rb'{"a": "\ud800"}') + END, (202, 422)),
    "half a surrogate as the pack": (FORM, REFERENCE + PROBE + part('name="pack"', b"\xed\xa0\x80") + END, (422,)),
    "a newline in the pack": (FORM, REFERENCE + PROBE + part('name="pack"', b"x\r\ny: z") + END, (422,)),
    "deep metadata": (FORM, REFERENCE + PROBE + part('name="metadata"', b"[" * 2000) + END, (422,)),
    "an infinite threshold": (FORM, REFERENCE + PROBE + part('name="threshold"', b"1e999") + END, (422,)),
    "a long threshold": (FORM, REFERENCE + PROBE + part('name="threshold"', b"9" * 10_000) + END, (422,)),
}


@pytest.mark.parametrize("case", FORMS)
def test_an_abused_form_is_refused_with_a_problem(stack: Stack, case: str) -> None:
    headers, body, expected = FORMS[case]
    start = time.monotonic()
    answer = exchange(stack, post("/v1/comparisons", headers, body))
    assert status_of(answer) in expected, answer[:2000]
    assert len(answer) < 20_000, "what was sent is not sent back"
    if status_of(answer) != 202:
        assert b"application/problem+json" in answer
    assert time.monotonic() - start < 15


DEEP = b"[" * 30_000
JSONS: dict[str, tuple[bytes, Sequence[int]]] = {
    "deep nesting": (b'{"dataset": ' + DEEP, (400, 422)),
    "deep and closed": (b'{"dataset": ' + DEEP + b"]" * 30_000 + b"}", (400, 422)),
    "a huge number": (b'{"dataset": "x", "detection_size": ' + b"9" * 5000 + b"}", (400, 422)),
    "a huge float": (b'{"dataset": "x", "detection_size": 1e400}', (400, 422)),
    "NaN": (b'{"dataset": "x", "detection_size": NaN}', (400, 422)),
    "infinity": (b'{"dataset": "x", "detection_size": -Infinity}', (400, 422)),
    "duplicate keys": (b'{"dataset": "x", "dataset": "y"}', (422,)),
    "not an object": (b'["dataset"]', (422,)),
    "nothing": (b"", (400, 422)),
    "null": (b"null", (400, 422)),
    "another encoding": ('{"dataset": "x"}'.encode("utf-16"), (400, 422)),
    "no text": (b"\xff\xfe\xfd", (400, 422)),
    "half a surrogate": (rb'{"dataset": "\ud800"}', (422,)),
    "a zero byte": (rb'{"dataset": "\u0000"}', (422,)),
    "a path": (b'{"dataset": "../../secrets"}', (422,)),
    "unknown fields": (b'{"dataset": "x", "__class__": {}, "constructor": 1}', (422,)),
    "a long name": (b'{"dataset": "%s"}' % (b"x" * 10**6), (413, 422)),
    "a false type": (b'{"dataset": {"$ne": null}}', (422,)),
}


@pytest.mark.parametrize("case", JSONS)
def test_abused_json_is_refused_with_a_problem(stack: Stack, case: str) -> None:
    body, expected = JSONS[case]
    answer = exchange(stack, post("/v1/evaluations", b"Content-Type: application/json\r\n", body))
    assert status_of(answer) in expected, answer[:2000]
    assert b"application/problem+json" in answer


ODD_REQUESTS: dict[str, bytes] = {
    "a long path": b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % (b"a" * 20_000),
    "a path of a thousand parts": b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % (b"/.." * 1000),
    "a zero byte in the path": b"GET /v1/comparisons/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a way out of the path": b"GET /v1/comparisons/..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a plain way out": b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "two slashes": b"GET //evil.example/..  HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "bytes in the path": b"GET /v1/comparisons/\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a pattern for an id": b"GET /v1/comparisons/* HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "half an escape": b"GET /v1/comparisons/%zz?wait=%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a whole address": b"GET http://evil.example/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a long query": b"GET /v1/comparisons?cursor=%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % (b"a" * 3500),
    "a query of many": b"GET /v1/comparisons?%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % (b"limit=1&" * 400),
    "an infinite wait": b"GET /v1/comparisons/cmp_0?wait=inf HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a wait that is no number": b"GET /v1/comparisons/cmp_0?wait=nan HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a long header": b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: %s\r\n\r\n" % (b"a" * 100_000),
    "many headers": b"GET /health HTTP/1.1\r\nHost: localhost\r\n%s\r\n" % (b"X: y\r\n" * 1000),
    "control characters": b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: a\x01\x02b\x00\r\n\r\n",
    "a header on two lines": b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n",
    "a name with a space": b"GET /health HTTP/1.1\r\nHost: localhost\r\nX y: a\r\n\r\n",
    "no host": b"GET /health HTTP/1.1\r\n\r\n",
    "an odd host": b"GET /v1/comparisons/ HTTP/1.1\r\nHost: a b/<c>\r\n\r\n",
    "two lengths": post("/compare", FORM + b"Content-Length: 3\r\nContent-Length: 5\r\n", b"xxxxx"),
    "a negative length": post("/compare", FORM + b"Content-Length: -3\r\n", b"xxxxx"),
    "a length in words": post("/compare", FORM + b"Content-Length: five\r\n", b"xxxxx"),
    "a length beyond the limit": post("/compare", FORM + b"Content-Length: 99999999999999999999\r\n", b"xxxxx"),
    "a length too short": post("/compare", FORM + b"Content-Length: 20\r\n", REFERENCE + PROBE + END),
    "a length and chunks": post(
        "/compare", FORM + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"
    ),
    "chunks of no size": post("/compare", FORM + b"Transfer-Encoding: chunked\r\n", b"zz\r\nx\r\n"),
    "a chunk of a petabyte": post(
        "/compare", FORM + b"Transfer-Encoding: chunked\r\n", b"3ffffffffffff\r\nx\r\n0\r\n\r\n"
    ),
    "an unknown coding": post("/compare", FORM + b"Transfer-Encoding: gzip\r\n", b"xxxxx"),
    "an unknown expectation": post("/compare", FORM + b"Expect: a-pony\r\nContent-Length: 0\r\n", b""),
    "an unknown method": b"BREW /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "an old protocol": b"GET /health HTTP/0.9\r\n\r\n",
    "a future protocol": b"GET /health HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "HTTP/2 without a word": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an upgrade": b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n"
    b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
    "a handshake": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500) + b"\r\n\r\n",
    "a proxy's word": b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "an odd range": b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\nRange: bytes=9-1,-,x-\r\n\r\n",
    "odd conditions": b'GET /v1/comparisons/cmp_0 HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: ",,W/\r\n\r\n',
    "an odd preference": b"GET /v1/comparisons/cmp_0 HTTP/1.1\r\nHost: localhost\r\nPrefer: wait=%s\r\n\r\n"
    % (b"9" * 5000),
    "an odd authorisation": b"GET /v1/packs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic \xff\xfe==\r\n\r\n",
}
#: What gunicorn itself answers so, to a protocol it does not speak.
NOT_SPOKEN = {"an unknown coding": 501}


@pytest.mark.parametrize("case", ODD_REQUESTS)
def test_an_odd_request_is_answered_below_500(stack: Stack, case: str) -> None:
    answer = exchange(stack, ODD_REQUESTS[case], hang_up=True)
    assert status_of(answer) == NOT_SPOKEN.get(case) or status_of(answer) < 500, answer[:2000]
    assert b"Traceback" not in answer
    assert b"\r\nX: " not in answer
    assert httpx.get(f"{stack.url}/health", timeout=20).status_code == 200


def test_a_body_that_breaks_off_is_told_so(stack: Stack) -> None:
    answer = exchange(stack, post("/compare", FORM + b"Content-Length: 100000\r\n", REFERENCE), hang_up=True)
    assert status_of(answer) in (400, 408, 422), answer


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/health", "/openapi.json", "/v1/comparisons", "/v1/packs", "/nowhere", "//nowhere"]
)
def test_every_answer_has_the_headers_that_keep_browsers_and_caches_away(http: httpx.Client, path: str) -> None:
    answer = http.get(path)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Server"] == "gunicorn"
    assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize("given", ["a b", "x" * 65, "<script>", "é"])
def test_a_request_id_that_is_none_is_replaced(http: httpx.Client, given: str) -> None:
    answer = http.get("/health", headers=[(b"X-Request-Id", given.encode())])
    assert answer.headers["X-Request-Id"].startswith("req_")
