import shutil
import tomllib
from pathlib import Path

import pytest

from core.errors import DownloadFailed
from infra.local.samples import SAMPLES_FILE, fetch_samples


def test_every_sample_is_there_by_name(samples: dict[str, Path]) -> None:
    listed = tomllib.loads(SAMPLES_FILE.read_text())["samples"]
    assert list(samples) == [sample["name"] for sample in listed]
    assert all(path.is_file() for path in samples.values())


@pytest.mark.usefixtures("offline")
def test_samples_that_are_there_cost_no_network_and_damaged_ones_are_replaced(
    samples: dict[str, Path], tmp_path: Path
) -> None:
    shutil.copytree(samples["obama.jpg"].parent, tmp_path / "samples")
    assert {path.read_bytes() for path in fetch_samples(tmp_path).values()} == {
        path.read_bytes() for path in samples.values()
    }
    (tmp_path / "samples" / "no_face.png").write_bytes(b"damaged")  # from an installed package
    assert fetch_samples(tmp_path)["no_face.png"].read_bytes() == samples["no_face.png"].read_bytes()
    (tmp_path / "samples" / "obama.jpg").write_bytes(b"damaged")  # from the archive, out of reach
    with pytest.raises(DownloadFailed, match=r"face_recognition==1\.3\.0"):
        fetch_samples(tmp_path)
    assert sorted(path.name for path in (tmp_path / "samples").iterdir()) == sorted(samples)


def test_samples_that_are_there_need_nothing_that_can_be_written(tmp_path: Path, samples: dict[str, Path]) -> None:
    home = tmp_path / "home"
    (home / "samples").mkdir(parents=True)
    for name, path in samples.items():
        shutil.copy(path, home / "samples" / name)
    before = {path: path.stat().st_mtime_ns for path in (home, home / "samples")}
    assert fetch_samples(home).keys() == samples.keys()
    assert {path: path.stat().st_mtime_ns for path in before} == before, "nothing was made in either, not for a moment"
