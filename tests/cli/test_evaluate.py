"""`likeness evaluate`, called wrongly."""

from pathlib import Path

import pytest
from PIL import Image

from core.settings import Settings
from core.storage.objects import ObjectStore
from evaluator.datasets import import_dataset, read_benchmark
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
