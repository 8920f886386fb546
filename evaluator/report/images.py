"""The image file: one row an image with its quality measures, from which what a report says of quality can be computed.

It lies beside the score file, whose columns stay as they are.
"""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from core.errors import LikenessError

FIRST_COLUMN = "image"


class ImageFileInvalid(LikenessError):
    """The image file cannot be read; the message names the line."""

    code = "image_file_invalid"


@dataclass(frozen=True, eq=False)  # without slots: the file is written once
class ImageTable:
    """Quality measures of the images of one run."""

    #: Sorted; each once.
    images: tuple[str, ...]
    #: By name, in the file's order; each of shape (n,), NaN where an image has none.
    measures: Mapping[str, npt.NDArray[np.float32]]

    @cached_property
    def rows(self) -> dict[str, int]:
        """An image to its row."""
        return {image: row for row, image in enumerate(self.images)}

    @cached_property
    def csv(self) -> bytes:
        """The image file: the same bytes for the same table, always; the shortest digits that give the float32 back."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow((FIRST_COLUMN, *self.measures))
        for row, image in enumerate(self.images):
            values = (column[row] for column in self.measures.values())
            writer.writerow((image, *("" if np.isnan(value) else str(value) for value in values)))
        return text.getvalue().encode()

    @property
    def digest(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(self.csv).hexdigest()


def image_table(
    images: Sequence[str], rows: Mapping[str, int], measures: Mapping[str, npt.NDArray[np.float32]]
) -> ImageTable | None:
    """Of these images, whose rows in the measures are known; None where nothing was measured of any."""
    ordered = tuple(sorted(images))
    places = [rows[image] for image in ordered]
    chosen = {name: column[places] for name, column in measures.items()}
    if all(np.isnan(column).all() for column in chosen.values()):
        return None
    return ImageTable(ordered, chosen)


def images_from_csv(body: bytes) -> ImageTable:
    """The table whose `csv` this is. Raise ImageFileInvalid with the number of the first line that is wrong."""
    try:
        lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ImageFileInvalid(f"the image file is not a UTF-8 CSV: {error}") from None
    header, *rows = lines or [[]]
    if header[:1] != [FIRST_COLUMN] or len(set(header)) != len(header):
        raise ImageFileInvalid(f"line 1: the header is {','.join(header)!r}, it must be {FIRST_COLUMN},<measures>")
    images: list[str] = []
    values: list[list[float]] = []
    for line, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise ImageFileInvalid(f"line {line}: {len(row)} columns, the header has {len(header)}")
        if images and row[0] <= images[-1]:
            raise ImageFileInvalid(f"line {line}: {row[0]!r} is not after {images[-1]!r}; images are sorted, each once")
        try:
            numbers = [float(value) if value else np.nan for value in row[1:]]
        except ValueError as error:
            raise ImageFileInvalid(f"line {line}: {error}") from None
        if np.isinf(numbers).any():
            raise ImageFileInvalid(f"line {line}: a measure must be finite")
        images.append(row[0])
        values.append(numbers)
    columns = np.array(values, np.float32).reshape(len(images), len(header) - 1)
    return ImageTable(tuple(images), {name: columns[:, i] for i, name in enumerate(header[1:])})
