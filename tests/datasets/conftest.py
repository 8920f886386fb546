"""A real S3 server for the whole session, and tiny pictures."""

import io
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from pydantic import SecretStr

from core.settings import Settings
from core.storage.objects import ObjectStore
from infra.local.servers import S3Server, ensure_bucket, free_port, retry, write_private

Picture = Callable[..., bytes]


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    directory = tmp_path_factory.mktemp("s3")
    port = free_port(random.randrange(20_000, 30_000), 10)
    server = S3Server(port, "datasets", "not-a-secret", directory)
    (directory / "data").mkdir()
    write_private(directory / "s3.json", server.config())
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            server.command(), cwd=directory, env={**os.environ, **server.environment()}, stdout=log, stderr=log
        )
    settings = Settings(
        home=directory,
        s3_endpoint=server.endpoint,
        s3_access_key=SecretStr(server.access_key),
        s3_secret_key=SecretStr(server.secret_key),
    )

    def still_running() -> None:
        if process.poll() is not None:
            raise RuntimeError((directory / "log").read_text())

    try:
        retry(lambda: ensure_bucket(settings.objects), timeout_s=60, meanwhile=still_running)
        yield settings
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def objects(settings: Settings) -> Iterator[ObjectStore]:
    store = ObjectStore(settings.objects)
    yield store
    store.delete(list(store.keys("datasets/")))


@pytest.fixture(scope="session")
def picture() -> Picture:
    """Encoded pictures; the same seed makes the same bytes."""

    def draw(seed: int = 0, size: tuple[int, int] = (16, 16), form: str = "JPEG") -> bytes:
        body = io.BytesIO()
        Image.new("RGB", size, (seed * 37 % 256, seed * 91 % 256, seed % 256)).save(body, form)
        return body.getvalue()

    return draw


@pytest.fixture
def lfw_like(tmp_path: Path, picture: Picture) -> tuple[Path, Path]:
    """A directory laid out as LFW's archive, and its list: two folds of two pairs of each kind."""
    root = tmp_path / "lfw"
    for seed, (name, number) in enumerate((name, n) for name in ("Ada", "Bo", "Cy", "Di") for n in (1, 2, 3)):
        path = root / name / f"{name}_{number:04d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(seed))
    pairs = tmp_path / "pairs.txt"
    pairs.write_text(LFW_LIKE)
    return root, pairs


LFW_LIKE = """2\t2
Ada\t1\t2
Bo\t1\t2
Ada\t1\tBo\t1
Ada\t2\tBo\t2
Cy\t1\t2
Di\t1\t2
Cy\t1\tDi\t1
Cy\t2\tDi\t2
"""
