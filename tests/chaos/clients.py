"""Clients of the siege: each asks again and again until it is answered. Comparisons, some by uploads, and batches."""

import hashlib
import io
import os
import random
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
from PIL import Image

#: How many of five: two photographs sent in a form, two uploads, a batch of both.
KINDS = ("sent", "sent", "sent", "uploaded", "batch")
#: The photographs of a batch, and which of them are uploaded. It is cut into shards of at most eight.
BATCH = 10
UPLOADED_OF_BATCH = (1, 2, 9)
PAIRS = [(0, 1), (0, 2), (3, 4), (5, 6), (7, 8), (8, 9), (0, 9)]
#: An upload that is over: it was named by a submission whose answer did not arrive, or had to wait for too long.
OVER = ("upload_used", "upload_expired", "upload_unknown")
PAUSE_S = 0.2


@dataclass
class Asking:
    """What one client works with. `count` is told of each answer, `surprised` of one that is none of ours."""

    http: httpx.Client
    callback_url: str
    #: The share of requests with an idempotency key.
    careful: float
    count: Callable[[str], None]
    surprised: Callable[[str], None]

    def until_accepted(self, number: int) -> str:
        """The id of what was accepted.

        A careful client sends a key with it: after a killed API it may have to wait for the key, and makes one job.
        The others do not wait, and may make a job they never hear of.
        """
        kind = KINDS[number % len(KINDS)]
        headers = {"Idempotency-Key": secrets.token_hex(12)} if random.random() < self.careful else {}
        photographs = [photograph() for _ in range(BATCH if kind == "batch" else 2)]
        to_upload = {"sent": (), "uploaded": (0, 1), "batch": UPLOADED_OF_BATCH}[kind]
        images: list[bytes | str] | None = None
        while True:
            if images is None:
                ids = {place: self._uploaded(photographs[place]) for place in to_upload}
                images = [ids.get(place, body) for place, body in enumerate(photographs)]
            answer = self._asked(partial(self._submitted, kind, images, headers))
            if answer is None:
                pass
            elif answer.status_code in (200, 202):  # 200: the answer to a key whose job has ended meanwhile
                return str(answer.json()["id"])
            elif (code := _code(answer)) in OVER and to_upload:
                self.count(code)
                images = None
            elif answer.status_code not in (408, 409, 429, 503):  # 408: a batch came in slowly while others waited
                self.surprised(f"{answer.status_code} {answer.text[:300]}")
            time.sleep(PAUSE_S)

    def _submitted(self, kind: str, images: Sequence[bytes | str], headers: dict[str, str]) -> httpx.Response:
        # A text among the parts has no name: so a form without a file is one all the same.
        fields: list[Any] = [("callback_url", (None, self.callback_url))]
        names = [f"p{place}" for place in range(len(images))] if kind == "batch" else ["reference", "probe"]
        for name, image in zip(names, images, strict=True):
            fields.append((name, (None, image) if isinstance(image, str) else (f"{name}.jpg", image)))
        if kind != "batch":
            return self.http.post("/v1/comparisons", files=fields, headers=headers)
        lines = "\n".join(f'{{"reference": "p{reference}", "probe": "p{probe}"}}' for reference, probe in PAIRS)
        return self.http.post("/v1/batches", files=[*fields, ("pairs", (None, lines))], headers=headers)

    def _uploaded(self, body: bytes) -> str:
        """The id of an upload that the store has."""
        wanted = {"size_bytes": len(body), "media_type": "image/jpeg", "sha256": hashlib.sha256(body).hexdigest()}
        while True:
            opened = self._asked(lambda: self.http.post("/v1/uploads", json=wanted))
            if opened is not None and opened.status_code == 201:
                break
            if opened is not None and opened.status_code not in (429, 503):
                self.surprised(f"{opened.status_code} {opened.text[:300]}")
            time.sleep(PAUSE_S)
        upload = opened.json()
        while True:
            try:
                answer = httpx.put(upload["url"], content=body, headers=upload["headers"], timeout=20)
            except httpx.TransportError as error:
                self.count(f"PUT {type(error).__name__}")
            else:
                self.count(f"PUT {answer.status_code}")
                if answer.status_code in (200, 412):  # 412: it is there, and only the answer was lost
                    return str(upload["id"])
            time.sleep(PAUSE_S)

    def _asked(self, ask: Callable[[], httpx.Response]) -> httpx.Response | None:
        try:
            answer = ask()
        except httpx.TransportError as error:
            self.count(type(error).__name__)
            return None
        self.count(str(answer.status_code))
        return answer


def photograph() -> bytes:
    """A small image of nothing."""
    file = io.BytesIO()
    Image.frombytes("RGB", (32, 32), os.urandom(32 * 32 * 3)).save(file, "JPEG")
    return file.getvalue()


def _code(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("code"))
    except ValueError:
        return ""


def path_of(record_id: str) -> str:
    return f"/v1/{'batches' if record_id.startswith('bat_') else 'comparisons'}/{record_id}"
