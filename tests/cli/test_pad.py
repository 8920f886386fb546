"""`likeness evaluate pad`, on a pack that takes what is bright for a person."""

import json
from pathlib import Path

import pytest
from PIL import Image

from core.packs.catalogue import find_pack, load_catalogue
from core.settings import Settings
from tests.support.command import likeness
from tests.support.liveness_pack import write_liveness_pack
from worker.packs.own import add_pack


@pytest.fixture
def environment(tmp_path: Path, zoo_directory: Path) -> dict[str, str]:
    """No server and no process of ours: two packs, and nothing else."""
    home = tmp_path / "home"
    ours = write_liveness_pack(tmp_path / "ours")
    add_pack("brightness", ours, Settings(home=home).packs, licence="ours", commercial_use=True, threshold=0.5)
    (home / "packs" / "opencv-zoo").symlink_to(zoo_directory)
    return {"LIKENESS_HOME": str(home), "LIKENESS_LIVENESS_PACK": "brightness"}


@pytest.fixture(scope="module")
def presentations(tmp_path_factory: pytest.TempPathFactory, samples: dict[str, Path]) -> Path:
    """Two bright, two dark, one that is bright and called an attack, and one without a face."""
    folder = tmp_path_factory.mktemp("presentations")
    rows = ["image,bona_fide,attack"]
    for name, is_bright, species in (
        ("obama", True, ""), ("obama2", True, ""), ("obama3", False, ""),
        ("biden", False, "print"), ("astronaut", True, "[b]screen"),
    ):  # fmt: skip
        source = next(path for key, path in samples.items() if key.startswith(f"{name}."))
        image = Image.open(source).convert("RGB")
        shown = image.point(lambda v, bright=is_bright: 255 - (255 - v) * 0.3 if bright else v * 0.3)
        shown.save(folder / f"{name}.png", compress_level=1)
        rows.append(f"{name}.png,{int(not species)},{species}")
    (folder / "nobody.png").write_bytes(samples["no_face.png"].read_bytes())
    path = folder / "list.csv"
    path.write_text("\n".join([*rows, "nobody.png,1,"]))
    return path


def test_the_report_counts_attacks_by_species_and_says_what_it_rests_on(
    environment: dict[str, str], presentations: Path, tmp_path: Path
) -> None:
    written = ("--out", str(tmp_path / "report.json"), "--page", str(tmp_path / "report.html"))
    said = likeness("evaluate", "pad", str(presentations), *written, **environment)
    assert said.returncode == 0, said.stderr
    assert f"the report is in {tmp_path / 'report.html'}" in said.stdout
    assert "Presentation attack detection by brightness" in (tmp_path / "report.html").read_text()
    rows = [" ".join(line.split()) for line in said.stdout.splitlines()]
    assert "APCER, print 0.00 % (0.00 % to 97.50 %) 0 of 1 image" in rows
    assert "APCER, [b]screen 100.00 % (2.50 % to 100.00 %) 1 of 1 image" in rows
    assert "BPCER 33.33 % (0.84 % to 90.57 %) 1 of 3 images" in rows
    assert "BPNRR 25.00 % (0.63 % to 80.59 %) 1 of 4 images" in rows
    assert any(row.startswith("BPCER20 insufficient data APCER at most 0.05 needs at least 59") for row in rows)
    report = json.loads((tmp_path / "report.json").read_text())
    pack = find_pack("brightness", load_catalogue(Path(environment["LIKENESS_HOME"])))
    assert report["facts"]["liveness_pack"]["name"] == pack.name
    assert report["presentations"] == {"bona_fide": 4, "attacks": {"print": 1, "[b]screen": 1}, "same_bytes_twice": 0}
    assert report["at_the_threshold"]["apcer"]["value"] == 1.0
    assert report["at_apcer"][0]["point"]["insufficient_data"].startswith("APCER at most 0.1 needs at least 29")
    verdicts = {image["image"]: image["verdict"] for image in report["images"]}
    assert verdicts["astronaut.png"] == "bona_fide"
    assert verdicts["nobody.png"] == "not_judged"
    assert report["images"][-1]["reason"] == "not_acquired"


def test_another_threshold_is_obeyed(environment: dict[str, str], presentations: Path) -> None:
    said = likeness("evaluate", "pad", str(presentations), "--threshold", "1", "--json", **environment)
    at = json.loads(said.stdout)["at_the_threshold"]
    assert (at["threshold"], at["apcer"]["errors"], at["bpcer"]["errors"]) == (1.0, 0, 3)


def test_without_a_pack_it_says_which_setting_names_one(environment: dict[str, str], presentations: Path) -> None:
    said = likeness("evaluate", "pad", str(presentations), LIKENESS_HOME=environment["LIKENESS_HOME"])
    assert said.returncode != 0
    assert "--liveness-pack, or set LIKENESS_LIVENESS_PACK" in said.stderr
    wrong = likeness("evaluate", "pad", str(presentations), "--liveness-pack", "opencv-zoo", **environment)
    assert "the pack 'opencv-zoo' is for recognition, and one for liveness is needed" in wrong.stderr
    absent = likeness("evaluate", "pad", str(presentations), "--liveness-pack", "minifasnet", **environment)
    assert "likeness packs fetch minifasnet" in absent.stderr
