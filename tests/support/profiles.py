"""ICC profiles, made here: of a wide gamut, of the same colours as sRGB under another name, of inks."""

import struct

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Columns are the red, green and blue primaries in XYZ under D50, as the profiles of that name have them.
SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
ADOBE_RGB = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
GAMMA = 2.2


def rgb_profile(primaries: Floats, *, gamma: float = GAMMA) -> bytes:
    """A matrix and one curve."""
    tags = {name: _xyz(primaries[:, i]) for i, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    tags.update({name: _curve(gamma) for name in (b"rTRC", b"gTRC", b"bTRC")})
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def srgb_by_another_name() -> bytes:
    """sRGB's primaries, and its curve in 1024 steps."""
    steps = np.linspace(0, 1, 1024)
    linear = np.where(steps <= 0.04045, steps / 12.92, ((steps + 0.055) / 1.055) ** 2.4)
    curve = b"curv" + struct.pack(">II", 0, 1024) + np.round(linear * 65535).astype(">u2").tobytes()
    tags = {name: _xyz(SRGB[:, i]) for i, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    tags.update(dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve))
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def grey_profile(*, gamma: float) -> bytes:
    """One curve."""
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": _curve(gamma)})


def ink_profile() -> bytes:
    """CMYK inks of which any that covers the paper is black: lightness is 100 without ink, 0 with all of one."""
    corners = np.array(np.meshgrid(*[[0, 1]] * 4, indexing="ij")).reshape(4, -1).T
    lab = np.array([[255 if not inks.any() else 0, 128, 128] for inks in corners], np.uint8)
    identity = np.arange(256, dtype=np.uint8).tobytes()
    matrix = struct.pack(">9i", *[65536 * int(i % 4 == 0) for i in range(9)])
    table = b"mft1" + bytes([0, 0, 0, 0, 4, 3, 2, 0]) + matrix + identity * 4 + lab.tobytes() + identity * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table})


def to_srgb(pixels: npt.NDArray[np.uint8], primaries: Floats, *, gamma: float = GAMMA) -> Floats:
    """RGB pixels of such a profile in sRGB, by the formulas."""
    linear = (pixels / 255) ** gamma @ primaries.T @ np.linalg.inv(SRGB).T
    linear = np.clip(linear, 0, 1)
    return np.asarray(255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055))


def _xyz(values: Floats) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(v * 65536) for v in values))


def _curve(gamma: float) -> bytes:
    return b"curv" + struct.pack(">IIH", 0, 1, round(gamma * 256)) + bytes(2)


def _profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    white = np.array([0.9642, 1.0, 0.8249])
    name = b"made in a test\0"
    text = b"desc" + struct.pack(">II", 0, len(name)) + name
    all_tags = {b"desc": text + bytes(78), b"wtpt": _xyz(white), b"cprt": b"text" + bytes(4) + b"none\0", **tags}
    table, data, at = b"", b"", 128 + 4 + 12 * len(all_tags)
    for tag, body in all_tags.items():
        body += bytes(-len(body) % 4)
        table += tag + struct.pack(">II", at + len(data), len(body))
        data += body
    size = at + len(data)
    header = struct.pack(">I4xI4s4s4s12x4s", size, 0x02400000, kind, space, connection, b"acsp")
    header = header.ljust(68, b"\0") + struct.pack(">3i", *(round(v * 65536) for v in white))
    return header.ljust(128, b"\0") + struct.pack(">I", len(all_tags)) + table + data
