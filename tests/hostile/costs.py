"""What the most expensive images that are accepted cost, one process each: `python -m tests.hostile.costs`."""

import struct
from collections.abc import Callable

import numpy as np
from PIL import Image

from tests.hostile.corpus.honest import encode
from tests.hostile.corpus.jpeg import segment
from tests.hostile.fuzz import process
from tests.support.profiles import ADOBE_RGB, ink_profile, rgb_profile

WIDTH, HEIGHT = 8000, 5000


def soft() -> Image.Image:
    """Forty megapixels that pack well, without being all the same."""
    few = np.random.default_rng(0).integers(0, 256, (25, 40, 3), dtype=np.uint8)
    return Image.fromarray(few).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)


def clear() -> Image.Image:
    """The same, half transparent."""
    image = soft()
    image.putalpha(128)
    return image


def deep() -> bytes:
    """A PNG of 16 bits a sample."""
    import cv2

    flat = np.full((HEIGHT, WIDTH, 3), 257 * 90, np.uint16)
    return bytes(cv2.imencode(".png", flat)[1].tobytes())


def many_scans() -> bytes:
    """A progressive JPEG of 50 scans, each of which says for every coefficient that nothing follows."""
    sides = struct.pack(">BHHB", 8, HEIGHT, WIDTH, 3)
    frame = segment(0xC2, sides + b"".join(bytes([i + 1, 0x11, 0]) for i in range(3)))
    one_code = bytes([0, 1] + [0] * 14)
    tables = segment(0xC4, b"\0" + one_code + b"\0") + segment(0xC4, b"\x10" + one_code + b"\xe0")
    blocks = (WIDTH // 8) * (HEIGHT // 8)
    first = segment(0xDA, b"\3\1\0\2\0\3\0\0\0\0") + bytes(blocks * 3 // 4)
    run = int("00" + "1" * 14, 2).to_bytes(2)
    runs = run.replace(b"\xff", b"\xff\0") * (blocks // 32767 + 1)
    rest = [segment(0xDA, bytes([1, 1, 0, 1, 63, 0x10 if i else 1])) + runs for i in range(48)]
    return b"\xff\xd8" + segment(0xDB, b"\0" + b"\1" * 64) + frame + tables + first + b"".join(rest) + b"\xff\xd9"


def moving() -> bytes:
    """An animated WebP."""
    return encode(soft(), "WEBP", save_all=True, append_images=[Image.new("RGB", (WIDTH, HEIGHT))], method=0, quality=1)


def large_jpeg() -> bytes:
    """Two hundred megapixels."""
    return encode(soft().resize((16_320, 12_240)), "JPEG", quality=70)


def turned() -> bytes:
    """EXIF that asks for a quarter turn."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif.tobytes()


TURNED = turned()


INKS, WIDE = ink_profile(), rgb_profile(ADOBE_RGB)
IMAGES: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: encode(soft(), "JPEG", quality=90),
    "JPEG, 200 MP at 1/4": large_jpeg,
    "JPEG, progressive": lambda: encode(soft(), "JPEG", quality=90, progressive=True),
    "JPEG, progressive, inks": lambda: encode(soft().convert("CMYK"), "JPEG", quality=80, progressive=True),
    "JPEG, 50 scans": many_scans,
    "JPEG, wide gamut": lambda: encode(soft(), "JPEG", quality=90, icc_profile=WIDE),
    "JPEG, inks with profile": lambda: encode(soft().convert("CMYK"), "JPEG", quality=80, icc_profile=INKS),
    "JPEG without end, progr.": lambda: encode(soft(), "JPEG", quality=90, progressive=True)[:-2],
    "PNG": lambda: encode(plain("RGB"), "PNG"),
    "PNG, 16 bits": deep,
    "PNG with alpha": lambda: encode(plain("RGBA"), "PNG"),
    "WebP": lambda: encode(soft(), "WEBP", method=0, quality=75),
    "WebP with alpha": lambda: encode(clear(), "WEBP", method=0, quality=75),
    "WebP, animated": moving,
    "AVIF, 4:2:0": lambda: encode(soft(), "AVIF", quality=60, speed=10),
    "AVIF, 4:4:4, alpha": lambda: encode(clear(), "AVIF", quality=90, speed=10, subsampling="4:4:4", exif=TURNED),
    "HEIC": lambda: encode(soft(), "HEIF", quality=50),
    "GIF": lambda: encode(plain("P"), "GIF"),
    "BMP, run lengths": lambda: short_runs(),
    "TIFF, LZW, 16 bits": lambda: encode(plain("I;16"), "TIFF", compression="tiff_lzw"),
    "TIFF, deflate, inks": lambda: encode(plain("CMYK"), "TIFF", compression="tiff_adobe_deflate", icc_profile=INKS),
}


def plain(mode: str) -> Image.Image:
    """All the same, in next to no bytes."""
    return Image.new(mode, (WIDTH, HEIGHT), 77)


def short_runs() -> bytes:
    """A BMP of runs of four pixels, which Pillow follows in Python."""
    header = struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, 8, 1, 0, 0, 0, 256, 0)
    body = b"BM" + struct.pack("<IHHI", 0, 0, 0, 54 + 1024) + header + bytes(1024)
    return body + (b"\x08\3" * (WIDTH // 8) + b"\0\0") * HEIGHT + b"\0\1"


def main() -> None:
    """Print a table; megabytes are those of the process, beside what it holds before: 110, and 36 apart."""
    print(f"{'40 megapixels':<28}{'MB':>6}{'CPU ms':>8}{'RSS MB':>8}{'apart MB':>10}  outcome")
    for name, maker in IMAGES.items():
        body = maker()
        with process() as pipe:
            pipe.send_bytes(body)
            outcome, _, decode_ms, rss_mb, apart_mb = pipe.recv()
        size = len(body) / 2**20
        print(f"{name:<28}{size:>6.1f}{decode_ms:>8.0f}{rss_mb:>8}{apart_mb:>10}  {outcome}", flush=True)


if __name__ == "__main__":
    main()
