"""Evaluation runs on real workers: the same bytes whatever happens on the way."""

import csv
import io
import json
import pickle
import signal
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import httpx
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageEnhance

from core.evaluations.runs import RunKeys
from core.evaluations.store import RunStore
from core.messaging.broker import Queues, Tasks, celery_app, enqueue
from core.packs.catalogue import Pack
from core.storage.connection import connect
from core.storage.lifecycle import Status
from core.storage.objects import ObjectStore
from core.vocabulary import Policy
from evaluator.datasets import import_dataset, read_benchmark
from evaluator.report import from_csv
from tests.support.stack import Stack, eventually
from worker.engine.contract import Acquired
from worker.engine.engine import Engine

SHARDS = 8


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory, samples: dict[str, Path]) -> Path:
    """A small benchmark of our own making: photographs in several brightnesses, and one image without a face."""
    folder = tmp_path_factory.mktemp("benchmark")
    subjects = {"a": "obama.jpg", "b": "obama3.jpg", "c": "biden.jpg"}
    names = []
    for subject, photograph in subjects.items():
        image = Image.open(samples[photograph]).convert("RGB")
        image.thumbnail((600, 600))
        for step in range(10):
            name = f"{subject}{step}.jpg"
            ImageEnhance.Brightness(image).enhance(0.75 + step / 20).save(folder / name, quality=90)
            names.append((name, subject))
    Image.new("RGB", (300, 300), "grey").save(folder / "nobody.jpg")
    lines = ["reference,probe,mated,fold"]
    same = {"a": "p", "b": "p", "c": "q"}
    for row, ((one, s), (two, t)) in enumerate(combinations(names, 2)):
        lines.append(f"{one},{two},{int(same[s] == same[t])},{row % 10 + 1}")
    lines.append("nobody.jpg,a0.jpg,0,1")
    (folder / "pairs.csv").write_text("\n".join(lines))
    return folder


@pytest.fixture
def bench(own_stack: Stack, images: Path) -> Stack:
    """Servers with the benchmark imported in eight shards, and the evaluator."""
    objects = ObjectStore(own_stack.settings.objects)
    benchmark = read_benchmark("csv", images / "pairs.csv", images)
    dataset = import_dataset(objects, "own", benchmark, images_per_shard=4)
    assert len(dataset.shards) == SHARDS
    own_stack.start("evaluator")
    return own_stack


def begin(stack: Stack, *options: str) -> str:
    started = stack.likeness("evaluate", "run", "own", "--json", *options)
    assert started.returncode == 0, started.stderr
    return str(json.loads(started.stdout)["id"])


def scores_of(stack: Stack, run_id: str, *, repair: bool = False) -> bytes:
    """The score file once the run has succeeded; meanwhile, with `repair`, what beat does for runs that stand still."""
    runs, app = RunStore(stack.settings.redis), celery_app("test", stack.settings)

    def ended() -> bytes:
        if repair:
            enqueue(app, Tasks.REPAIR_RUNS)
        run = runs.get(run_id)
        assert run.status is Status.SUCCEEDED, f"{run}\n{stack.log('evaluator')[-2000:]}"
        return ObjectStore(stack.settings.objects).get(RunKeys(run_id).scores)

    return eventually(ended, within_s=90)


def some_shards_are_done(stack: Stack, run_id: str) -> None:
    runs = RunStore(stack.settings.redis)

    def some() -> None:
        assert 0 < runs.get(run_id).progress.shards_done < SHARDS

    eventually(some)


def nothing_is_under_way(stack: Stack) -> None:
    active = celery_app("test", stack.settings).control.inspect(timeout=1).active()
    assert active
    assert not any(active.values())


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The score file of the first run that succeeds; every other must equal it."""
    return {}


@pytest.fixture
def same_scores(expected: dict[str, bytes], bench: Stack) -> Iterator[list[bytes]]:
    found: list[bytes] = []
    yield found
    for scores in found:
        assert scores.count(b"\n") == 437
        assert expected.setdefault("scores", scores) == scores


def test_a_run_on_one_worker_and_again_from_the_cache_and_between_them_is_no_difference_and_no_regression(
    bench: Stack, same_scores: list[bytes]
) -> None:
    bench.start("embedder")
    first = begin(bench)
    same_scores.append(scores_of(bench, first))
    bench.kill("embedder")
    second = begin(bench)
    same_scores.append(scores_of(bench, second))  # no worker is there: every embedding is found
    for other in (first, second):
        compared = bench.likeness("evaluate", "compare", first, other, "--fail-on-regression", "--json")
        assert compared.returncode == 0, compared.stderr
        found = json.loads(compared.stdout)
        assert {(test["b"], test["c"], test["significant"]) for test in found["tests"]} == {(0, 0, False)}
        assert (len(found["tests"]), found["regression"]) == (3, False)


def test_two_workers_give_the_same_bytes(bench: Stack, same_scores: list[bytes]) -> None:
    bench.start("embedder", "embedder2")
    same_scores.append(scores_of(bench, begin(bench)))


def test_a_worker_killed_in_the_middle_changes_no_byte(bench: Stack, same_scores: list[bytes]) -> None:
    bench.kill("evaluator")
    bench.start("evaluator", LIKENESS_RUN_PATIENCE_S="10")
    bench.start("embedder")
    run_id = begin(bench)
    some_shards_are_done(bench, run_id)
    bench.kill("embedder")
    bench.start("embedder")
    # Killed between taking a message and noting that it did, a worker loses it; a run has stood still here for 90 s.
    same_scores.append(scores_of(bench, run_id, repair=True))


def test_a_restarted_broker_changes_no_byte(bench: Stack, same_scores: list[bytes]) -> None:
    bench.kill("evaluator")
    bench.start("evaluator", LIKENESS_RUN_PATIENCE_S="10")  # a message that Redis gave away as it ended is in no queue
    bench.start("embedder")
    run_id = begin(bench)
    some_shards_are_done(bench, run_id)
    bench.kill("redis", signal.SIGTERM)
    bench.start("redis")
    bench.wait_for_servers()
    same_scores.append(scores_of(bench, run_id, repair=True))


def test_a_cancelled_run_stops_and_a_resumed_one_does_only_what_is_missing(
    bench: Stack, same_scores: list[bytes]
) -> None:
    bench.start("embedder")
    run_id = begin(bench)
    some_shards_are_done(bench, run_id)
    assert bench.likeness("evaluate", "cancel", run_id).returncode == 0
    assert RunStore(bench.settings.redis).get(run_id).status is Status.CANCELLED
    eventually(lambda: nothing_is_under_way(bench))  # a shard that is would be embedded for both runs
    resumed = bench.likeness("evaluate", "resume", run_id, "--json")
    assert resumed.returncode == 0, resumed.stderr
    new_id = json.loads(resumed.stdout)["id"]
    same_scores.append(scores_of(bench, new_id))
    assert bench.log("embedder").count('"shard_embedded"') == SHARDS, "no shard was embedded twice"
    assert RunStore(bench.settings.redis).get(run_id).status is Status.CANCELLED, "a terminal state never changes"


def test_a_run_whose_messages_were_lost_is_repaired(bench: Stack, same_scores: list[bytes]) -> None:
    bench.kill("evaluator")
    bench.start("evaluator", LIKENESS_RUN_PATIENCE_S="10")
    run_id = begin(bench)
    broker = connect(bench.settings.redis, 0)

    def lost() -> None:
        assert broker.llen(Queues.EVALUATIONS) == SHARDS

    eventually(lost)
    broker.delete(Queues.EVALUATIONS)
    bench.start("embedder")
    app = celery_app("test", bench.settings)
    runs = RunStore(bench.settings.redis)

    def repaired() -> None:
        enqueue(app, Tasks.REPAIR_RUNS)
        assert runs.get(run_id).attempts == 2

    eventually(repaired, within_s=40)
    same_scores.append(scores_of(bench, run_id))


def test_a_chord_that_failed_is_sent_again(bench: Stack, same_scores: list[bytes]) -> None:
    run_id = begin(bench)
    runs = RunStore(bench.settings.redis)

    def launched(times: int) -> None:
        assert runs.get(run_id).attempts == times

    eventually(lambda: launched(1))
    enqueue(celery_app("test", bench.settings), Tasks.RUN_BROKE, f"{run_id}.of-no-matter")
    eventually(lambda: launched(2))
    bench.start("embedder")
    same_scores.append(scores_of(bench, run_id))


def test_celery_and_likeness_have_the_same_verbs_and_the_report_can_be_recomputed(
    own_stack: Stack, tmp_path: Path
) -> None:
    own_stack.start("evaluator", "embedder")
    celery = ("celery", "-A", "worker.app", "evaluate")
    imported = own_stack.run(*celery, "import", "sample")
    assert imported.returncode == 0, imported.stderr  # it fetches the photographs itself
    done = own_stack.run(*celery, "run", "sample", "--wait", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["run_id"].startswith("run_")
    assert report["metrics"]["fta"]["images"] == 0
    assert report["metrics"]["trials"]["mated_pairs"] == 15
    written = own_stack.likeness("evaluate", "report", report["run_id"], "--out", str(tmp_path))
    assert written.returncode == 0
    assert json.loads((tmp_path / "report.json").read_text()) == report
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    threshold = str(report["pack"]["threshold"]["value"])
    scores, images = str(tmp_path / "scores.csv"), str(tmp_path / "images.csv")
    again = own_stack.likeness("evaluate", "recompute", scores, "--images", images, "--threshold", threshold)
    assert json.loads(again.stdout) == report["metrics"]
    twice = own_stack.likeness("evaluate", "run", "sample", "--wait", "--json")
    other = json.loads(twice.stdout)["run_id"]
    assert json.loads(twice.stdout)["score_digest"] == report["score_digest"]
    listed = own_stack.likeness("evaluate", "list", "--json").stdout.splitlines()
    assert [json.loads(line)["id"] for line in listed] == [other, report["run_id"]]


def test_a_run_over_http_and_the_threshold_it_gives(
    bench: Stack, zoo: Pack, samples: dict[str, Path], same_scores: list[bytes]
) -> None:
    bench.start("api", "worker", "embedder")
    bench.wait_until_ready()
    with httpx.Client(base_url=bench.url, timeout=60) as http:
        refused = http.post("/v1/evaluations", json={"dataset": "nothing"})
        assert (refused.status_code, refused.json()["code"]) == (422, "dataset_unknown")
        accepted = http.post("/v1/evaluations", json={"dataset": "own"})
        assert accepted.status_code == 202, accepted.text
        where = accepted.headers["Location"]
        early = http.get(f"{where}/report")
        assert early.status_code in (200, 409)
        same_scores.append(scores_of(bench, accepted.json()["id"]))
        report = http.get(f"{where}/report").json()
        assert report["metrics"]["fta"]["images"] == 1
        assert report["failures_to_acquire"]["listed"] == [{"image": "nobody.jpg", "reason": "no_face"}]
        assert http.get(f"{where}/report?format=csv").content == same_scores[0]
        assert "<svg" in http.get(f"{where}/report?format=html").text
        assert http.get("/v1/evaluations").json()["evaluations"][0]["status"] == "succeeded"

        calibrated = bench.likeness("evaluate", "calibrate", accepted.json()["id"], "--json")
        assert calibrated.returncode == 0, calibrated.stderr
        points = {point["target"]: point for point in json.loads(calibrated.stdout)["points"]}
        assert points[0.1]["errors"] / points[0.1]["trials"] < points[0.1]["high"] <= 0.1
        assert points[0.001]["refused"], "200 non-mated pairs cannot show an FMR of 0.1 %"
        files = {side: (side, samples["obama.jpg"].read_bytes()) for side in ("reference", "probe")}
        job = http.post(
            "/v1/comparisons", files=files, data={"target_fmr": "0.1"}, headers={"Prefer": "wait=30"}
        ).json()
        assert job["threshold"] == points[0.1]["threshold"]
        assert job["calibrated_fmr"]["run_id"] == accepted.json()["id"]
        assert job["calibrated_fmr"]["errors"] == points[0.1]["errors"]
        standing, rows = job["calibration"], [*csv.DictReader(io.StringIO(same_scores[-1].decode()))]
        assert (standing["run_id"], standing["fits"]) == (accepted.json()["id"], True)
        assert standing["points"] == [points[target] for target in (0.1, 0.01, 0.001, 0.0001)]
        scores = {mated: [float(r["score"]) for r in rows if r["mated"] == mated and r["score"]] for mated in "01"}
        as_high, as_low = (sum(s >= job["score"] for s in scores["0"]), sum(s <= job["score"] for s in scores["1"]))
        assert standing["non_mated"] == {"trials": len(scores["0"]), "as_high": as_high}
        assert standing["mated"] == {"trials": len(scores["1"]), "as_low": as_low}
        too_low = http.post("/v1/comparisons", files=files, data={"target_fmr": "0.001"})
        assert (too_low.status_code, too_low.json()["code"]) == (422, "target_fmr_unsupported")
        other = http.post("/v1/comparisons", files=files, data={"target_fmr": "0.1", "policy": "require_one"})
        assert (other.status_code, other.json()["code"]) == (422, "calibration_unfit")
        assert "the policy was largest, here it is require_one" in other.json()["detail"]
        (pack,) = http.get("/v1/packs").json()["packs"]
        assert pack["calibration"]["dataset"] == "own"
        assert (pack["calibration"]["pipeline"]["policy"], pack["calibration"]["pipeline"]["provider"]) == (
            "largest",
            "cpu",
        )


def test_aligned_crops_go_to_the_recogniser_as_they_are_with_and_without_flip(
    own_stack: Stack, zoo: Pack, zoo_directory: Path, samples: dict[str, Path], tmp_path: Path
) -> None:
    engine = Engine.load(zoo, zoo_directory, own_stack.settings.engine)
    acquired = {
        name: engine.acquire(samples[name].read_bytes(), Policy.LARGEST)
        for name in ("obama.jpg", "obama2.jpg", "biden.jpg")
    }
    crops = {name: found.crop for name, found in acquired.items() if isinstance(found, Acquired)}
    pairs = [("obama.jpg", "obama2.jpg", True), ("obama.jpg", "biden.jpg", False)]
    images = [png(crops[name]) for one, two, _ in pairs for name in (one, two)]
    (tmp_path / "crops.bin").write_bytes(pickle.dumps((images, [mated for *_, mated in pairs]), protocol=4))
    own_stack.start("embedder", "evaluator")
    imported = own_stack.likeness("evaluate", "import", "bin", "--file", str(tmp_path / "crops.bin"))
    assert imported.returncode == 0, imported.stderr

    def scores(*options: str) -> list[float]:
        done = own_stack.likeness("evaluate", "run", "crops", "--wait", "--json", *options)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert report["pipeline"]["track"] == "aligned"
        table = from_csv(ObjectStore(own_stack.settings.objects).get(RunKeys(report["run_id"]).scores))
        return [row.score for row in table.rows if row.score is not None]

    def expected(flip: bool) -> list[float]:
        vectors = {}
        for name, crop in crops.items():
            vector = engine.embed([crop])[0].astype(np.float64)
            if flip:
                vector = vector + engine.embed([np.ascontiguousarray(crop[:, ::-1])])[0]
            vectors[name] = vector / np.linalg.norm(vector)
        return [float(vectors[one] @ vectors[two]) for one, two, _ in pairs]

    assert scores() == pytest.approx(expected(flip=False), abs=1e-6)
    assert scores("--flip") == pytest.approx(expected(flip=True), abs=1e-6)
    refused = own_stack.likeness("evaluate", "calibrate", _newest(own_stack))
    assert refused.returncode == 1
    assert "comparisons are raw, without flip" in refused.stderr


def _newest(stack: Stack) -> str:
    return RunStore(stack.settings.redis).page(limit=1).runs[0].id


def png(crop: npt.NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(crop[:, :, ::-1])).save(buffer, "PNG")
    return buffer.getvalue()
