"""The `likeness` command against a running stack, as a person would use it."""

import json
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from likeness.client import ApiUnreachable, Client
from tests.support.stack import Stack

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def likeness(stack: Stack) -> Run:
    def run(*arguments: object) -> tuple[int, str, str]:
        done = stack.likeness(*map(str, arguments))
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    return run


def test_compare_tells_the_decision_the_score_and_where_the_threshold_comes_from(
    likeness: Run, samples: dict[str, Path]
) -> None:
    status, said, _ = likeness("compare", samples["obama.jpg"], samples["obama2.jpg"], "--wait")
    assert status == 0
    assert re.search(r"decision +match", said)
    assert re.search(r"score +0\.7\d+ +\(threshold 0\.363: OpenCV Zoo", said)


def test_compare_tells_what_was_seen_on_each_side(likeness: Run, samples: dict[str, Path]) -> None:
    status, said, _ = likeness("compare", samples["obama.jpg"], samples["six_faces.jpg"])
    assert status == 0
    line = (
        r"{} +{}, {}, eyes \d+ px apart, yaw -?\d+°, pitch -?\d+°, roll -?\d+°, sharpness 0\.\d\d, .*contrast 0\.\d\d"
    )
    assert re.search(line.format("reference", "910x1137", "1 face"), said)
    assert re.search(line.format("probe", "1280x886", "6 faces"), said)
    assert "warnings" not in said


def test_a_blurred_photograph_is_told_or_refused(likeness: Run, samples: dict[str, Path], tmp_path: Path) -> None:
    image = Image.open(samples["obama.jpg"])
    image.filter(ImageFilter.GaussianBlur(15)).save(tmp_path / "blurred.png")
    pair = samples["obama2.jpg"], tmp_path / "blurred.png"
    status, said, _ = likeness("compare", *pair)
    assert status == 0
    assert re.search(r"probe .*; warnings: blurred$", said, re.M)
    status, said, _ = likeness("compare", *pair, "--quality", "require")
    assert status == 3
    assert re.search(
        r"probe +blurred: the face is blurred: sharpness [0-9.]+; at least 0\.55 \(LIKENESS_QUALITY_", said
    )


def test_compare_as_json_prints_the_job(likeness: Run, samples: dict[str, Path]) -> None:
    status, said, _ = likeness("compare", samples["obama.jpg"], samples["biden.jpg"], "--json")
    job = json.loads(said)
    assert status == 0
    assert (job["status"], job["outcome"], job["decision"]) == ("succeeded", "compared", "non_match")
    assert {"id", "score", "threshold", "reasons", "pack", "timings_ms"} <= set(job)


@pytest.mark.parametrize(("policy", "expected"), [("largest", 0), ("most_central", 0), ("require_one", 3)])
def test_each_policy_has_its_answer_to_six_faces(
    likeness: Run, samples: dict[str, Path], policy: str, expected: int
) -> None:
    status, said, _ = likeness("compare", samples["obama.jpg"], samples["six_faces.jpg"], "--policy", policy)
    assert status == expected
    assert ("multiple_faces" in said) == (policy == "require_one")


def test_what_cannot_be_compared_is_one_sentence(likeness: Run, samples: dict[str, Path], tmp_path: Path) -> None:
    good = samples["obama.jpg"]
    (tmp_path / "text.jpg").write_text("this is no image")
    (tmp_path / "cut.jpg").write_bytes(good.read_bytes()[:100_000])
    Image.new("1", (30_000, 30_000)).save(tmp_path / "bomb.png")
    assert likeness("compare", good, tmp_path / "text.jpg")[::2] == (
        1,
        "likeness: probe: the bytes begin with b'this is '; "
        "JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP and TIFF are accepted\n",
    )
    status, _, said = likeness("compare", good, tmp_path / "bomb.png")
    assert status == 1
    assert "30000x30000 pixels; at most 40000000" in said
    status, said, _ = likeness("compare", good, tmp_path / "cut.jpg")
    assert status == 3
    assert "undecodable_image" in said


def test_jobs_lists_whole_ids_and_filters(likeness: Run, samples: dict[str, Path]) -> None:
    job = json.loads(likeness("compare", samples["obama.jpg"], samples["obama.jpg"], "--json")[1])
    assert job["id"] in likeness("jobs", "--limit", 3)[1]
    assert job["id"] in likeness("jobs", "--status", "succeeded")[1]
    assert job["id"] not in likeness("jobs", "--status", "failed")[1]
    assert likeness("jobs", "--erase", job["id"])[0] == 0
    assert job["id"] not in likeness("jobs", "--limit", 100)[1]


def test_packs_are_listed_and_verified(likeness: Run) -> None:
    status, said, _ = likeness("packs", "list")
    assert status == 0
    assert "buffalo_l" in said
    status, said, _ = likeness("packs", "verify", "opencv-zoo")
    assert status == 0
    assert "4 files as recorded" in said
    status, _, said = likeness("packs", "fetch", "buffalo_l")
    assert status == 1
    assert "LIKENESS_ACCEPT_LICENCES=buffalo_l" in said


def test_without_a_stack_the_command_says_how_to_start_one(stack: Stack, samples: dict[str, Path]) -> None:
    photograph = str(samples["obama.jpg"])
    done = stack.likeness("compare", photograph, photograph, LIKENESS_API_URL="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "start a local one with `make up`" in done.stderr


def test_an_api_that_hangs_is_named_and_not_asked_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as hung:
        url = f"http://127.0.0.1:{hung.getsockname()[1]}"
        with Client(url, timeout_s=0.5) as client, pytest.raises(ApiUnreachable, match=f"{url} takes requests but"):
            client.submit(b"one", b"two")
        hung.accept()[0].close()
        hung.setblocking(False)
        with pytest.raises(BlockingIOError):
            hung.accept()
