"""Each file in `examples/` does what it says, against a running service."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from core.settings import CHECKOUT
from tests.support.ports import ours
from tests.support.stack import Stack, eventually

EXAMPLES = CHECKOUT / "examples"
SIGN_UPS = ("05_flask_sign_up.py", "06_django_sign_up.py")
Photographs = dict[str, Path]


def environment(stack: Stack, **more: str) -> dict[str, str]:
    return {**os.environ, "LIKENESS_API_URL": stack.url, "PYTHONUNBUFFERED": "1", **more}


def said_by(stack: Stack, name: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name), *map(str, arguments)],
        env=environment(stack),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_every_example_is_run_here_and_named_on_its_page() -> None:
    here, page = Path(__file__).read_text(encoding="utf-8"), (EXAMPLES / "README.md").read_text(encoding="utf-8")
    names = sorted(path.name for path in EXAMPLES.glob("*.py"))
    assert [name[:2] for name in names] == [f"{number:02}" for number in range(1, len(names) + 1)]
    assert [name for name in names if f'"{name}"' not in here or f"`{name}`" not in page] == []


def test_two_photographs_are_verified(whole: Stack, samples: Photographs) -> None:
    said = said_by(whole, "01_verify_two_photographs.py", samples["obama.jpg"], samples["obama2.jpg"])
    assert "\nmatch: score 0.7" in said
    said = said_by(whole, "01_verify_two_photographs.py", samples["obama.jpg"], samples["six_faces.jpg"])
    assert "probe: multiple_faces: 6 faces were found" in said


def test_a_job_is_waited_for_and_told_by_webhook(whole: Stack, samples: Photographs) -> None:
    said = said_by(whole, "02_wait_or_webhook.py", samples["obama.jpg"], samples["biden.jpg"])
    assert said.splitlines() == ["waited for: non_match", "told by webhook: comparison.succeeded non_match"]


def test_rows_of_a_batch_are_read(whole: Stack, samples: Photographs) -> None:
    said = said_by(whole, "03_batch.py", samples["obama.jpg"], samples["obama2.jpg"], samples["biden.jpg"])
    assert said.splitlines()[-3:] == [
        "succeeded: 2 of 2",
        "row obama2 compared match",
        "row biden compared non_match",
    ]


def test_comparisons_go_side_by_side(whole: Stack, samples: Photographs, tmp_path: Path) -> None:
    (tmp_path / "none.txt").write_text("no image")
    probes = samples["obama2.jpg"], samples["biden.jpg"], tmp_path / "none.txt"
    said = said_by(whole, "04_async.py", samples["obama.jpg"], *probes)
    assert said.splitlines()[:3] == ["obama2.jpg: match", "biden.jpg: non_match", "none.txt: image_unsupported"]


@contextmanager
def service(stack: Stack, name: str, folder: Path) -> Iterator[httpx.Client]:
    """The example as a service, with an endpoint of its own."""
    port = ours().take()
    with stack.client() as client:
        endpoint = client.add_endpoint(f"http://127.0.0.1:{port}/likeness")
        told = {"LIKENESS_WEBHOOK_SECRET": endpoint["secret"], "PORT": str(port), "SIGN_UPS": str(folder / "db.sqlite")}
        with (
            (folder / "log").open("wb") as log,
            subprocess.Popen(
                [sys.executable, str(EXAMPLES / name)], env=environment(stack, **told), stdout=log, stderr=log
            ) as process,
        ):
            try:
                with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
                    eventually(lambda: http.get("/sign-ups/nobody"))
                    yield http
            finally:
                process.kill()
                client.remove_endpoint(endpoint["id"])


@pytest.mark.parametrize("name", SIGN_UPS)
def test_a_sign_up_is_verified_reviewed_or_asked_for_again(
    name: str, whole: Stack, samples: Photographs, tmp_path: Path
) -> None:
    def submit(sign_up: str, id_card: str, selfie: str) -> httpx.Response:
        files = {"id_card": samples[id_card].read_bytes(), "selfie": samples[selfie].read_bytes()}
        return http.post(f"/sign-ups/{sign_up}", files={side: (side, body) for side, body in files.items()})

    def state(sign_up: str) -> tuple[str, str]:
        answer = http.get(f"/sign-ups/{sign_up}").json()
        assert answer["state"] != "checking"
        return answer["state"], answer["say"]

    ann, bob, cy = (f"{who}-{name[:2]}" for who in ("ann", "bob", "cy"))
    with service(whole, name, tmp_path) as http:
        assert http.get("/sign-ups/nobody").status_code == 404
        for sign_up, selfie in ((ann, "obama2.jpg"), (ann, "obama2.jpg"), (bob, "biden.jpg"), (cy, "six_faces.jpg")):
            answer = submit(sign_up, "obama.jpg", selfie)
            assert answer.status_code == 202, answer.text
        assert eventually(lambda: state(ann))[0] == "verified"
        assert eventually(lambda: state(bob))[0] == "review"
        again, why = eventually(lambda: state(cy))
        assert (again, "6 faces were found" in why) == ("again", True)
        refused = http.post("/sign-ups/dee", files={"id_card": ("a", b"no image"), "selfie": ("b", b"none")})
        assert (refused.status_code, refused.json()["code"]) == (422, "image_unsupported")
        assert http.post("/likeness", content=b"{}").status_code == 401
    with whole.client() as client:
        jobs = [job for job in client.jobs(limit=10) if job.document["metadata"].get("sign_up") == ann]
    assert len(jobs) == 1, "a double click is one job"


def test_thresholds_are_counted_on_own_pairs(whole: Stack, samples: Photographs, tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text(
        "reference,probe,mated\nobama.jpg,obama2.jpg,1\nobama.jpg,biden.jpg,0\nobama2.jpg,biden.jpg,0\n"
    )
    folder = samples["obama.jpg"].parent
    done = whole.likeness(
        *("evaluate", "import", "csv", "--name", "examples", "--pairs", str(tmp_path / "pairs.csv")),
        *("--archive", str(folder)),
    )
    assert done.returncode == 0, done.stderr
    said = said_by(whole, "07_choose_a_threshold.py", "examples")
    assert "1 mated and 2 non-mated pairs; 0 not acquired (FTA)" in said
    assert "0.363  FMR 0/2  FNMR 0/1" in said


def test_a_receipt_outlives_its_job(whole: Stack, samples: Photographs) -> None:
    said = said_by(whole, "08_receipts.py", samples["obama.jpg"], samples["obama2.jpg"])
    assert said.splitlines()[:2] == ["signed: match, threshold 0.363, pack opencv-zoo", "of these images: True"]
    assert said.splitlines()[2].startswith("changed: ")
