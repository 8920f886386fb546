"""What the processes of a stack show of themselves, on ports of their own."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from likeness.client import Client, ComparisonJob
from tests.observability.conftest import RUNNING, Watched
from tests.support.stack import eventually

JOBS = 6


def compared(watched: Watched, samples: dict[str, Path], count: int = JOBS) -> list[ComparisonJob]:
    def submit(_: int) -> ComparisonJob:
        with Client(watched.stack.url) as client:
            job = client.submit(samples["obama.jpg"].read_bytes(), samples["obama2.jpg"].read_bytes())
            return client.wait(job.id)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(submit, range(count)))


def test_every_process_says_what_it_is_and_what_it_holds(watched: Watched) -> None:
    for process in RUNNING:
        known = "worker" if process == "embedder" else process
        assert watched.value(process, "likeness_build_info", process=known) == 1
    assert watched.value("worker", "likeness_engine_info", pack="opencv-zoo") == 1
    assert watched.value("evaluator", "process_resident_memory_bytes") > 2**20


def test_requests_are_counted_by_route_whichever_process_answered(watched: Watched) -> None:
    route = "/v1/comparisons/<job_id>"
    before = watched.value("api", "likeness_http_requests_total", status="404")
    problems = watched.value("api", "likeness_http_problems_total", code="job_not_found")

    def ask(number: int) -> int:
        # Each over a connection of its own: one that stays open stays with its process.
        return httpx.get(f"{watched.stack.url}/v1/comparisons/cmp_{number:032x}", timeout=30).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(40))) == {404}
    shown = watched.scrape("api")
    assert watched.value("api", "likeness_http_requests_total", status="404") == before + 40
    assert watched.value("api", "likeness_http_problems_total", code="job_not_found") == problems + 40
    routes = {dict(labels).get("route") for name, labels in shown if name == "likeness_http_requests_total"}
    assert route in routes
    assert not any("cmp_0" in str(found) for found in routes)


def test_a_path_or_a_method_that_a_client_invents_is_no_label(watched: Watched) -> None:
    for method, path in (("BREW", "/v1/comparisons"), ("GET", "/none/such/17"), ("BREW", "/none/such/18")):
        httpx.request(method, f"{watched.stack.url}{path}", timeout=30)
    text = httpx.get(f"http://127.0.0.1:{watched.ports['api']}/metrics", timeout=10).text
    assert "BREW" not in text
    assert "such" not in text
    assert watched.value("api", "likeness_http_requests_total", route="none", method="GET") >= 1


def test_the_public_port_shows_none_of_it(watched: Watched) -> None:
    assert httpx.get(f"{watched.stack.url}/metrics", timeout=30).status_code == 404


def test_a_worker_counts_each_comparison_once_with_its_steps_and_its_score(
    watched: Watched, samples: dict[str, Path]
) -> None:
    before = watched.value("worker", "likeness_comparisons_total")
    scores = watched.value("worker", "likeness_score_count")
    queued = watched.value("worker", "likeness_step_seconds_count", step="queue")
    jobs = compared(watched, samples)
    assert {job.status for job in jobs} == {"succeeded"}

    def counted() -> None:
        assert watched.value("worker", "likeness_comparisons_total") == before + JOBS
        assert watched.value("worker", "likeness_score_count", pack="opencv-zoo") == scores + JOBS
        assert watched.value("worker", "likeness_step_seconds_count", step="queue") == queued + JOBS
        assert watched.value("worker", "likeness_task_seconds_count", task="likeness.compare", state="SUCCESS") >= JOBS

    eventually(counted)


def test_the_courier_shows_what_stands_on_redis(watched: Watched, samples: dict[str, Path]) -> None:
    compared(watched, samples, 1)

    def shown() -> None:
        assert watched.value("courier", "likeness_state_up") == 1
        assert watched.value("courier", "likeness_jobs", kind="comparison", status="succeeded") >= 1
        assert watched.value("courier", "likeness_workers", queue="comparisons") == 1
        assert watched.value("courier", "likeness_workers", queue="batches") == 1
        assert watched.value("courier", "likeness_workers_warm", pack="opencv-zoo") == 1
        assert watched.value("courier", "likeness_deliveries", status="dead") == 0

    eventually(shown)
    others = {name for process in RUNNING if process != "courier" for name, _ in watched.scrape(process)}
    assert "likeness_jobs" not in others
