"""Images nobody should send, through the look at the header and the decoder; `make fuzz` tries many more."""

import io
import struct
import time
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.comparisons.images import ImageFacts, inspect
from core.errors import ImageRejected, ImageTooLarge, ImageUndecodable, UnsupportedImage
from tests.hostile.corpus import CLASSES, make
from tests.hostile.corpus.honest import encode, plain_image, whole
from tests.hostile.corpus.jpeg import large_progressive, segment
from tests.hostile.corpus.png import bomb, chunk
from tests.hostile.corpus.sizes import LARGEST
from tests.hostile.corpus.webp import riff
from tests.hostile.fuzz import fuzz, table
from worker.engine.decode import decode

LIMITS: dict[str, Any] = {"max_bytes": 10 * 2**20, "max_pixels": 40_000_000}


def taken_s(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def facts_of(body: bytes) -> ImageFacts:
    return inspect(body, **LIMITS)


@pytest.mark.stack  # no server, but the processes that decode apart, and 20 s
def test_no_hostile_image_ends_the_process_or_raises_anything_but_a_rejection() -> None:
    tallies = fuzz(440)
    shown = table(tallies)
    assert not [crash for tally in tallies.values() for crash in tally.crashes], shown
    assert min(tally.outcomes.total() for tally in tallies.values()) >= 20, shown
    assert max(tally.slowest_ms["inspect"] for tally in tallies.values()) < 200, shown
    assert max(tally.slowest_ms["decode"] for tally in tallies.values()) < 5000, shown
    assert max(tally.largest_rss_mb for tally in tallies.values()) < 1500, shown
    assert max(tally.largest_apart_mb for tally in tallies.values()) < 1500, shown


@pytest.mark.parametrize("kind", whole())
def test_honest_images_of_every_kind_still_pass(kind: str) -> None:
    body = whole()[kind]
    facts = facts_of(body)
    with Image.open(io.BytesIO(body)) as seen:
        # Pillow's readers of these two tell the size of the upright image.
        assert (facts.width, facts.height) in (
            seen.size,
            seen.size[::-1] if seen.format in ("HEIF", "TIFF") else seen.size,
        )
        seen_as = str(seen.format).lower().replace("mpo", "jpeg").replace("heif", "heic")
        assert facts.media_type == f"image/{seen_as}"
    assert decode(body, facts).size


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(sorted(CLASSES)), seed=st.integers(0, 50), edits=st.data())
def test_further_damage_gives_an_image_or_a_rejection(name: str, seed: int, edits: st.DataObject) -> None:
    body = make(name, seed)[:50_000]
    at = edits.draw(st.integers(0, len(body)))
    body = body[:at] + edits.draw(st.binary(max_size=12)) + body[at + edits.draw(st.integers(0, 12)) :]
    try:
        assert decode(body, inspect(body, max_bytes=10**6, max_pixels=10**6)).size
    except ImageRejected:
        return


@pytest.mark.parametrize(
    "filling",
    [
        segment(0xFE, b""),
        segment(0xE1, b"Exif\0\0"),
        segment(0xE2, b"ICC_PROFILE\0\1\xff"),
        segment(0xDD, b"\0\1"),
        b"\xff",
    ],
    ids=["comments", "EXIF", "ICC", "restart intervals", "padding"],
)
@pytest.mark.parametrize("place", ["before the frame", "after the frame"])
def test_ten_megabytes_of_segments_are_not_followed_to_their_end(filling: bytes, place: str) -> None:
    plain = whole()["grey JPEG"]
    at = 2 if place == "before the frame" else plain.index(b"\xff\xda")
    body = plain[:at] + filling * (LARGEST // len(filling)) + plain[at:]

    def refused() -> None:
        with pytest.raises(UnsupportedImage, match="more than 1000 segments"):
            facts_of(body)

    assert taken_s(refused) < 1


def test_the_largest_profile_and_metadata_that_phones_write_pass() -> None:
    profile = b"".join(segment(0xE2, b"ICC_PROFILE\0" + bytes([i, 255]) + bytes(30_000)) for i in range(1, 256))
    xmp = segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(60_000)) * 30
    plain = whole()["JPEG"]
    body = plain[:2] + profile + xmp + plain[2:]
    assert decode(body, facts_of(body)).shape == (96, 64, 3)


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt"])
def test_text_that_unpacks_to_gigabytes_is_never_unpacked(kind: bytes) -> None:
    head = b"a\0\0" if kind == b"zTXt" else b"a\0\1\0\0\0"
    one = chunk(kind, head + bomb(7_900_000))
    plain = encode(plain_image(), "PNG")
    body = plain[:33] + one * (LARGEST // len(one)) + plain[33:]
    facts = facts_of(body)
    assert taken_s(lambda: decode(body, facts)) < 2


def test_a_png_of_a_million_chunks_is_undecodable() -> None:
    plain = encode(plain_image(), "PNG")
    body = plain[:33] + chunk(b"teSt", b"") * (LARGEST // 12) + plain[33:]
    with pytest.raises(ImageUndecodable, match="more than 20000 chunks"):
        decode(body, facts_of(body))


def test_no_room_is_made_for_a_chunk_that_only_says_how_long_it_is() -> None:
    plain = encode(plain_image(), "PNG")
    body = plain[:33] + struct.pack(">I", 2**31 - 1) + plain[37:]
    with pytest.raises(ImageUndecodable, match="its last chunk is longer than what is there"):
        decode(body, facts_of(body))


def test_a_jpeg_of_many_scans_is_undecodable() -> None:
    honest = large_progressive(64)
    last = honest[honest.rindex(b"\xff\xda") : -2]
    assert decode(honest, facts_of(honest)).size
    body = honest[:-2] + last * 50 + honest[-2:]
    with pytest.raises(ImageUndecodable, match="more than 50 scans"):
        decode(body, facts_of(body))


def test_an_end_marker_in_a_comment_does_not_hide_further_scans() -> None:
    honest = large_progressive(64)
    last = honest[honest.rindex(b"\xff\xda") : -2]
    body = honest[:-2] + segment(0xFE, b"\xff\xd9") + last * 60 + honest[-2:]
    with pytest.raises(ImageUndecodable, match="scans"):
        decode(body, facts_of(body))


@pytest.mark.parametrize("kind", ["PNG", "WebP", "lossless WebP", "WebP with a canvas", "JPEG"])
def test_a_bomb_of_every_format_is_refused_at_the_door(kind: str) -> None:
    if kind == "PNG":
        plain = encode(plain_image(), "PNG")
        body = plain[:16] + struct.pack(">II", 60_000, 60_000) + plain[24:]
    elif kind == "JPEG":
        plain = encode(plain_image(), "JPEG")
        at = plain.index(b"\xff\xc0") + 5
        body = plain[:at] + struct.pack(">HH", 65_535, 65_535) + plain[at + 4 :]
    elif kind == "WebP":
        plain = encode(plain_image(), "WEBP")
        body = plain[:26] + struct.pack("<HH", 16_383, 16_383) + plain[30:]
    elif kind == "lossless WebP":
        plain = encode(plain_image(), "WEBP", lossless=True)
        body = plain[:21] + struct.pack("<I", 16_383 | 16_383 << 14) + plain[25:]
    else:
        body = riff([(b"VP8X", bytes(4) + b"\xff" * 6), (b"VP8L", whole()["lossless WebP"][20:])])
    with pytest.raises(ImageTooLarge, match="pixels; at most 40000000"):
        facts_of(body)


def test_an_image_that_hides_another_size_behind_the_first_is_not_decoded() -> None:
    """The door and the decoder must not read two different headers out of one file."""
    plain = encode(plain_image(), "JPEG")
    frame = plain[plain.index(b"\xff\xc0") :][:19]
    for hidden in (frame, b"\xff\xd8", b"\0\0", b"\xff\xd0", b"\xff\x01"):
        body = plain[:2] + hidden + plain[2:]
        with pytest.raises(UnsupportedImage):
            facts_of(body)


def test_the_corpus_is_the_same_every_time() -> None:
    for name, maker in CLASSES.items():
        assert make(name, 1) == maker(Random(f"{name} 1"))
