"""The benchmark's own stack."""

from pathlib import Path

from honcho.environ import parse_procfile

from bench.stack import _procfile


def test_a_twin_has_a_name_of_its_own(tmp_path: Path) -> None:
    names = ["worker", "worker2", "embedder", "embedder2"]
    lines = parse_procfile(_procfile(tmp_path, names).read_text()).processes
    nodes = [line.partition(" -n ")[2].rpartition("-n ")[2] for line in lines.values()]
    assert nodes == ["${WORKER_NODE:-engine}@%h", "${WORKER_NODE:-engine2}@%h", "embedder@%h", "embedder2@%h"]
