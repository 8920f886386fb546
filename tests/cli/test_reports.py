"""`evaluate report` and `evaluate index`: what they write, on real servers."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from core.evaluations.pipeline import Pipeline
from core.evaluations.runs import RunKeys, RunRequest
from core.evaluations.store import RunStore
from core.packs.catalogue import Pack
from core.settings import Settings
from core.storage.objects import ObjectStore
from core.vocabulary import Policy, Track
from evaluator.datasets import import_dataset, read_benchmark
from evaluator.report import (
    DatasetFacts,
    PackFacts,
    RunFacts,
    ScoreRow,
    ScoreTable,
    build_page,
    build_report,
    headline,
    report_bytes,
)
from tests.support.command import likeness
from tests.support.servers import Servers


@pytest.fixture
def environment(
    redis_server: Servers, bucket: dict[str, str], objects_settings: Settings, zoo: Pack, tmp_path: Path
) -> dict[str, str]:
    """Two servers with a run of before that has succeeded on a data set of two images; no process of ours."""
    for name in ("red", "white"):
        Image.new("RGB", (640, 320), name).save(tmp_path / f"{name}.png")
    (tmp_path / "pairs.csv").write_text("reference,probe,mated\nred.png,white.png,1\n")
    objects = ObjectStore(objects_settings.objects)
    dataset = import_dataset(objects, "own", read_benchmark("csv", tmp_path / "pairs.csv", tmp_path))
    pipeline = Pipeline(zoo.name, "d" * 64, Track.RAW, False, Policy.LARGEST, 640, 0.5, 24, "cpu")
    facts = RunFacts("run_1", 0.0, DatasetFacts("own", "csv", Track.RAW, dataset.digest), PackFacts.of(zoo), pipeline)
    table = ScoreTable((ScoreRow("red.png", "white.png", True, 0.2),))
    report = build_report(replace(facts, software={"likeness": "0.1.0"}), table)
    runs, keys = RunStore(redis_server.settings.redis), RunKeys("run_1")
    runs.create("run_1", RunRequest("own", dataset.digest, Track.RAW, zoo.name, False, Policy.LARGEST, 640, 2, 1, 1))
    runs.start("run_1")
    for key, body in ((keys.report, report_bytes(report)), (keys.scores, table.csv)):
        objects.put(key, body, "text/plain")
    objects.put(keys.page, build_page(report, table).encode(), "text/html")
    runs.succeed("run_1", headline(report))
    return {**redis_server.where, **bucket}


def test_a_report_is_written_with_its_plots_and_with_faces_only_where_they_are_asked_for(
    environment: dict[str, str], objects_settings: Settings, tmp_path: Path
) -> None:
    plain, shown = tmp_path / "plain", tmp_path / "shown"
    said = likeness("evaluate", "report", "run_1", "--out", str(plain), **environment)
    assert (said.returncode, said.stderr) == (0, "")
    assert {path.name for path in plain.iterdir()} == {"report.json", "report.html", "scores.csv", "plots"}
    assert {path.name for path in (plain / "plots").iterdir()} == {"histogram.csv"}
    assert "<img" not in (plain / "report.html").read_text()

    said = likeness("evaluate", "report", "run_1", "--out", str(shown), "--thumbnails", **environment)
    assert "shows photographs of people" in said.stdout
    assert (shown / "report.html").read_text().count('<img src="data:image/jpeg;base64,') == 2
    stored = ObjectStore(objects_settings.objects).get(RunKeys("run_1").page)
    assert stored == (plain / "report.html").read_bytes(), "no stored page shows a face"


def test_thumbnails_of_a_data_set_that_is_gone_are_refused_with_what_to_do(
    environment: dict[str, str], tmp_path: Path
) -> None:
    assert likeness("evaluate", "datasets", "--delete", "own", **environment).returncode == 0
    said = likeness("evaluate", "report", "run_1", "--out", str(tmp_path / "r"), "--thumbnails", **environment)
    assert said.returncode != 0
    assert "there is no data set 'own'" in said.stderr


def test_an_index_leads_to_the_report_of_each_run(environment: dict[str, str], tmp_path: Path) -> None:
    said = likeness("evaluate", "index", "--out", str(tmp_path / "all"), **environment)
    assert (said.returncode, said.stderr) == (0, "")
    assert 'href="run_1/report.html"' in (tmp_path / "all" / "index.html").read_text()
    assert (tmp_path / "all" / "run_1" / "report.html").is_file()
    assert (tmp_path / "all" / "index.csv").read_text().startswith("run,created_at,dataset,")


def test_an_index_of_no_runs_is_refused_and_nothing_is_written(redis_server: Servers, tmp_path: Path) -> None:
    store = {"LIKENESS_S3_ENDPOINT": "http://127.0.0.1:9", "LIKENESS_S3_ACCESS_KEY": "a", "LIKENESS_S3_SECRET_KEY": "b"}
    said = likeness("evaluate", "index", "--out", str(tmp_path / "all"), **redis_server.where, **store)
    assert (said.returncode, said.stdout) == (1, "")
    assert "no run has succeeded" in said.stderr
    assert not (tmp_path / "all").exists()


def test_runs_are_compared_by_the_beginning_of_an_id(environment: dict[str, str]) -> None:
    for verb in ("compare", "transfer"):
        whole, beginning = (likeness("evaluate", verb, name, name, "--json", **environment) for name in ("run_1", "ru"))
        assert (beginning.returncode, beginning.stdout, beginning.stderr) == (
            whole.returncode,
            whole.stdout,
            whole.stderr,
        )
        assert "run_1" in (whole.stdout or whole.stderr)
    unknown = likeness("evaluate", "compare", "run_2", "run_1", **environment)
    assert unknown.returncode == 1
    assert "run_2" in unknown.stderr
