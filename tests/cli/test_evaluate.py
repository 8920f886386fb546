"""`likeness evaluate`, called wrongly; and what `calibrate` says."""

import json
from pathlib import Path

import pytest
from PIL import Image

from core.evaluations.calibrations import CalibrationStore
from core.evaluations.runs import RunKeys, RunRequest
from core.evaluations.scoring import Scoring
from core.evaluations.store import RunStore
from core.packs.catalogue import Pack, directory_identity
from core.settings import Settings
from core.storage.objects import ObjectStore
from core.vocabulary import Policy, Track
from evaluator.datasets import import_dataset, read_benchmark
from evaluator.report import ScoreRow, ScoreTable
from tests.support.command import likeness
from tests.support.servers import Servers


@pytest.fixture
def environment(
    redis_server: Servers, bucket: dict[str, str], objects_settings: Settings, tmp_path: Path
) -> dict[str, str]:
    """Two servers and a data set, and no process of ours."""
    for name in ("black", "white"):
        Image.new("RGB", (64, 64), name).save(tmp_path / f"{name}.png")
    (tmp_path / "pairs.csv").write_text("reference,probe,mated\nblack.png,white.png,1\n")
    import_dataset(
        ObjectStore(objects_settings.objects), "own", read_benchmark("csv", tmp_path / "pairs.csv", tmp_path)
    )
    return {**redis_server.where, **bucket}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "nothing"), "there is no data set 'nothing'"),
        (("run", "own", "--pack", "nobody"), "no pack is called 'nobody'"),
        (("show", "run_nobody"), "no run has the id 'run_nobody'"),
        (("import", "lfw"), "needs --archive and --pairs"),
        (("import", "cfp-fp"), "needs --archive cfp-dataset.tgz alone: the lists lie within it"),
        (("import", "bin", "--names", "pyproject.toml"), "--names goes with lfw, calfw, cplfw, csv; found bin"),
        (("run", "own", "--detection-size", "333"), "multiple of 32"),
    ],
)
def test_a_wrong_command_is_one_clear_sentence(
    environment: dict[str, str], arguments: tuple[str, ...], says: str
) -> None:
    said = likeness("evaluate", *arguments, **environment)
    assert said.returncode != 0
    assert says in said.stderr
    assert "Traceback" not in said.stderr


def ended_run(settings: Settings, objects: ObjectStore, zoo: Pack, policy: Policy, pairs: int = 3000) -> str:
    """A run on so many non-mated pairs that scored as the service does, but for its policy."""
    runs = RunStore(settings.redis)
    request = RunRequest("own", "d", Track.RAW, zoo.name, False, policy, 640, 2 * pairs, pairs, 1)
    run = runs.create(f"run_{policy}", request)
    runs.start(run.id)
    (pipeline,) = Scoring(settings.engine, tuple).of(zoo, policy)
    report = {
        "pipeline": {name: getattr(pipeline, name) for name in pipeline.__dataclass_fields__},
        "engine": {"provider": "cpu"},
    }
    table = ScoreTable(tuple(ScoreRow(f"a{n}", f"b{n}", False, n / pairs) for n in range(pairs)))
    objects.put(RunKeys(run.id).report, json.dumps(report).encode(), "application/json")
    objects.put(RunKeys(run.id).scores, table.csv, "text/csv")
    runs.succeed(run.id, {})
    return run.id


def test_calibrate_says_what_each_threshold_keeps_and_when_the_service_would_refuse_them(
    environment: dict[str, str], redis_server: Servers, objects_settings: Settings, zoo: Pack
) -> None:
    objects = ObjectStore(objects_settings.objects)
    as_the_service = ended_run(redis_server.settings, objects, zoo, Policy.LARGEST)
    said = likeness("evaluate", "calibrate", as_the_service, **environment)
    assert (said.returncode, said.stderr) == (0, "")
    assert (
        "FMR <= 0.01: threshold 0.9930 (20 false matches in 3000, so at most 0.00967 with 95 % confidence)"
        in said.stdout
    )
    assert "FMR <= 0.001: threshold 0.9997 (0 false matches in 3000, so at most 0.000998 with 95 % " in said.stdout
    assert "FMR <= 0.0001: refused, FMR at most 0.0001 needs at least 29956 non-mated trials" in said.stdout
    by_name = ended_run(redis_server.settings, objects, zoo, Policy.MOST_CENTRAL)
    said = likeness("evaluate", "calibrate", by_name, "--json", **environment)
    assert said.returncode == 0
    assert "the policy was most_central, here it is largest. To mend it: ask for policy=most_central" in said.stderr
    assert json.loads(said.stdout)["pipeline"]["policy"] == "most_central"


def test_calibrate_refuses_a_run_that_shows_no_threshold_and_changes_nothing(
    environment: dict[str, str], redis_server: Servers, objects_settings: Settings, zoo: Pack
) -> None:
    run_id = ended_run(redis_server.settings, ObjectStore(objects_settings.objects), zoo, Policy.LARGEST, pairs=6)
    for option in ((), ("--replace",), ("--json",)):
        said = likeness("evaluate", "calibrate", run_id, *option, **environment)
        assert (said.returncode, said.stdout) == (1, "")
        assert "FMR at most 0.1 needs at least 29 non-mated trials, there are 6" in said.stderr
        assert "likeness evaluate fetch lfw" in said.stderr
    assert CalibrationStore(redis_server.settings.redis).get(directory_identity(zoo).digest) is None


def test_a_data_set_is_listed_shown_and_deleted(environment: dict[str, str]) -> None:
    for listing in (("datasets",), ("datasets", "list")):
        assert likeness("evaluate", *listing, **environment).stdout.splitlines()[1].startswith("own ")
    shown = likeness("evaluate", "datasets", "show", "own", **environment)
    assert "pairs      1: 1 mated, 0 non-mated; no folds" in shown.stdout
    (listed,) = json.loads(likeness("evaluate", "datasets", "--json", **environment).stdout)
    assert json.loads(likeness("evaluate", "datasets", "show", "own", "--json", **environment).stdout) == listed
    assert likeness("evaluate", "datasets", "delete", "own", **environment).stdout == "own is deleted\n"
    for verb in ("show", "delete"):
        gone = likeness("evaluate", "datasets", verb, "own", **environment)
        assert (gone.returncode, "there is no data set 'own'" in gone.stderr) == (1, True)
