"""What a submission may be sent as: a form or JSON; and what is said to whoever sends something else."""

import base64
import json
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from core.settings import Settings
from tests.api.test_refusals import small_jpeg
from tests.hostile.wire import END, FORM, JPEG, PROBE, REFERENCE, exchange, part, post
from tests.support.stack import Stack

JSON = b"Content-Type: application/json\r\n"
IMAGE = base64.b64encode(small_jpeg()).decode()


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=60) as client:
        yield client


@pytest.fixture
def text(samples: dict[str, Path]) -> Callable[[str], str]:
    return lambda name: base64.b64encode(samples[name].read_bytes()).decode()


def answered(stack: Stack, headers: bytes, body: bytes) -> tuple[int, dict[str, str]]:
    head, _, said = exchange(stack, post("/v1/comparisons", headers, body)).partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), json.loads(said)


def test_json_with_base64_is_compared_like_a_form(
    http: httpx.Client, samples: dict[str, Path], text: Callable[[str], str]
) -> None:
    files = {name: (name, samples[f"{image}.jpg"].read_bytes()) for name, image in PAIR.items()}
    form = {"threshold": "0.5", "metadata": '{"case":"42"}', "policy": "require_one"}
    by_form = http.post("/v1/comparisons", files=files, data=form, headers={"Prefer": "wait=30"}).json()
    body = {
        "reference": text("obama.jpg"),
        "probe": f"data:image/jpeg;base64,{text('obama2.jpg')}",
        "threshold": 0.5,
        "metadata": {"case": "42"},
        "policy": "require_one",
        "pack": None,
    }
    by_json = http.post("/v1/comparisons", json=body, headers={"Prefer": "wait=30"}).json()
    assert by_json["status"] == "succeeded", by_json
    same = ("score", "decision", "threshold", "policy", "metadata", "faces", "pack_digest")
    assert [by_json[name] for name in same] == [by_form[name] for name in same]


PAIR = {"reference": "obama", "probe": "obama2"}


def test_the_plain_call_takes_json(http: httpx.Client, text: Callable[[str], str]) -> None:
    answer = http.post("/compare", json={name: text(f"{image}.jpg") for name, image in PAIR.items()}).json()
    assert answer["is_match"] is True


def test_base64_as_others_write_it(http: httpx.Client, samples: dict[str, Path]) -> None:
    """PHP escapes `/`, .NET escapes `+`, MIME breaks lines, and the URL-safe alphabet goes without padding."""
    image = samples["obama.jpg"].read_bytes()
    plain = base64.b64encode(image).decode()
    forms = [
        plain.replace("/", "\\/"),
        plain.replace("+", "\\u002B").replace("=", "\\u003d"),
        base64.encodebytes(image).decode().replace("\n", "\\r\\n"),
        base64.urlsafe_b64encode(image).decode().rstrip("="),
    ]
    for form in forms:
        body = f'{{"reference": "{form}", "probe": "{plain}"}}'
        answer = http.post("/compare", content=body, headers={"Content-Type": "application/json"})
        assert answer.json().get("similarity_score") == 1.0, answer.text


def test_a_request_is_the_same_in_either_body(http: httpx.Client) -> None:
    headers = {"Idempotency-Key": "form-or-json"}
    files = {name: (name, small_jpeg()) for name in PAIR}
    first = http.post("/v1/comparisons", files=files, headers=headers)
    for body in ({"reference": IMAGE, "probe": IMAGE}, {"probe": f"data:;base64,{IMAGE}", "reference": IMAGE}):
        again = http.post("/v1/comparisons", json=body, headers=headers)
        assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
        assert again.headers["Idempotent-Replayed"] == "true"
    other = http.post("/v1/comparisons", json={"reference": IMAGE, "probe": IMAGE, "threshold": 0.1}, headers=headers)
    assert other.json()["code"] == "idempotency_key_reused"


@pytest.mark.parametrize(
    ("changed", "status", "code", "said"),
    [
        ({"probe": None}, 422, "part_missing", "probe: this field is missing"),
        ({"probe": ""}, 422, "part_empty", "probe: "),
        ({"probe": 7}, 422, "image_not_base64", "probe: must be a text in base64; found a number"),
        ({"probe": {"data": IMAGE}}, 422, "image_not_base64", "found an object"),
        ({"probe": "no base64!"}, 422, "image_not_base64", "found '!' at character 10"),
        ({"probe": "/tmp/one.jpg"}, 422, "image_not_base64", "found '.' at character 9; a path"),
        ({"probe": "file:///one"}, 422, "image_not_base64", "send the bytes of the file"),
        ({"probe": IMAGE * 1000 + "%"}, 422, "image_not_base64", "found '%' at character"),
        ({"probe": "aGVsbG8="}, 415, "image_unsupported", "probe: "),
        ({"probe": base64.b64encode(b"\xff\xd8" + bytes(10 * 2**20)).decode()}, 413, "image_too_large", "10485760"),
        ({"probe": "https://example.com/p.jpg"}, 422, "image_urls_off", "URLs are not fetched here"),
        ({"threshold": True}, 422, "threshold_invalid", "found True"),
        ({"threshold": 1.5}, 422, "threshold_out_of_range", "between -1 and 1"),
        ({"pack": 7}, 422, "invalid", "pack: "),
        ({"pack": IMAGE * 1000}, 413, "field_too_large", "pack: has more than 16384 bytes of text; it takes: Model"),
        ({"metadata": {"a": 7}}, 422, "metadata_invalid", "strings"),
        ({"metadata": {"a": "x" * 3000}}, 422, "metadata_too_large", "at most 2048"),
        ({"metadata": {"a": "x" * 30_000}}, 422, "metadata_too_large", "at most 2048"),
        ({"metadata": {"a": "\ud800"}}, 422, "metadata_invalid", "half a surrogate"),
        ({"metadata": "\ud800"}, 422, "metadata_invalid", "JSON"),
        ({"treshold": 0.3}, 422, "field_unknown", "known are reference, probe, pack"),
        ({IMAGE * 1000: 1}, 422, "field_unknown", "known are reference, probe, pack"),
    ],
)
def test_each_bad_json_submission_has_its_own_code(
    http: httpx.Client, changed: dict[str, object], status: int, code: str, said: str
) -> None:
    content = json.dumps({"reference": IMAGE, "probe": IMAGE, **changed})
    answer = http.post("/v1/comparisons", content=content, headers={"Content-Type": "application/json"})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    assert said in problem["detail"]
    assert len(answer.content) < 3000, "what was sent is not sent back"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "json_invalid"),
        (b"null", 422, "json_not_an_object"),
        (b'["reference"]', 422, "json_not_an_object"),
        (b'{"reference": ', 400, "json_invalid"),
        (b'{"reference": "' + b"A" * 20_000, 400, "json_invalid"),
        (b'{"reference": "' + b"A" * 20_000 + rb"\"" + b'A"}', 400, "json_invalid"),
        (b'{"reference": "\xff"}', 400, "json_invalid"),
        (b'{"threshold": ' + b"[" * 3000 + b"}", 400, "json_invalid"),
        (b'{"threshold": ' + b"9" * 10_000 + b"}", 400, "json_invalid"),
        (b'{"reference": "AAAA", "probe": "AAAA", "probe": "AAAB"}', 422, "field_twice"),
        (b'{"metadata": {"a": "b", "a": "c"}}', 422, "field_twice"),
    ],
)
def test_json_that_is_none_is_said_to_be_none(stack: Stack, body: bytes, status: int, code: str) -> None:
    answer, problem = answered(stack, JSON, body)
    assert (answer, problem["code"]) == (status, code), problem


BASE64_PART = part('name="probe"', base64.b64encode(JPEG))
LONG_PART = part('name="probe"', base64.b64encode(JPEG) * 2000)

FORMS: dict[str, tuple[bytes, bytes, int, str, str]] = {
    "no boundary": (
        *(b"Content-Type: multipart/form-data\r\n", REFERENCE + PROBE + END),
        *(400, "boundary_missing", "leave the header to your HTTP library"),
    ),
    "a text in a file's place": (
        FORM,
        REFERENCE + BASE64_PART + END,
        422,
        "part_not_a_file",
        "probe: send this part as",
    ),
    "a long one": (FORM, REFERENCE + LONG_PART + END, 422, "part_not_a_file", "probe: send this part as a file"),
    "a long text in a small field": (
        *(FORM, REFERENCE + PROBE + LONG_PART.replace(b"probe", b"pack") + END),
        *(413, "field_too_large", "pack: has more than 262144 bytes of text; it takes: Model pack"),
    ),
    "a long text in no field": (
        *(FORM, REFERENCE + PROBE + LONG_PART.replace(b"probe", b"image") + END),
        *(422, "field_unknown", "image: known are reference, probe, pack"),
    ),
    "base64 in a file": (
        *(FORM, REFERENCE + part('name="probe"; filename="p"', base64.b64encode(JPEG)) + END),
        *(415, "image_unsupported", "probe: this is base64"),
    ),
    "a URL": (
        *(FORM, REFERENCE + part('name="probe"', b"https://example.com/p.jpg") + END),
        *(422, "image_urls_off", "URLs are not fetched here (LIKENESS_IMAGE_URLS is off)"),
    ),
    "an image twice": (
        FORM,
        REFERENCE + PROBE + PROBE + END,
        422,
        "field_twice",
        "probe: this part was sent more than",
    ),
    "a field twice": (
        *(FORM, REFERENCE + PROBE + part('name="threshold"', b"0.1") + part('name="threshold"', b"0.9") + END),
        *(422, "field_twice", "threshold: "),
    ),
    "a file and a text": (FORM, REFERENCE + PROBE + BASE64_PART + END, 422, "field_twice", "probe: "),
    "no end": (FORM, REFERENCE + PROBE, 422, "form_broken", "it ends before its last boundary"),
    "another boundary": (
        *(FORM, (REFERENCE + PROBE + END).replace(b"--b", b"--c")),
        *(422, "form_broken", "no part begins with the boundary of the Content-Type header, 'b'"),
    ),
    "an image by itself": (
        *(b"Content-Type: image/jpeg\r\n", JPEG),
        *(415, "content_type_unsupported", "multipart/form-data or application/json; found 'image/jpeg'"),
    ),
    "what curl -d sends": (
        *(b"Content-Type: application/x-www-form-urlencoded\r\n", b"reference=" + b"A" * 5_000_000),
        *(415, "content_type_unsupported", "found 'application/x-www-form-urlencoded'"),
    ),
    "nothing": (b"", b"", 415, "content_type_unsupported", "found 'none'"),
    "a compressed body": (
        *(FORM + b"Content-Encoding: gzip\r\n", b"\x1f\x8b"),
        *(415, "content_coding_unsupported", "found 'gzip'"),
    ),
}


@pytest.mark.parametrize("case", FORMS)
def test_a_form_that_cannot_be_taken_is_told_what_to_do(stack: Stack, case: str) -> None:
    headers, body, status, code, said = FORMS[case]
    answer, problem = answered(stack, headers, body)
    assert (answer, problem["code"]) == (status, code), problem
    assert said in problem["detail"]


def test_a_body_of_another_kind_is_refused_where_json_alone_is_taken(http: httpx.Client) -> None:
    answer = http.post("/v1/evaluations", data={"dataset": "x"})
    assert (answer.status_code, answer.json()["code"]) == (415, "content_type_unsupported")
    assert "application/json; found" in answer.json()["detail"]


def test_only_calls_that_take_images_take_large_bodies(http: httpx.Client) -> None:
    large = {"Content-Type": "application/json"}, b'{"dataset": "%s"}' % (b"x" * 65536)
    answer = http.post("/v1/evaluations", headers=large[0], content=large[1])
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert "at most 65536" in answer.json()["detail"]
    most = {name: base64.b64encode(bytes(10 * 2**20)).decode() for name in PAIR}
    assert http.post("/v1/comparisons", json=most).json()["code"] == "image_unsupported", "27 MB were read"
    answer = http.post("/v1/comparisons", content=bytes(33 * 2**20), headers=large[0])
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert "LIKENESS_MAX_IMAGE_BYTES" in answer.json()["detail"]


BOMBS: dict[str, Callable[[], bytes]] = {
    "dicts": lambda: b'{"probe":[' + b"{}," * 6_900_000 + b"{}]}",
    "lists": lambda: b'{"probe":[' + b"[]," * 6_900_000 + b"[]]}",
    "names": lambda: b"{" + b",".join(b'"%x":[]' % number for number in range(1_800_000)) + b"}",
    "numbers": lambda: b'{"probe":[' + b"1," * 10_000_000 + b"1]}",
    "a text with one emoji": lambda: b'{"probe":"' + b"A" * 20_000_000 + '😀"}'.encode(),
    "line breaks": lambda: b'{"probe":"' + rb"\n" * 10_000_000 + b'"}',
    "quotes in a text": lambda: b'{"probe":"' + rb"\"" * 10_000_000 + b'"}',
    "space": lambda: b'{"probe":' + b" " * 20_000_000 + b"1}",
    "digits": lambda: b'{"threshold":' + b"9" * 20_000_000 + b"}",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_twenty_megabytes_of_json_cost_no_more_than_images_do(stores: Settings, bomb: str) -> None:
    """`json.loads` makes up to 700 MB of them."""
    client, body = create_app(stores).test_client(), BOMBS[bomb]()
    began = time.process_time()
    tracemalloc.start()
    try:
        answer = client.post("/v1/comparisons", data=body, content_type="application/json")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status_code in (400, 413, 422), answer.get_json()
    assert peak < 4 * len(body)
    assert time.process_time() - began < 2
