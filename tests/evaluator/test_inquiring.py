"""What is asked about runs that have succeeded: over the API, worked out by the evaluator, forgotten with the runs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from core.errors import BrokerUnavailable
from core.evaluations.inquiries import MOST_OPEN, Inquiry, InquiryStore, Kind
from core.evaluations.runs import Run, RunKeys
from core.storage.connection import connect
from evaluator.runs.inquiring import Inquiries
from likeness import ApiRefused, ApiSlow, Client
from tests.evaluator.conftest import RUNS, SIZE, Bench, api, succeeded
from tests.support.schema import unexplained


def test_a_comparison_is_what_the_command_finds_with_its_sentences_and_its_page(
    asked: FlaskClient, pair: tuple[Run, Run]
) -> None:
    first, second = pair
    path = f"{RUNS}/{first.id}/comparison?with={second.id}"
    answer = asked.get(path)
    assert answer.status_code == 200, answer.text
    found = answer.get_json()
    assert [(run["label"], run["run"]) for run in found["runs"]] == [("A", first.id), ("B", second.id)]
    assert (found["pairs"], found["mated_pairs"], found["regression"]) == (300, 24, False)
    assert len(found["verdicts"]) == 1
    assert all(
        test["question"].startswith("false ") and "not significant" in test["outcome"] for test in found["tests"]
    )
    page = asked.get(f"{path}&format=html")
    assert page.content_type == "text/html; charset=utf-8"
    assert "<svg" in page.text
    assert page.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'; sandbox allow-scripts")
    at_one_rate = asked.get(f"{path}&at_fmr=0.1").get_json()
    assert (at_one_rate["at_fmr"], len(at_one_rate["tests"])) == (0.1, 1)
    assert asked.get(f"{path}&thresholds=0.9,0.95").get_json()["runs"][1]["threshold"] == 0.95


def test_it_is_asked_once_while_the_evaluator_is_at_it_and_answered_once_it_is_there(
    bench: Bench, pair: tuple[Run, Run], evaluator: Inquiries
) -> None:
    digests: list[str] = []
    client = api(bench.settings, digests.append)
    path = f"{RUNS}/{pair[0].id}/comparison?with={pair[1].id}"
    for _ in range(3):
        waiting = client.get(path)
        assert (waiting.status_code, waiting.headers["Retry-After"]) == (202, "1")
    assert len(digests) == 1
    assert unexplained(bench.settings.redis) == []
    threading.Timer(0.3, evaluator.answer, digests).start()
    assert client.get(f"{path}&wait=30").status_code == 200, "it was woken"
    stored = bench.objects.fetched.total()
    evaluator.answer(digests[0])
    assert bench.objects.fetched.total() == stored, "a message that comes twice is answered once"
    assert unexplained(bench.settings.redis) == []


def test_no_more_wait_than_the_evaluator_answers_soon(bench: Bench, pair: tuple[Run, Run]) -> None:
    client = api(bench.settings, lambda digest: None)
    path = f"{RUNS}/{pair[0].id}/comparison?with={pair[1].id}&at_fmr="
    assert {client.get(f"{path}0.{n}").status_code for n in range(10, 10 + MOST_OPEN)} == {202}
    refused = client.get(f"{path}0.99")
    assert (refused.status_code, refused.get_json()["code"]) == (429, "too_many_inquiries")
    assert int(refused.headers["Retry-After"]) >= 1
    assert client.get(f"{path}0.10").status_code == 202, "it waits already"


def test_what_could_not_be_sent_is_sent_by_the_next_who_asks(bench: Bench, pair: tuple[Run, Run]) -> None:
    calls: list[str] = []

    def away(digest: str) -> None:
        calls.append(digest)
        raise BrokerUnavailable

    client = api(bench.settings, away)
    for times in (1, 2):
        assert client.get(f"{RUNS}/{pair[0].id}/calibration").get_json()["code"] == "broker_unavailable"
        assert len(calls) == times


REFUSED = (
    ("", 422, "field_missing"),
    ("?with=", 422, "runs_out_of_range"),
    ("?with={a}", 422, "runs_out_of_range"),
    ("?with={b},{b}", 422, "runs_out_of_range"),
    ("?with=run_none", 404, "job_not_found"),
    ("?with={b}&thresholds=0.3", 422, "thresholds_invalid"),
    ("?with={b}&thresholds=0.3,2", 422, "thresholds_invalid"),
    ("?with={b}&thresholds=0.3,nan", 422, "thresholds_invalid"),
    ("?with={b}&thresholds=a,b", 422, "thresholds_invalid"),
    ("?with={b}&thresholds=0.3,0.3&at_fmr=0.1", 422, "thresholds_invalid"),
    ("?with={b}&at_fmr=1", 422, "at_fmr_out_of_range"),
    ("?with={b}&at_fmr=inf", 422, "at_fmr_out_of_range"),
    ("?with={b}&at_fmr=much", 422, "at_fmr_out_of_range"),
    ("?with={b}&false_alarm_rate=0.6", 422, "false_alarm_rate_out_of_range"),
    ("?with={b}&format=csv", 422, "format_unknown"),
    ("?with={b}&wait=-1", 422, "wait_out_of_range"),
    ("?with={b}&wait=nan", 422, "wait_invalid"),
    ("?with={b}&at_fmr=0.0000001", 409, "runs_not_comparable"),
)


def test_what_cannot_be_compared_is_refused_by_name(asked: FlaskClient, pair: tuple[Run, Run]) -> None:
    a, b = (run.id for run in pair)
    answers = [asked.get(f"{RUNS}/{a}/comparison{query.format(a=a, b=b)}") for query, *_ in REFUSED]
    found = [
        (query, one.status_code, one.get_json()["code"]) for (query, *_), one in zip(REFUSED, answers, strict=True)
    ]
    assert found == [*REFUSED]


def test_runs_that_have_no_report_or_are_on_other_data_are_refused_before_anything_is_asked(
    bench: Bench, pair: tuple[Run, Run], dataset: object
) -> None:
    def sent(digest: str) -> None:
        raise AssertionError("nothing was to be asked")

    client, (one, _), other = api(bench.settings, sent), pair, succeeded(bench, "colours")
    queued = bench.request("hues")
    answers = [client.get(f"{RUNS}/{one.id}/comparison?with={run.id}") for run in (queued, other)]
    assert [(a.status_code, a.get_json()["code"]) for a in answers] == [
        (409, "report_not_ready"),
        (409, "runs_not_comparable"),
    ]
    assert "on colours (digest" in answers[1].get_json()["detail"]
    assert client.get(f"{RUNS}/{queued.id}/calibration").get_json()["code"] == "report_not_ready"


def test_the_index_has_every_run_that_succeeded_as_json_as_a_table_and_as_a_page(
    asked: FlaskClient, pair: tuple[Run, Run], bench: Bench
) -> None:
    bench.request("hues")
    found = asked.get(f"{RUNS}/index").get_json()
    (history,) = found["histories"]
    assert (history["dataset"], history["pack"]) == ("hues", bench.pack.name)
    assert [run["id"] for run in history["runs"]] == sorted((run.id for run in pair), reverse=True)
    assert history["runs"][0]["changed"] == ["scores are the same"]
    assert history["runs"][0]["figures"]["FMR"]["low"] is not None
    rows = asked.get(f"{RUNS}/index?format=csv").text.splitlines()
    assert len(rows) == 1 + 2 * len(history["runs"][0]["figures"])
    assert f'href="/evaluations/{pair[0].id}"' in asked.get(f"{RUNS}/index?format=html").text
    assert asked.get(f"{RUNS}/index?dataset=other").get_json() == {"histories": []}
    assert asked.get(f"{RUNS}/index?dataset=other&format=csv").get_json()["code"] == "report_not_ready"
    assert len(asked.get(f"{RUNS}/index?limit=1").get_json()["histories"][0]["runs"]) == 1
    assert asked.get(f"{RUNS}/index?limit=501").get_json()["code"] == "limit_out_of_range"
    assert asked.get(f"{RUNS}/index?cursor=x").get_json()["code"] == "parameter_unknown"


def test_what_was_said_of_a_run_goes_with_it_also_where_it_is_erased_meanwhile(
    bench: Bench, asked: FlaskClient, evaluator: Inquiries, pair: tuple[Run, Run]
) -> None:
    client = connect(bench.settings.redis)
    asked.get(f"{RUNS}/{pair[0].id}/comparison?with={pair[1].id}")
    asked.get(f"{RUNS}/index")
    assert len([*client.scan_iter("inquiry:*")]) == 2
    bench.store.erase(pair[1].id)
    assert [*client.scan_iter("inquiry*")] == []
    assert not client.exists(f"run:{pair[1].id}:inquiries")
    late = Inquiry(Kind.COMPARISON, (pair[0].id, pair[1].id))
    InquiryStore(bench.settings.redis).put(late)
    evaluator.answer(late.digest)
    assert [*client.scan_iter("inquiry:*")] == []


def test_files_that_are_gone_are_named_and_a_failure_of_ours_is_told_for_a_minute(
    bench: Bench, asked: FlaskClient, pair: tuple[Run, Run]
) -> None:
    bench.objects.delete([RunKeys(pair[0].id).scores])
    answer = asked.get(f"{RUNS}/{pair[0].id}/calibration")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "report_not_ready")
    assert f"the scores of run {pair[0].id} is not in the object store any more" in answer.get_json()["detail"]
    bench.objects.put(RunKeys(pair[1].id).report, b"{}")
    broken = asked.get(f"{RUNS}/{pair[1].id}/calibration")
    assert (broken.status_code, broken.get_json()["code"]) == (500, "internal")
    left = [connect(bench.settings.redis).ttl(key) for key in connect(bench.settings.redis).scan_iter("inquiry:*")]
    assert all(0 < seconds <= 60 for seconds in left)


@contextmanager
def served(client: FlaskClient) -> Iterator[str]:
    """The same API over HTTP."""
    server = make_server("127.0.0.1", 0, client.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_client_waits_for_what_is_worked_out(bench: Bench, evaluator: Inquiries, pair: tuple[Run, Run]) -> None:
    def later(digest: str) -> None:
        threading.Timer(0.2, evaluator.answer, [digest]).start()

    first, second = (run.id for run in pair)
    with served(api(bench.settings.but(**SIZE), later)) as url, Client(url) as client:
        assert client.evaluations.compare(first, second)["runs"][1]["run"] == second
        assert client.evaluations.compare(first, second, thresholds=[0.5, 0.6])["runs"][0]["threshold"] == 0.5
        assert "<svg" in client.evaluations.comparison_page(first, second, at_fmr=0.1, false_alarm_rate=0.01)
        assert client.evaluations.calibration(second)["in_force"] is None
        assert client.evaluations.calibrate(second)["is_in_force"]
        assert client.evaluations.index(dataset="hues")["histories"][0]["runs"]
        assert client.evaluations.index_file("csv", limit=1).startswith("run,created_at,")
        with pytest.raises(ApiRefused) as refused:
            client.evaluations.compare(first, first)
        assert refused.value.code == "runs_out_of_range"


def test_an_evaluator_that_is_not_there_is_said_to_be_slow_and_nothing_is_changed(
    bench: Bench, pair: tuple[Run, Run]
) -> None:
    client = api(bench.settings.but(max_wait_s=0.1, **SIZE), lambda digest: None)
    answer = client.post(f"{RUNS}/{pair[0].id}/calibration", json={})
    assert (answer.status_code, answer.get_json()["code"], answer.headers["Retry-After"]) == (
        503,
        "evaluator_slow",
        "1",
    )
    with served(client) as url, Client(url) as http, pytest.raises(ApiSlow, match=r"was not worked out within 0\.2 s"):
        http.evaluations.compare(pair[0].id, pair[1].id, timeout_s=0.2)
