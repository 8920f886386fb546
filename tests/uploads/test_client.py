"""The Python client and the command put photographs into the object store, and submit what they have put."""

import asyncio
import csv
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from likeness.calls import Calls
from likeness.client import AsyncClient, Client, ComparisonJob
from likeness.errors import ApiRefused, ApiUnreachable
from likeness.uploads import Uploads, media_type_of
from tests.support.stack import Stack
from tests.support.uploads import opened
from tests.uploads.conftest import image

KINDS = {"JPEG": "jpeg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "BMP": "bmp", "TIFF": "tiff"}


def test_what_the_client_has_put_it_submits_by_ids(client: Client) -> None:
    ids = client.uploads.put({"reference": image(1), "probe": image(2)})
    job = client.wait(client.submit(ids["reference"], ids["probe"]).id)
    assert job.outcome == "compared", job.document
    assert client.uploads.get(ids["probe"])["used_by"] == job.id


def test_a_batch_takes_ids_beside_bytes(client: Client) -> None:
    ids = client.uploads.put({"reference": image(1), "a": image(2)})
    batch = client.batches.submit({**ids, "b": image(3)})
    assert client.batches.wait(batch.id, every_s=5).counts["compared"] == 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_of_a_file_is_read_off_its_beginning(kind: str) -> None:
    assert media_type_of(image(1, kind)) == f"image/{KINDS[kind]}"


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"\0\0\0\x1cftypavif", "image/avif"), (b"\0\0\0\x18ftypheic", "image/heic"), (b"%PDF", None), (b"", None)],
)
def test_other_kinds_too_and_what_is_none_of_them(body: bytes, kind: str | None) -> None:
    assert media_type_of(body) == kind


def test_what_was_put_and_is_not_needed_can_be_erased(client: Client) -> None:
    upload = client.uploads.put({"one": image(1)})["one"]
    client.uploads.erase(upload)
    with pytest.raises(ApiRefused, match="no upload has the id"):
        client.uploads.get(upload)


class Elsewhere(Calls):
    """An API that has opened one upload, and says where."""

    def __init__(self, upload: dict[str, Any], **changed: Any) -> None:
        self._answer = {"uploads": [{**upload, **changed}]}

    async def request(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        return self._answer


def test_a_store_that_this_machine_does_not_reach_is_named(http: httpx.Client) -> None:
    upload = opened(http, b"x")
    nowhere = "http://127.0.0.1:1" + urlsplit(upload["url"])._replace(scheme="", netloc="").geturl()
    with pytest.raises(ApiUnreachable, match=r"the object store at 127\.0\.0\.1:1 .* LIKENESS_UPLOADS_URL"):
        Uploads(Elsewhere(upload, url=nowhere), retries_s=()).put({"one": b"x"})
    with pytest.raises(ApiRefused, match="answered 403") as refused:
        Uploads(Elsewhere(upload, headers={}), retries_s=()).put({"one": b"x"})
    assert refused.value.code == "upload_refused"


def test_the_asynchronous_client_does_the_same(uploading: Stack, token: str) -> None:
    async def compared() -> ComparisonJob:
        async with AsyncClient(uploading.url, key=token) as client:
            ids = await client.uploads.put({"reference": image(1), "probe": image(2)})
            return await client.wait((await client.submit(ids["reference"], ids["probe"])).id)

    assert asyncio.run(compared()).outcome == "compared"


def test_the_command_compares_two_files_by_uploads(uploading: Stack, token: str, tmp_path: Path) -> None:
    files = [tmp_path / "one.jpg", tmp_path / "two.png"]
    files[0].write_bytes(image(1))
    files[1].write_bytes(image(2, "PNG"))
    done = uploading.likeness("compare", "--upload", "--json", *map(str, files), LIKENESS_API_KEY=token)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["outcome"] == "compared"
    files[1].write_text("no photograph")
    done = uploading.likeness("compare", "--upload", *map(str, files), LIKENESS_API_KEY=token)
    assert done.returncode == 1
    assert "must be one of image/jpeg" in done.stderr


def test_the_command_puts_a_batch_and_goes_on_with_it_when_it_is_run_again(
    uploading: Stack, token: str, tmp_path: Path
) -> None:
    (folder := tmp_path / "photographs").mkdir()
    for name, shade in (("one.jpg", 1), ("two.jpg", 2)):
        (folder / name).write_bytes(image(shade))
    (folder / "text.jpg").write_text("no photograph")
    (tmp_path / "pairs.csv").write_text("reference,probe\none.jpg,two.jpg\none.jpg,text.jpg\n")
    command = ["batch", str(tmp_path / "pairs.csv"), "--folder", str(folder), "--upload"]
    command += ["--out", str(tmp_path / "rows.csv"), "--json"]
    first, again = (uploading.likeness(*command, LIKENESS_API_KEY=token) for _ in range(2))
    assert first.returncode == again.returncode == 0, first.stdout + first.stderr
    rows = [*csv.DictReader((tmp_path / "rows.csv").read_text().splitlines())]
    assert [row["outcome"] for row in rows] == ["compared", "not_acquired"]
    assert rows[1]["reasons"] == "probe:undecodable_image"
    ids = [json.loads(done.stdout.splitlines()[0])["id"] for done in (first, again)]
    assert ids[0] == ids[1], "the same photographs under the same key, put once more"
