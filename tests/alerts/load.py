"""Clients that compare pairs of a small benchmark all the while, and do whatever else a metric counts."""

import csv
import io
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import httpx
from PIL import Image, ImageEnhance, ImageFilter

from likeness.client import ApiError, Client

#: The person on each photograph.
SUBJECTS = {"obama.jpg": "p", "obama3.jpg": "p", "biden.jpg": "q"}
BRIGHTNESSES = 10
#: Photographs are made small: what is tried are the gauges.
SIDE_PX = 320
#: Beside comparisons, so often.
BATCH_EVERY_S = 10.0


@dataclass(frozen=True)
class Benchmark:
    """Photographs of three people in several brightnesses, and every pair of them."""

    folder: Path
    pairs: tuple[tuple[str, str], ...]

    @classmethod
    def made(cls, folder: Path, samples: dict[str, Path]) -> "Benchmark":
        """In a folder, with the list of pairs that an evaluation reads."""
        folder.mkdir(parents=True)
        people = {}
        for photograph, person in SUBJECTS.items():
            image = Image.open(samples[photograph]).convert("RGB")
            image.thumbnail((SIDE_PX, SIDE_PX))
            for step in range(BRIGHTNESSES):
                name = f"{Path(photograph).stem}{step}.jpg"
                ImageEnhance.Brightness(image).enhance(0.75 + step / 20).save(folder / name, quality=90)
                people[name] = person
        pairs = tuple(combinations(people, 2))
        with (folder / "pairs.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("reference", "probe", "mated", "fold"))
            rows.writerows((a, b, int(people[a] == people[b]), n % 10 + 1) for n, (a, b) in enumerate(pairs))
        return cls(folder, pairs)

    def body(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


def nobody(body: bytes) -> bytes:
    """A camera that is covered: grey."""
    return _saved(Image.new("RGB", Image.open(io.BytesIO(body)).size, "grey"))


def smeared(body: bytes) -> bytes:
    """A camera with a smeared lens."""
    return _saved(Image.open(io.BytesIO(body)).filter(ImageFilter.GaussianBlur(SIDE_PX / 80)))


def _saved(image: Image.Image) -> bytes:
    body = io.BytesIO()
    image.save(body, "JPEG", quality=90)
    return body.getvalue()


@dataclass
class Load:
    """Clients, each with one comparison in hand. What fails while a fault is made is not asked again."""

    url: str
    callback_url: str
    benchmark: Benchmark
    #: What the probe's camera makes of a photograph.
    camera: Callable[[bytes], bytes] = lambda body: body
    #: Comparisons that were accepted, and all that was sent.
    accepted: int = 0
    sent: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def going_on(self, clients: int) -> Iterator["Load"]:
        work = [*[self._compare] * clients, self._batch, self._err]
        threads = [threading.Thread(target=one, daemon=True) for one in work]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._over.set()
            for thread in threads:
                thread.join(30)

    @contextmanager
    def through(self, camera: Callable[[bytes], bytes]) -> Iterator[None]:
        """With another camera."""
        before, self.camera = self.camera, camera
        try:
            yield
        finally:
            self.camera = before

    def submit(self, http: httpx.Client, *, wait_s: int = 0) -> str | None:
        """The id of a comparison of two of the photographs; None where it was refused."""
        reference, probe = random.choice(self.benchmark.pairs)
        files = {"reference": self.benchmark.body(reference), "probe": self.camera(self.benchmark.body(probe))}
        self.sent += 1
        answer = http.post(
            "/v1/comparisons",
            files=files,
            data={"callback_url": self.callback_url, "liveness": "report"},
            headers={"Prefer": f"wait={wait_s}"} if wait_s else {},
        )
        if answer.status_code not in (200, 202):
            return None
        self.accepted += 1
        return str(answer.json()["id"])

    def batch(self) -> None:
        """Four photographs, one against the others."""
        names = random.sample(sorted({name for pair in self.benchmark.pairs for name in pair}), 4)
        photographs = dict(zip(("reference", "a", "b", "c"), map(self.benchmark.body, names), strict=True))
        with Client(self.url) as client:
            client.batches.submit(photographs)

    def _compare(self) -> None:
        with httpx.Client(base_url=self.url, timeout=20) as http:
            while not self._over.is_set():
                try:
                    accepted = self.submit(http, wait_s=10)
                except httpx.HTTPError:
                    accepted = None
                if accepted is None:
                    self._over.wait(0.5)

    def _batch(self) -> None:
        while not self._over.wait(BATCH_EVERY_S):
            with suppress(ApiError):
                self.batch()

    def _err(self) -> None:
        """A client that asks for what is not there."""
        with httpx.Client(base_url=self.url, timeout=20) as http:
            while not self._over.wait(1):
                with suppress(httpx.HTTPError):
                    http.get(f"/v1/comparisons/cmp_{0:032x}")
