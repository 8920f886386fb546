"""The process that decodes what OpenCV would not show as a person sees it. It may be killed, and its memory is bounded.

Started by `worker.engine.apart`. It knows no setting and no secret; a decoder that is taken over finds none.
"""

import contextlib
import io
import json
import os
import resource
import signal
import struct
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from PIL import AvifImagePlugin

from core.comparisons.headers.tiff import orientation
from core.vocabulary import ImageFormat
from worker.engine.contract import Image
from worker.engine.flat import flattened, turned

#: Bytes an image may take: so many, and so many for each pixel its header declares (a WebP takes 19, others less).
MEMORY_BYTES, MEMORY_BYTES_A_PIXEL = 192 * 2**20, 32
#: Seconds of CPU an image may take, likewise. The slowest honest one takes 0.1 s a megapixel.
CPU_S, CPU_S_A_PIXEL = 2.0, 0.25e-6

#: What Pillow and its plugins raise for bytes they cannot make pixels of.
REFUSALS = (OSError, SyntaxError, ValueError, TypeError, EOFError, IndexError, KeyError, OverflowError, RuntimeError)

# Pixels are counted from the header, before they are decoded, by limits of ours.
PIL.Image.MAX_IMAGE_PIXELS = None
# One image is one thread's work: how many there are at a time is the engine's business.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1


class Refused(Exception):
    """These bytes give no image."""


def main() -> None:
    """Answer each request, until the worker has gone."""
    answers = Connection(os.dup(1), readable=False)
    os.dup2(2, 1)  # nothing that a library prints may pass for an answer
    requests = Connection(os.dup(0), writable=False)
    answers.send_bytes(b"ready")
    while True:
        try:
            request = json.loads(requests.recv_bytes())
            profile, body = requests.recv_bytes() or None, requests.recv_bytes()
        except EOFError:
            return
        try:
            with _bounded(request["width"] * request["height"]):
                pixels = _decoded(body, request, profile)
        except (Refused, *REFUSALS, struct.error) as error:
            answers.send_bytes(json.dumps({"refused": str(error)}).encode())
        except MemoryError:
            answers.send_bytes(json.dumps({"refused": "it takes more memory than its size allows for"}).encode())
        else:
            answers.send_bytes(json.dumps({"shape": pixels.shape}).encode())
            answers.send_bytes(pixels.data.cast("B"))
            del pixels


@contextlib.contextmanager
def _bounded(pixels: int) -> Any:
    """Within, memory ends where the limit is; the process ends where its time does."""
    statm, unlimited = Path("/proc/self/statm"), resource.getrlimit(resource.RLIMIT_AS)
    if statm.exists():
        held = int(statm.read_text().split()[0]) * resource.getpagesize()
        limit = held + MEMORY_BYTES + MEMORY_BYTES_A_PIXEL * pixels
        if unlimited[1] == resource.RLIM_INFINITY or limit < unlimited[1]:
            resource.setrlimit(resource.RLIMIT_AS, (limit, unlimited[1]))
    signal.setitimer(signal.ITIMER_PROF, CPU_S + CPU_S_A_PIXEL * pixels)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, unlimited)


def _decoded(body: bytes, request: dict[str, Any], profile: bytes | None) -> Image:
    image_format, scale = ImageFormat(request["format"]), request["scale"]
    if image_format is ImageFormat.HEIC:
        image, turn = _heic(body), 1
    else:
        image, turn = _opened(body, image_format, scale)
    declared = {-(-request["width"] // scale), -(-request["height"] // scale)}
    if {*image.size} != declared and not (image_format is ImageFormat.HEIC and max(image.size) <= max(declared)):
        raise Refused(
            f"the header says {request['width']}x{request['height']} pixels, the image has {image.width}x{image.height}"
        )
    image.load()
    return turned(flattened(image, profile or image.info.get("icc_profile")), turn)


def _opened(body: bytes, image_format: ImageFormat, scale: int) -> tuple[PIL.Image.Image, int]:
    """The image, and the EXIF orientation that is still to be applied."""
    image = PIL.Image.open(io.BytesIO(body), formats=[image_format.upper()])
    if image_format is ImageFormat.JPEG:
        image.draft(None, (max(1, image.width // scale), max(1, image.height // scale)))
    if image_format is ImageFormat.PNG:
        _scale_transparency(image, depth=body[24])
    if image_format is ImageFormat.TIFF:
        return image, 1  # Pillow turns it
    # Not `getexif()`, which follows XMP as well.
    return image, orientation(image.info.get("exif", b""))


def _scale_transparency(image: PIL.Image.Image, *, depth: int) -> None:
    """The colour that is transparent is given in samples as stored; Pillow compares it with those of 8 bits."""
    clear = image.info.get("transparency")
    if image.mode in ("L", "RGB") and clear is not None and depth != 8:

        def scaled(sample: int) -> int:
            return sample >> 8 if depth == 16 else sample * 255 // (2**depth - 1)

        image.info["transparency"] = scaled(clear) if isinstance(clear, int) else tuple(map(scaled, clear))


def _heic(body: bytes) -> PIL.Image.Image:
    try:
        import pillow_heif  # some may not pass its wheel on
    except ImportError:
        raise Refused("pillow-heif is not installed here; send a JPEG") from None
    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.options.THUMBNAILS = pillow_heif.options.DEPTH_IMAGES = pillow_heif.options.AUX_IMAGES = False
    file = pillow_heif.open_heif(body, convert_hdr_to_8bit=True)
    heif = file[file.primary_index]
    image = PIL.Image.fromarray(np.asarray(heif))
    profile = heif.info.get("icc_profile")
    if profile:
        image.info["icc_profile"] = profile
    return image


if __name__ == "__main__":
    main()
