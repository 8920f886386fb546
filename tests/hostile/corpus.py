"""Images nobody should send, made on the spot: a maker for each way of being wrong, and a seed says which of them."""

import functools
import io
import struct
import zlib
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

import cv2
import numpy as np
from PIL import Image

Maker = Callable[[Random], bytes]
LARGEST = 10 * 2**20 - 64 * 1024  # what still is under the default limit when a little is added
SIZES = (0, 1, 2, 255, 256, 4000, 16383, 16384, 30000, 65535, 2**24 - 1, 2**31 - 1, 2**32 - 1)


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def plain_image(width: int = 96, height: int = 64) -> Image.Image:
    rng = np.random.default_rng(7)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


@functools.cache
def whole() -> dict[str, bytes]:
    """One honest image of every kind; most of the others are made from these."""
    image, frames = plain_image(), [plain_image().rotate(90), plain_image().rotate(180)]
    exif = Image.Exif()
    exif[0x0112] = 6
    deep = cv2.imencode(".png", np.asarray(image).astype(np.uint16) * 257)[1].tobytes()
    return {
        "JPEG": encode(image, "JPEG", exif=exif, icc_profile=bytes(3000), comment=b"a comment"),
        "progressive JPEG": encode(image, "JPEG", progressive=True),
        "JPEG with restarts": encode(image, "JPEG", restart_marker_blocks=4),
        "grey JPEG": encode(image.convert("L"), "JPEG"),
        "CMYK JPEG": encode(image.convert("CMYK"), "JPEG"),
        "MPO": encode(image, "MPO", save_all=True, append_images=frames),
        "PNG": encode(image, "PNG", exif=exif, icc_profile=bytes(3000)),
        "palette PNG": encode(image.quantize(200), "PNG", transparency=bytes(range(200))),
        "two-colour PNG": encode(image.convert("1"), "PNG"),
        "16-bit PNG": deep,
        "PNG with alpha": encode(image.convert("RGBA"), "PNG"),
        "animated PNG": encode(image, "PNG", save_all=True, append_images=frames),
        "WebP": encode(image, "WEBP", exif=exif.tobytes()),
        "lossless WebP": encode(image, "WEBP", lossless=True),
        "WebP with alpha": encode(image.convert("RGBA"), "WEBP"),
        "animated WebP": encode(image, "WEBP", save_all=True, append_images=frames),
        "1x1 JPEG": encode(plain_image(1, 1), "JPEG"),
        "1x1 PNG": encode(plain_image(1, 1), "PNG"),
        "1x1 WebP": encode(plain_image(1, 1), "WEBP"),
        "1x60000 PNG": encode(Image.new("RGB", (1, 60_000)), "PNG"),
        "60000x1 JPEG": encode(Image.new("RGB", (60_000, 1)), "JPEG"),
        "16383x1 WebP": encode(Image.new("RGB", (16_383, 1)), "WEBP"),
    }


def an_honest_one(rng: Random) -> bytes:
    return rng.choice(list(whole().values()))


def boundaries(body: bytes) -> list[int]:
    """Where a segment or chunk begins, as far as the structure can be followed."""
    found, at = [0], {b"\xff\xd8": 2, b"\x89P": 8, b"RI": 12}[body[:2]]
    while at + 12 < len(body):
        found.append(at)
        if body[:2] == b"\xff\xd8":
            if body[at] != 0xFF or body[at + 1] == 0xDA:
                break
            at += 2 + int.from_bytes(body[at + 2 : at + 4])
        elif body[:2] == b"RI":
            size = int.from_bytes(body[at + 4 : at + 8], "little")
            at += 8 + size + size % 2
        else:
            at += 12 + int.from_bytes(body[at : at + 4])
    return [*found, len(body)]


def truncated(rng: Random) -> bytes:
    body = an_honest_one(rng)
    at = rng.choice(boundaries(body)) + rng.randint(-2, 13) if rng.random() < 0.7 else rng.randrange(len(body))
    return body[: max(at, 1)]


def bits_flipped(rng: Random) -> bytes:
    body = bytearray(an_honest_one(rng))
    for _ in range(rng.choice([1, 1, 2, 4, 16, 64])):
        body[int(rng.random() ** 3 * len(body))] ^= 1 << rng.randrange(8)
    return bytes(body)


def spliced(rng: Random) -> bytes:
    """Parts taken out, doubled, or overwritten with numbers that parsers trip over."""
    body = an_honest_one(rng)
    for _ in range(rng.randint(1, 6)):
        at = int(rng.random() ** 2 * len(body))
        length = rng.choice([1, 2, 4, 8, 64, 1000])
        number = rng.choice(SIZES).to_bytes(4, rng.choice(["big", "little"]))
        part = rng.choice([b"", body[at : at + length] * 2, number, rng.randbytes(length), bytes(length)])
        body = body[:at] + part + body[at + length :]
    return body


def crossed(rng: Random) -> bytes:
    """The beginning of one image and the rest of another."""
    one, other = an_honest_one(rng), an_honest_one(rng)
    return one[: rng.choice(boundaries(one))] + other[rng.choice(boundaries(other)) :]


def noise_after_magic(rng: Random) -> bytes:
    magic = [
        b"",
        b"\xff\xd8\xff\xe0\0\x10JFIF\0",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"RIFF\xff\0\0\0WEBPVP8 ",
        b"RIFF\0\0\0\0WEBPVP8L",
    ]
    return rng.choice(magic) + rng.randbytes(rng.choice([0, 1, 20, 300, 20_000]))


def other_formats(rng: Random) -> bytes:
    """What the imaging libraries also read; the sender may call it what he likes."""
    made = rng.choice(["GIF", "BMP", "TIFF", "ICO", "PPM", "JPEG2000", "TGA", "PCX", "SGI", "DDS"])
    drawn = [
        b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        b"%PDF-1.7\n1 0 obj\n<< >>",
        b"\0\0\0\x20ftypavif\0\0\0\0avifmif1",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file",
        b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 9 +X 9\n",
        b"push graphic-context\nimage over 0,0 0,0 'https://example.org/'\n",
    ]
    return encode(plain_image().convert("RGB"), made) if rng.random() < 0.6 else rng.choice(drawn)


def polyglot(rng: Random) -> bytes:
    archive = b"PK\3\4" + bytes(26) + b"x" + b"PK\1\2" + bytes(42) + b"x" + b"PK\5\6" + bytes(18)
    page = b"<html><script>alert(1)</script></html>"
    other = rng.choice([archive, page, b"%PDF-1.4\n", b"GIF89a/*", b"#!/bin/sh\nid\n", b"MZ" + bytes(60)])
    body = an_honest_one(rng)
    if body.startswith(b"\xff\xd8") and rng.random() < 0.5:
        return body[:2] + segment(0xFE, other) + body[2:]
    return rng.choice([body + other, other + body, body + other + an_honest_one(rng)])


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def jpeg_metadata(rng: Random) -> bytes:
    """Up to ten megabytes of it, in segments of every size; before the frame, after it, between the scans."""
    body = whole()[rng.choice(["JPEG", "progressive JPEG", "MPO"])]
    marker, head = rng.choice(
        [
            (0xFE, b""),
            (0xE1, b"Exif\0\0II*\0\x08\0\0\0"),
            (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>"),
            (0xE1, b"http://ns.adobe.com/xmp/extension/\0"),
            (0xE2, b"ICC_PROFILE\0\1\xff"),
            (0xE2, b"MPF\0II*\0\x08\0\0\0"),
            (0xED, b"Photoshop 3.0\x008BIM"),
            (0xDB, b""),
            (0xC4, b""),
            (0xDD, b"\0\1"),
        ]
    )
    one = segment(marker, head + bytes(rng.choice([0, 0, 1, 60, 65_000 - len(head)])))
    total = rng.choice([1, 10, 300, LARGEST // len(one)])
    many = one * min(total, LARGEST // len(one))
    if rng.random() < 0.2:
        many = b"\xff" * rng.choice([2, 100, LARGEST])
    at = rng.choice([2, body.index(b"\xff\xda"), body.rindex(b"\xff\xd9")])
    return body[:at] + many + body[at:]


def jpeg_frames(rng: Random) -> bytes:
    """Frames the decoder has no code for, two frames, other sizes, other sampling, tables that are missing."""
    body = bytearray(whole()[rng.choice(["JPEG", "progressive JPEG", "CMYK JPEG", "JPEG with restarts"])])
    start = max(body.find(b"\xff\xc0"), body.find(b"\xff\xc2"))
    match rng.randrange(6):
        case 0:  # arithmetic, lossless, hierarchical
            body[start + 1] = rng.choice([0xC1, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xDE])
        case 1:
            body[start + 5 : start + 9] = struct.pack(">HH", *(rng.choice(SIZES) & 0xFFFF for _ in range(2)))
        case 2:
            body[start + 4] = rng.choice([1, 2, 7, 12, 16, 255])
        case 3:
            body[start + 9] = rng.choice([0, 1, 2, 5, 10, 255])
        case 4:
            body[start + 11] = rng.randrange(256)
        case _:
            length = 2 + int.from_bytes(body[start + 2 : start + 4])
            body[start:start] = body[start : start + length]
    return bytes(body)


@functools.cache
def large_progressive(side: int) -> bytes:
    return encode(Image.new("RGB", (side, side), (90, 60, 200)), "JPEG", progressive=True)


def jpeg_scans(rng: Random) -> bytes:
    """A pass over all pixels for less than a hundred bytes, many times."""
    body = large_progressive(rng.choice([64, 600, 1500]))
    last = body[body.rindex(b"\xff\xda") : -2]
    return body[:-2] + last * min(rng.choice([1, 10, 45, 200, 5000, 100_000]), LARGEST // len(last)) + body[-2:]


def chunk(kind: bytes, data: bytes, *, crc: int | None = None) -> bytes:
    return (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) if crc is None else crc)
    )


@functools.cache
def bomb(size: int) -> bytes:
    return zlib.compress(bytes(size), 9)


def png_chunks(rng: Random) -> bytes:
    """Text and profiles that unpack to gigabytes, doubled and misplaced chunks, lengths that are not true."""
    body = whole()[rng.choice(["PNG", "palette PNG", "animated PNG", "16-bit PNG"])]
    packed = bomb(rng.choice([100, 100_000, 7_900_000, 50_000_000]))
    one = rng.choice(
        [
            chunk(b"zTXt", b"a\0\0" + packed),
            chunk(b"iTXt", b"a\0\1\0\0\0" + packed),
            chunk(b"iCCP", b"a\0\0" + packed),
            chunk(b"tEXt", b"Comment\0" + bytes(rng.choice([0, 60, 70_000]))),
            chunk(b"eXIf", rng.choice([b"II*\0", b"MM\0*"]) + rng.randbytes(60)),
            chunk(b"teSt", b""),
            chunk(b"PLTE", rng.randbytes(rng.choice([0, 1, 3, 768, 771]))),
            chunk(b"tRNS", rng.randbytes(rng.choice([0, 1, 2, 6, 256, 300]))),
            chunk(b"IDAT", bomb(7_900_000)),
            chunk(b"IEND", b""),
            chunk(b"acTL", struct.pack(">II", rng.choice(SIZES), 0)),
            chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, *(rng.choice(SIZES) for _ in range(4)), 1, 1, 0, 0)),
            chunk(b"fdAT", struct.pack(">I", rng.choice(SIZES)) + packed[:1000]),
            chunk(b"sBIT", rng.randbytes(4), crc=0),
            struct.pack(">I", rng.choice(SIZES)) + b"zTXt" + packed[:100],
        ]
    )
    at = rng.choice(boundaries(body)[1:])
    return body[:at] + one * min(rng.choice([1, 1, 2, 30, 10**6]), max(1, LARGEST // len(one))) + body[at:]


def png_header(rng: Random) -> bytes:
    """Sizes, depths and colour types that cannot be or that nobody can pay for."""
    width, height = (rng.choice([*SIZES, 96, 64, 6300]) for _ in range(2))
    kinds = [rng.choice([0, 1, 2, 4, 8, 16, 17]), rng.choice([0, 1, 2, 3, 4, 6, 7]), 0, 0, rng.choice([0, 1, 2])]
    header = struct.pack(">II", width, height) + bytes(kinds)
    pixels = bomb(rng.choice([0, 100, 100_000, 7_900_000, 50_000_000]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def riff(chunks: Iterable[tuple[bytes, bytes]], *, size: int | None = None) -> bytes:
    body = b"WEBP" + b"".join(k + struct.pack("<I", len(d)) + d + b"\0" * (len(d) % 2) for k, d in chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def webp_chunks(rng: Random) -> bytes:
    """A canvas that is absurd or another than the image's, frames beside it, alpha of nothing, very many chunks."""

    def three(value: int) -> bytes:
        return (value & 0xFFFFFF).to_bytes(3, "little")

    sizes = [rng.choice([*SIZES, 95, 63, 6299]) for _ in range(6)]
    picked = whole()[rng.choice(["lossless WebP", "WebP"])]
    at = picked.find(b"VP8L") if b"VP8L" in picked else picked.find(b"VP8 ")
    pixels = picked[at : at + 4], picked[at + 8 :]
    canvas = (b"VP8X", bytes([rng.randrange(256), 0, 0, 0]) + three(sizes[0]) + three(sizes[1]))
    frame = b"".join(map(three, sizes[2:])) + three(10) + bytes([rng.randrange(4)])
    moving = (b"ANMF", frame + pixels[0] + struct.pack("<I", len(pixels[1])) + pixels[1])
    many = rng.choice([0, 1, 2, 200])
    bulk = (rng.choice([b"ICCP", b"EXIF", b"XMP ", b"abcd"]), bytes(rng.choice([0, 1, 100_000])))
    extra = [bulk] * min(rng.choice([0, 1, 100, 10**5]), LARGEST // (len(bulk[1]) + 8))
    parts = [canvas, *extra, (b"ANIM", bytes(6)), *[moving] * many, (b"ALPH", rng.randbytes(9)), pixels]
    if rng.random() < 0.5:
        rng.shuffle(parts)
    return riff(parts, size=rng.choice([None, None, 0, 2**32 - 2]))


def webp_header(rng: Random) -> bytes:
    """Sizes in the three kinds of WebP that are not those of the pixels."""
    body = bytearray(an_honest := whole()[rng.choice(["WebP", "lossless WebP", "WebP with alpha", "animated WebP"])])
    at = max(an_honest.find(name) for name in (b"VP8X", b"VP8L", b"VP8 ")) + 8 + rng.randrange(11)
    body[at : at + 4] = rng.choice(SIZES).to_bytes(4, "little")
    return bytes(body)


def exif(rng: Random) -> bytes:
    """Directories that point into themselves, beyond the end, at everything at once."""
    order, endian = rng.choice([(b"II*\0", "<"), (b"MM\0*", ">")])
    count = rng.choice([0, 1, 40, 5000, 65_535])
    entry = struct.pack(
        f"{endian}HHII",
        rng.choice([0x0112, 0x8769, 0x8825, 0x0201, 0x011A]),
        rng.choice([0, 1, 3, 4, 5, 7, 13, 255]),
        rng.choice([*SIZES]),
        rng.choice([0, 8, *SIZES]),
    )
    tiff = order + struct.pack(f"{endian}IH", rng.choice([8, 8, 8, 0, 2**32 - 1]), count) + entry * min(count, 5000)
    tiff += struct.pack(f"{endian}I", rng.choice([0, 8, 2**32 - 1]))
    match rng.randrange(3):
        case 0:
            body = whole()["grey JPEG"]
            return body[:2] + segment(0xE1, b"Exif\0\0" + tiff) + body[2:]
        case 1:
            body = whole()["palette PNG"]
            return body[:33] + chunk(b"eXIf", tiff) + body[33:]
        case _:
            pixels = whole()["lossless WebP"]
            canvas = b"\x08\0\0\0" + (95).to_bytes(3, "little") + (63).to_bytes(3, "little")
            return riff([(b"VP8X", canvas), (b"VP8L", pixels[20:]), (b"EXIF", tiff)])


@functools.cache
def _pixel_bomb(kind: str, width: int, height: int) -> bytes:
    return encode(
        Image.new("RGB", (width, height)), kind, **({"lossless": True, "method": 0} if kind == "WEBP" else {})
    )


def pixel_bombs(rng: Random) -> bytes:
    """As many pixels as are allowed, and more, in next to no bytes; every one of them is there."""
    kind = rng.choice(["PNG", "JPEG", "WEBP"])
    return _pixel_bomb(kind, *rng.choice([(6300, 6300), (16_000, 2400), (8000, 6000), (3, 13_000)]))


CLASSES: dict[str, Maker] = {
    "honest": an_honest_one,
    "truncated": truncated,
    "bits flipped": bits_flipped,
    "spliced": spliced,
    "crossed": crossed,
    "noise after magic": noise_after_magic,
    "other formats": other_formats,
    "polyglots": polyglot,
    "JPEG metadata": jpeg_metadata,
    "JPEG frames": jpeg_frames,
    "JPEG scans": jpeg_scans,
    "PNG chunks": png_chunks,
    "PNG headers": png_header,
    "WebP chunks": webp_chunks,
    "WebP headers": webp_header,
    "EXIF": exif,
    "pixel bombs": pixel_bombs,
}


def make(name: str, seed: int) -> bytes:
    """The same bytes for the same class and seed."""
    return CLASSES[name](Random(f"{name} {seed}"))
