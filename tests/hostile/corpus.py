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
import pillow_heif
from PIL import Image

from tests.support.profiles import ADOBE_RGB, grey_profile, ink_profile, rgb_profile

Maker = Callable[[Random], bytes]
LARGEST = 10 * 2**20 - 64 * 1024  # what still is under the default limit when a little is added
SIZES = (0, 1, 2, 255, 256, 4000, 16383, 16384, 30000, 65535, 2**24 - 1, 2**31 - 1, 2**32 - 1)


pillow_heif.register_heif_opener()


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
        "wide gamut JPEG": encode(image, "JPEG", icc_profile=rgb_profile(ADOBE_RGB)),
        "wide gamut PNG": encode(image, "PNG", icc_profile=rgb_profile(ADOBE_RGB)),
        "JPEG of inks": encode(image.convert("CMYK"), "JPEG", icc_profile=ink_profile()),
        "AVIF": encode(image, "AVIF", exif=exif.tobytes(), icc_profile=rgb_profile(ADOBE_RGB)),
        "AVIF with alpha": encode(image.convert("RGBA"), "AVIF"),
        "animated AVIF": encode(image, "AVIF", save_all=True, append_images=frames),
        "HEIC": encode(image, "HEIF", exif=exif.tobytes(), icc_profile=rgb_profile(ADOBE_RGB)),
        "HEIC of tiles": encode(plain_image(256, 192), "HEIF", tile_size=128),
        "HEIC with alpha": encode(image.convert("RGBA"), "HEIF"),
        "HEICs": encode(image, "HEIF", save_all=True, append_images=frames),
        "GIF": encode(image.quantize(200), "GIF", transparency=3),
        "animated GIF": encode(image.quantize(200), "GIF", save_all=True, append_images=frames),
        "BMP": encode(image, "BMP"),
        "palette BMP": encode(image.quantize(200), "BMP"),
        "BMP with alpha": encode(image.convert("RGBA"), "BMP"),
        "TIFF": encode(image, "TIFF", exif=exif, icc_profile=rgb_profile(ADOBE_RGB)),
        "LZW TIFF": encode(image.convert("RGBA"), "TIFF", compression="tiff_lzw"),
        "deflated TIFF": encode(image.convert("CMYK"), "TIFF", compression="tiff_adobe_deflate"),
        "16-bit TIFF": encode(Image.fromarray(np.asarray(image)[:, :, 0].astype(np.uint16) * 257), "TIFF"),
        "TIFF of tiles": encode(image, "TIFF", tiffinfo={322: 16, 323: 16}),
        "TIFFs": encode(plain_image(), "TIFF", save_all=True, append_images=[plain_image()]),
    }


def an_honest_one(rng: Random) -> bytes:
    return rng.choice(list(whole().values()))


def boundaries(body: bytes) -> list[int]:
    """Where a segment or chunk begins, as far as the structure can be followed."""
    if body[4:8] == b"ftyp":
        kinds = (b"meta", b"iinf", b"infe", b"iprp", b"ipco", b"ipma", b"iref", b"iloc", b"pitm", b"ispe", b"mdat")
        return sorted({0, len(body), *(max(body.find(kind) - 4, 0) for kind in kinds)})
    found, at = [0], {b"\xff\xd8": 2, b"\x89P": 8, b"RI": 12}.get(body[:2], len(body))
    if at == len(body):  # a GIF, BMP or TIFF
        return [0, 6, 8, 13, min(54, len(body)), len(body)]
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
        b"GIF89a",
        b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
        b"II*\0\x08\0\0\0",
        b"MM\0*\0\0\0\x08",
        b"\0\0\0\x10ftypheic\0\0\0\0",
        b"\0\0\0\x10ftypavif\0\0\0\0\0\0\1\0meta\0\0\0\0",
    ]
    return rng.choice(magic) + rng.randbytes(rng.choice([0, 1, 20, 300, 20_000]))


def other_formats(rng: Random) -> bytes:
    """What the imaging libraries also read; the sender may call it what he likes."""
    made = rng.choice(["ICO", "PPM", "JPEG2000", "TGA", "PCX", "SGI", "DDS"])
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


def containers(rng: Random) -> bytes:
    """HEIC and AVIF whose boxes say what is not so: sizes, items, properties, references, places, codecs."""
    body = bytearray(
        whole()[rng.choice(["AVIF", "AVIF with alpha", "animated AVIF", "HEIC", "HEIC of tiles", "HEICs"])]
    )
    for _ in range(rng.randint(1, 4)):
        box = rng.choice(
            [b"ispe", b"ipma", b"iinf", b"infe", b"iref", b"dimg", b"iloc", b"pitm", b"hvcC", b"av1C", b"meta"]
        )
        at = body.find(box)
        if at < 0:
            continue
        place = at + rng.choice([-4, 0, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 20])
        number = rng.choice([*SIZES, 3, 8000, rng.randrange(2**32)])
        width = rng.choice([1, 2, 4])
        body[place : place + width] = (number & (2 ** (8 * width) - 1)).to_bytes(width, "big")
    if rng.random() < 0.1:
        body += rng.choice([b"\0\0\0\x08free", b"\0\0\0\1"]) * rng.choice([10, 5000, 10**6])
    return bytes(body)


@functools.cache
def _large_within(kind: str) -> bytes:
    return encode(Image.new("RGB", (3000, 2000), (90, 60, 200)), kind, quality=30)


def hidden_sizes(rng: Random) -> bytes:
    """A image that is declared with fewer pixels, or more, than are coded."""
    body = _large_within(rng.choice(["AVIF", "HEIF"]))
    at = body.index(b"ispe") + 8
    width, height = (rng.choice([1, 64, 2000, 2999, 3000, 6000, 16_000]) for _ in range(2))
    return body[:at] + struct.pack(">II", width, height) + body[at + 8 :]


def tiff_directories(rng: Random) -> bytes:
    """Tags that point at everything at once, strips and tiles of every size, depths and compressions of every kind."""
    endian = rng.choice("<>")
    size = rng.choice([1, 64, 6000])
    height = rng.choice([size] * 8 + [65_535, 2**32 - 1])
    order = 16 if endian == ">" else 0  # a short lies in the first two of its four bytes
    first = [(256, 4, 1, size), (257, 4, 1, height), (258, 3, 1, rng.choice([1, 8, 8, 16]) << order)]
    first += [
        (259, 3, 1, rng.choice([1, 1, 1, 5, 5, 8, 8, 32_773, 7, 50_000]) << order),
        (262, 3, 1, rng.choice([0, 1, 1, 1, 2, 2, 3, 5, 6, 8]) << order),
    ]
    first += [
        (277, 3, 1, rng.choice([1, 1, 3, 4, 5, 65_535]) << order),
        (284, 3, 1, rng.choice([1, 2]) << order),
        (274, 3, 1, rng.randrange(10) << order),
    ]
    many = rng.choice([1, 64, 6000, 6000, 200_000])
    if rng.random() < 0.5:
        first += [(273, 4, many, 200), (278, 4, 1, rng.choice([1, 64, *SIZES])), (279, 4, many, 200)]
    else:
        first += [(322, 4, 1, rng.choice([16, 17, *SIZES])), (323, 4, 1, rng.choice([16, *SIZES])), (324, 4, many, 200)]
        first += [(325, 4, many, 200)]
    for i in range(rng.choice([0, 3, 300])):
        tag = rng.choice([320, 338, 317, 700, 34_675, 34_665, 40_000 + i])
        count = rng.choice([1, 2, 1000, LARGEST - 10_000])
        first.append((tag, rng.choice([1, 3, 4, 5, 7, 12]), count, rng.choice([8, 200, 2**31])))
    magic = b"II*\0" if endian == "<" else b"MM\0*"
    entries = b"".join(
        struct.pack(f"{endian}HHII", *(v & (0xFFFF if i < 2 else 2**32 - 1) for i, v in enumerate(e))) for e in first
    )
    body = magic + struct.pack(f"{endian}IH", 8, len(first)) + entries + struct.pack(f"{endian}I", rng.choice([0, 8]))
    filling = [
        bytes(1000),
        rng.randbytes(5000),
        bytes(LARGEST),
        bomb(7_900_000),
        struct.pack(f"{endian}I", 200) * 10**6,
    ]
    return body + rng.choice(filling)[: LARGEST - len(body)]


def bitmaps(rng: Random) -> bytes:
    """GIFs and BMPs of other sizes than they say, run lengths that stand still, frames without end."""
    if rng.random() < 0.5:
        body = bytearray(whole()[rng.choice(["GIF", "animated GIF"])])
        place = rng.choice([6, 8, 10, 11, 12, body.index(b",", 13) + rng.choice([1, 3, 5, 7, 9, 10])])
        body[place : place + 2] = (rng.choice(SIZES) & 0xFFFF).to_bytes(2, "little")
        if rng.random() < 0.2:
            body[-1:] = rng.choice([b"!\xfe\1a\0", b"!\xf9\4\0\0\0\0\0", b"\1a", b""]) * rng.choice([1, 1000, 10**6])
        return bytes(body)
    bits, packed = rng.choice([(1, 0), (4, 2), (8, 1), (8, 0), (16, 3), (24, 0), (32, 3), (32, 6), (24, 4), (7, 9)])
    width, height = (rng.choice([1, 16, 6000, 2**31 - 1]) for _ in range(2))
    header_bytes = rng.choice([40, 40, 12, 108, 124, 2**32 - 1])
    colours = rng.choice([0, 2, 256, 2**31])
    sides = (width, rng.choice([-1, 1]) * height)
    header = struct.pack("<IiiHHIIiiII", header_bytes, *sides, 1, bits, packed, 0, 0, 0, colours, 0)
    start = rng.choice([54, 54 + 1024, 0, 2**31])
    runs = rng.choice([b"\0\0", b"\0\2\0\0", b"\1\7", b"\xff\7", b"\0\3abc\0", rng.randbytes(1000)])
    many = rng.choice([1, 1000, LARGEST // 8 // len(runs)])
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, start) + header + bytes(1024) + runs * many


def profiles(rng: Random) -> bytes:
    """ICC profiles that are damaged, of other colours, or next to endless."""
    profile = bytearray(rng.choice([rgb_profile(ADOBE_RGB), grey_profile(gamma=1.8), ink_profile()]))
    for _ in range(rng.choice([0, 1, 4, 40])):
        place = int(rng.random() ** 2 * len(profile))
        profile[place : place + rng.choice([1, 2, 4])] = rng.randbytes(rng.choice([1, 2, 4]))
    if rng.random() < 0.2:
        profile[128:132] = struct.pack(">I", rng.choice(SIZES))
    kept = rng.choice([len(profile), rng.randrange(len(profile) + 1)])
    body = bytes(profile)[:kept] + bytes(rng.choice([0, 0, 9_000_000]))
    kinds = {
        "RGB": ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"],
        "CMYK": ["JPEG", "TIFF"],
        "L": ["JPEG"],
        "RGBA": ["PNG"],
    }
    mode = rng.choice(list(kinds))
    return encode(plain_image().convert(mode), rng.choice(kinds[mode]), icc_profile=body or b"x")


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
    "HEIC, AVIF boxes": containers,
    "hidden sizes": hidden_sizes,
    "TIFF directories": tiff_directories,
    "GIF, BMP headers": bitmaps,
    "profiles": profiles,
}


def make(name: str, seed: int) -> bytes:
    """The same bytes for the same class and seed."""
    return CLASSES[name](Random(f"{name} {seed}"))
