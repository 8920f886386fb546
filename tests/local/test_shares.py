"""On a machine of many cores a local stack has more than one worker, and on a small one it is as it was."""

from pathlib import Path
from typing import Any

import pytest
from honcho.environ import parse_procfile

from core.settings import Settings
from infra.local.shares import shares_of, with_twins
from infra.local.stack import PROCFILE


@pytest.mark.parametrize(
    ("cores", "workers", "threads", "apis"),
    [(1, 1, None, None), (2, 1, None, None), (7, 1, None, None), (8, 2, 4, None), (16, 4, 4, 2), (22, 5, 5, 2)],
)
def test_each_four_cores_have_a_worker(
    tmp_path: Path, cores: int, workers: int, threads: int | None, apis: int | None
) -> None:
    shares = shares_of(Settings(home=tmp_path), cores)
    api = shares["api"].get("LIKENESS_API_PROCESSES")
    told = [of.get("LIKENESS_ENGINE_THREADS") for name, of in shares.items() if name != "api"]
    assert told == [threads and str(threads)] * workers
    assert api == (apis and str(apis))


@pytest.mark.parametrize(
    ("setting", "of", "left_out"),
    [
        ({"worker_processes": 1}, "worker", "LIKENESS_ENGINE_THREADS"),
        ({"engine_threads": 9}, "worker-2", "LIKENESS_ENGINE_THREADS"),
        ({"worker_threads": 9}, "worker-2", "LIKENESS_WORKER_THREADS"),
        ({"api_processes": 1}, "api", "LIKENESS_API_PROCESSES"),
    ],
)
def test_what_is_set_stays(tmp_path: Path, setting: dict[str, Any], of: str, left_out: str) -> None:
    assert left_out in shares_of(Settings(home=tmp_path), 16)[of]
    assert left_out not in shares_of(Settings(home=tmp_path, **setting), 16)[of]


def test_a_twin_has_a_name_of_its_own() -> None:
    lines = with_twins(parse_procfile(PROCFILE.read_text()).processes)
    nodes = [lines[name].rpartition(" -n ")[2] for name in ("worker", "worker2", "embedder", "embedder2")]
    assert nodes == ["${WORKER_NODE:-engine}@%h", "${WORKER_NODE:-engine2}@%h", "embedder@%h", "embedder2@%h"]
