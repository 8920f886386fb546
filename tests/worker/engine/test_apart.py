"""What an image may cost where it is decoded apart: memory and time by the pixels it declares, no more."""

import io
import os
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import psutil
import pytest
from PIL import Image

from core.comparisons.images import ImageFacts, inspect
from core.errors import ImageUndecodable, UnsupportedImage
from worker.engine.apart import APART
from worker.engine.decode import decode


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def facts_of(body: bytes) -> ImageFacts:
    return inspect(body, max_bytes=100_000_000, max_pixels=40_000_000)


def decoders() -> list[psutil.Process]:
    children = psutil.Process().children()
    return [child for child in children if child.is_running() and "worker.engine.decoder" in child.cmdline()]


def largest_mb(process: psutil.Process) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]) // 1024


@pytest.fixture(autouse=True)
def _fresh_process() -> Iterator[None]:
    APART.close()
    pillow_heif.register_heif_opener()
    yield
    APART.close()


SMALL = encode(Image.new("RGB", (8, 8), (1, 2, 3)), "BMP")


def small_again() -> None:
    assert decode(SMALL, facts_of(SMALL)).tolist() == [[[3, 2, 1]] * 8] * 8


def declaring(body: bytes, width: int, height: int) -> bytes:
    at = body.index(b"ispe") + 8
    return body[:at] + struct.pack(">II", width, height) + body[at + 8 :]


@pytest.mark.parametrize(("kind", "size"), [("AVIF", (8000, 4000)), ("HEIF", (2048, 1024))])
def test_a_small_image_that_holds_a_large_one_gets_no_room_for_it(kind: str, size: tuple[int, int]) -> None:
    flat = Image.new("RGB", size, (90, 120, 30))
    body = declaring(encode(flat, kind, quality=30, **({"speed": 10} if kind == "AVIF" else {})), 64, 64)
    with suppress(ImageUndecodable):  # libavif scales it to what is declared
        assert decode(body, facts_of(body)).shape == (64, 64, 3)
    small_again()
    (process,) = decoders()
    assert largest_mb(process) < 250


def test_a_frame_that_is_larger_than_its_gif_is_refused_before_there_is_room_for_it() -> None:
    body = encode(Image.new("P", (8, 8)), "GIF")
    at = body.index(b",", 13)
    body = body[: at + 5] + struct.pack("<HH", 60_000, 60_000) + body[at + 9 :]
    with pytest.raises(ImageUndecodable, match="the header says 8x8 pixels, the image has 60000x60000"):
        decode(body, facts_of(body))
    assert largest_mb(decoders()[0]) < 150


def tiff(entries: list[tuple[int, int, int, int]], data: bytes) -> bytes:
    table = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + table + bytes(4) + data


SQUARE = [(256, 4, 1, 64), (257, 4, 1, 64), (258, 3, 1, 8), (262, 3, 1, 1), (277, 3, 1, 1)]


def test_a_tile_of_gigabytes_gets_no_room() -> None:
    body = tiff(
        [*SQUARE, (259, 3, 1, 5), (322, 4, 1, 40_000), (323, 4, 1, 40_000), (324, 4, 1, 8), (325, 4, 1, 4096)], b""
    )
    body += bytes(5000)
    with pytest.raises(ImageUndecodable):
        decode(body, facts_of(body))
    assert largest_mb(decoders()[0]) < 150


def test_values_that_lie_over_each_other_are_not_copied_for_each_tag() -> None:
    """9 MB under 400 tags."""
    entries = [*SQUARE, (259, 3, 1, 1), (273, 4, 1, 8), (278, 4, 1, 64), (279, 4, 1, 4096)]
    body = tiff(entries + [(40_000 + i, 1, 9_000_000, 8) for i in range(400)], bytes(9_100_000))
    with suppress(ImageUndecodable):
        decode(body, facts_of(body))
    small_again()
    assert all(largest_mb(process) < 400 for process in decoders())


def test_pixels_in_very_many_parts_are_refused_at_the_door() -> None:
    many = 2_000_000
    body = tiff([*SQUARE, (273, 4, many, 200), (278, 4, 1, 1), (279, 4, many, 200)], bytes(9_000_000))
    with pytest.raises(UnsupportedImage, match="in more than 20000 parts"):
        facts_of(body)


def test_an_image_that_takes_too_long_ends_its_decoder_and_nothing_else() -> None:
    header = b"BM" + struct.pack("<IHHI", 0, 0, 0, 54 + 1024)
    header += struct.pack("<IiiHHIIiiII", 40, 16, 16, 1, 8, 1, 0, 0, 0, 256, 0) + bytes(1024)
    body = header + b"\0\0" * 45_000_000  # ends of lines, none of which has a pixel
    start = time.process_time()
    with pytest.raises(ImageUndecodable, match="takes longer to decode than its 16x16 pixels allow for"):
        decode(body, facts_of(body))
    assert time.process_time() - start < 2
    assert decoders() == []
    small_again()


def test_a_decoder_that_was_killed_is_replaced() -> None:
    small_again()
    (process,) = decoders()
    process.kill()
    process.wait(10)
    small_again()


def test_decoders_are_as_many_as_threads_decode_and_are_kept() -> None:
    body = encode(Image.fromarray(np.zeros((1500, 1500, 3), np.uint8)), "TIFF", compression="tiff_lzw")
    facts = facts_of(body)
    for _ in range(2):
        threads = [threading.Thread(target=decode, args=(body, facts)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert 1 <= len(decoders()) <= 3


def test_a_decoder_knows_no_secret() -> None:
    os.environ["LIKENESS_TEST_OF_SECRETS"] = "secret"
    try:
        small_again()
        told = decoders()[0].environ()
    finally:
        del os.environ["LIKENESS_TEST_OF_SECRETS"]
    assert not [name for name in told if name.startswith("LIKENESS_")]
