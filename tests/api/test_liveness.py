"""Liveness through a whole stack: asked for at the door, judged by a worker, told by everything that tells a job."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import jwt
import pytest
from PIL import Image, ImageEnhance

from api.door.services import make_services
from core.comparisons.receipts import new_key
from core.errors import SettingsInvalid
from core.settings import Settings
from tests.support.liveness_pack import write_liveness_pack
from tests.support.servers import Store
from tests.support.shared import SHARED
from tests.support.stack import Stack, running


@pytest.fixture
def judging(tmp_path_factory: pytest.TempPathFactory, zoo_directory: Path, object_store: Store) -> Stack:
    """A stack with a liveness pack that was added to it: what is bright is bona fide."""

    @contextmanager
    def started() -> Iterator[Stack]:
        home = tmp_path_factory.mktemp("judging")
        packs = home / "packs"
        packs.mkdir()
        (packs / "opencv-zoo").symlink_to(zoo_directory)
        settings = {"LIKENESS_LIVENESS_PACK": "brightness", "LIKENESS_RECEIPT_KEY": new_key()}
        with running(home / "stack", packs, object_store, **settings) as stack:
            ours = write_liveness_pack(home / "ours")
            terms = ("--licence", "ours", "--commercial-use", "--threshold", "0.5")
            added = stack.likeness("packs", "add", "brightness", str(ours), *terms)
            assert added.stdout == (
                "brightness is added: 4 files, for liveness\n"
                "for comparisons, name it in LIKENESS_LIVENESS_PACK, in .env; then restart what runs "
                "(`likeness up`, or each process)\n"
            ), added.stderr
            stack.start("api", "worker", "embedder")
            stack.wait_until_ready()
            yield stack

    return SHARED.lend("judging", started)


def shown(path: Path, factor: float) -> bytes:
    body = io.BytesIO()
    image = Image.open(path).convert("RGB")
    image = (
        ImageEnhance.Brightness(image).enhance(factor) if factor < 1 else image.point(lambda v: 255 - (255 - v) * 0.3)
    )
    image.save(body, "PNG")
    return body.getvalue()


def test_liveness_is_refused_at_the_door_where_nothing_judges_it(stack: Stack, samples: dict[str, Path]) -> None:
    files = {side: (f"{side}.jpg", samples["obama.jpg"].read_bytes()) for side in ("reference", "probe")}
    answer = httpx.post(f"{stack.url}/v1/comparisons", files=files, data={"liveness": "require"}, timeout=30)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["errors"][0]["pointer"] == "/liveness"
    assert problem["errors"][0]["code"] == "liveness_not_installed"
    assert "likeness packs fetch minifasnet" in problem["errors"][0]["detail"]
    unknown = httpx.post(f"{stack.url}/v1/comparisons", files=files, data={"liveness": "perhaps"}, timeout=30)
    assert unknown.json()["errors"][0]["detail"] == "must be one of off, report, require; found perhaps"


def test_an_attack_is_told_by_the_job_its_receipt_and_the_command(
    judging: Stack, samples: dict[str, Path], tmp_path: Path
) -> None:
    reference, dark = tmp_path / "reference.png", tmp_path / "dark.png"
    reference.write_bytes(shown(samples["obama.jpg"], 2))
    dark.write_bytes(shown(samples["obama2.jpg"], 0.4))
    with judging.client() as client:
        submitted = client.submit(reference.read_bytes(), dark.read_bytes(), liveness="require")
        job = client.wait(submitted.id, timeout_s=60)
        receipt = jwt.decode(client.receipt(job.id), options={"verify_signature": False})
    assert (job.status, job.outcome, job.decision) == ("succeeded", "not_acquired", None)
    assert [(reason["side"], reason["reason"]) for reason in job.reasons] == [("probe", "presentation_attack")]
    assert [*job.pad] == ["probe"]
    assert job.pad["probe"]["verdict"] == "attack"
    assert receipt["liveness"] == {"rule": "require", "sides": "probe"}
    assert receipt["pad"]["probe"].items() <= job.pad["probe"].items()
    assert "detail" not in receipt["pad"]["probe"]
    ran = judging.likeness("compare", str(reference), str(dark), "--liveness", "report", "--liveness-sides", "both")
    assert ran.returncode == 0, ran.stderr
    assert "\ndecision   match\n" in ran.stdout
    assert "reference  liveness bona fide: score 0." in ran.stdout
    assert "probe      liveness attack: score 0." in ran.stdout


def test_a_client_can_find_out_what_judges(judging: Stack, stack: Stack) -> None:
    installed = httpx.get(f"{judging.url}/v1/packs", timeout=30).json()["liveness"]
    assert (installed["name"], installed["threshold"], installed["default"]) == ("brightness", 0.5, "off")
    assert len(installed["digest"]) == 64
    assert httpx.get(f"{stack.url}/v1/packs", timeout=30).json()["liveness"] is None


def test_the_plain_call_says_why_nothing_was_compared(judging: Stack, samples: dict[str, Path]) -> None:
    files = {
        "reference": ("r.png", shown(samples["obama.jpg"], 2)),
        "probe": ("p.png", shown(samples["obama2.jpg"], 0.4)),
    }
    answer = httpx.post(f"{judging.url}/compare", files=files, data={"liveness": "require"}, timeout=60)
    assert answer.status_code == 200
    assert answer.json()["is_match"] is None
    assert answer.json()["message"].startswith("probe: the image looks like a presentation attack")


def test_the_rows_of_a_batch_have_the_liveness_of_single_comparisons_to_the_last_bit(
    judging: Stack, samples: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for name, factor in (("obama", 2), ("obama2", 0.4), ("biden", 2)):
        (folder / f"{name}.png").write_bytes(shown(samples[f"{name}.jpg"], factor))
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("reference,probe\nobama.png,obama2.png\nobama2.png,obama.png\nobama.png,biden.png\n")
    asked = ("--folder", str(folder), "--liveness", "require", "--liveness-sides", "probe")
    lines, cells = tmp_path / "rows.jsonl", tmp_path / "rows.csv"
    for out in (lines, cells):  # the second finds the batch that the first has made
        ran = judging.likeness("batch", str(pairs), *asked, "--out", str(out))
        assert ran.returncode == 0, ran.stderr
        assert "3 of 3 pairs: 1 matches, 1 non-matches, 1 not acquired, 0 failed" in ran.stdout
    rows = [json.loads(line) for line in lines.read_text().splitlines()]
    with judging.client() as client:
        for row in rows:
            sides = ((folder / row[side]).read_bytes() for side in ("reference", "probe"))
            single = client.wait(client.submit(*sides, liveness="require").id, timeout_s=60).document
            said = ("outcome", "score", "decision", "reasons", "liveness", "liveness_sides", "pad", "faces")
            assert {name: row[name] for name in said} == {name: single[name] for name in said}
    assert [row["probe_liveness"] for row in csv.DictReader(cells.read_text().splitlines())] == [
        "attack",
        "bona_fide",
        "bona_fide",
    ]


def test_an_api_whose_default_nothing_judges_does_not_start(stores: Settings) -> None:
    settings = stores.but(default_liveness="require")
    with pytest.raises(SettingsInvalid, match=r"LIKENESS_DEFAULT_LIVENESS is require, .*: set LIKENESS_LIVENESS_PACK"):
        make_services(settings)
