"""What the quality measures say on LFW, on CFP and on copies made worse: `python -m bench.quality --lfw ARCHIVE`.

Prints the tables of docs/quality.md. Needs the fetched pack, and the two archives as they are published.
"""

import io
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter, ImageOps

from core.packs.catalogue import find_pack, load_catalogue
from core.quality import Box, Measures, QualityWarning, Seen
from core.settings import load_settings
from core.vocabulary import Policy
from worker.engine.contract import Acquired, Embeddings
from worker.engine.engine import Engine

NAMES = [measure.name for measure in fields(Measures)]
QUANTILES = (0.001, 0.01, 0.05, 0.5, 0.95, 0.99, 0.999)
#: sRGB is close to this power of the light.
GAMMA = 2.2
ARCHIVE = click.Path(exists=True, dir_okay=False, path_type=Path)
Worse = Callable[[Image.Image, Box], Image.Image]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Some images. Rows of those that were acquired, in order; `row` is -1 for an image that was not."""

    row: npt.NDArray[np.int64]
    measures: npt.NDArray[np.float64]
    warnings: list[tuple[QualityWarning, ...]]
    boxes: list[Box]
    embeddings: Embeddings

    def share(self, warning: QualityWarning) -> float:
        """In percent of those acquired."""
        return 100 * float(np.mean([warning in warnings for warnings in self.warnings]))


def measured(engine: Engine, bodies: Sequence[bytes], *, embed: bool = True) -> Measured:
    """Acquire every image, as an evaluation does."""
    rows: list[int] = []
    found: list[tuple[Acquired, Seen, Measures]] = []
    for body in bodies:
        acquired = engine.acquire(body, Policy.MOST_CENTRAL)
        if isinstance(acquired, Acquired) and acquired.seen and acquired.seen.measures:
            rows.append(len(found))
            found.append((acquired, acquired.seen, acquired.seen.measures))
        else:
            rows.append(-1)
    return Measured(
        np.array(rows),
        np.array([astuple(measures) for _, _, measures in found]).reshape(-1, len(NAMES)),
        [seen.warnings for _, seen, _ in found],
        [acquired.face.box for acquired, _, _ in found],
        engine.embed([acquired.crop for acquired, _, _ in found]) if embed else np.zeros((0, 0), np.float32),
    )


def images(archive: Path, part: str, every: int) -> Iterator[bytes]:
    """Every so many-th JPEG whose name has this part, in the archive's order."""
    with tarfile.open(archive) as tar:
        wanted = (member for member in tar if part in member.name and member.name.endswith(".jpg"))
        for place, member in enumerate(wanted):
            file = tar.extractfile(member)
            if place % every == 0 and file:
                yield file.read()


def blurred(sigma: float) -> Worse:
    """By a Gaussian, in pixels."""
    return lambda image, box: image.filter(ImageFilter.GaussianBlur(sigma))


def exposed(stops: float) -> Worse:
    """So many stops longer: twice the light each."""
    table = [round(255 * min(1.0, (value / 255) ** GAMMA * 2**stops) ** (1 / GAMMA)) for value in range(256)]
    return lambda image, box: image.point(table * 3)


def shrunk(factor: float) -> Worse:
    """To so much of either side."""
    return lambda image, box: image.resize(
        (round(image.width * factor), round(image.height * factor)), Image.Resampling.BOX
    )


def tilted(degrees: float) -> Worse:
    """Clockwise, in its plane."""
    return lambda image, box: image.rotate(-degrees, resample=Image.Resampling.BICUBIC)


def cut(left: float = 0, top: float = 0, bottom: float = 0) -> Worse:
    """So much of the face's box lost beyond an edge of the image."""

    def worse(image: Image.Image, box: Box) -> Image.Image:
        x, y, right, below = box
        edges = (
            max(0, x + left * (right - x)) if left else 0,
            max(0, y + top * (below - y)) if top else 0,
            image.width,
            below - bottom * (below - y) if bottom else image.height,
        )
        start_x, start_y, end_x, end_y = map(round, edges)
        return image.crop((start_x, start_y, end_x, end_y))

    return worse


WORSE: dict[str, Worse] = {
    "as it is": lambda image, box: image,
    **{f"blurred, sigma {sigma:g} px": blurred(sigma) for sigma in (1, 1.5, 2, 3, 4)},
    **{f"{stops:+d} stops": exposed(stops) for stops in (-2, -3, -4, -5, 1, 2, 3)},
    **{f"shrunk to 1/{1 / factor:g}": shrunk(factor) for factor in (1 / 1.5, 1 / 2, 1 / 2.5, 1 / 3)},
    **{f"turned by {degrees} degrees": tilted(degrees) for degrees in (10, 20, 30)},
    **{f"{share:.0%} cut off at the side": cut(left=share) for share in (0.2, 0.3, 0.4, 0.5)},
    **{f"{share:.0%} cut off above": cut(top=share) for share in (0.2, 0.3, 0.4)},
    **{f"{share:.0%} cut off below": cut(bottom=share) for share in (0.2, 0.3, 0.4)},
}


def encoded(image: Image.Image) -> bytes:
    """Without loss."""
    stream = io.BytesIO()
    image.save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """In Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def distributions(found: Measured) -> str:
    """Each measure's quantiles."""
    cells = [
        [f"`{name}`", *(f"{value:g}" for value in np.quantile(found.measures[:, place], QUANTILES).round(3))]
        for place, name in enumerate(NAMES)
    ]
    return table(["measure", *(f"{100 * q:g} %" for q in QUANTILES)], cells)


def warned(found: dict[str, Measured]) -> str:
    """Who gets which warning, in percent."""
    rows = [
        [
            name,
            f"{len(one.warnings)} of {len(one.row)}",
            *(f"{one.share(warning):.1f}" for warning in QualityWarning),
            f"{100 * np.mean([bool(warnings) for warnings in one.warnings]):.1f}",
        ]
        for name, one in found.items()
    ]
    return table(["", "acquired", *(f"`{warning}`" for warning in QualityWarning), "any"], rows)


def worsened(engine: Engine, bodies: Sequence[bytes]) -> str:
    """What copies that were made worse are warned of, and what it does to a score."""
    originals = [Image.open(io.BytesIO(body)).convert("RGB") for body in bodies]
    plain = measured(engine, bodies)
    rows = []
    for name, worse in WORSE.items():
        copies = [
            encoded(worse(image, plain.boxes[row]))
            for image, row in zip(originals, plain.row.tolist(), strict=True)
            if row >= 0
        ]
        one = measured(engine, copies)
        both = [(before, after) for before, after in enumerate(one.row.tolist()) if after >= 0]
        cosine = [float(plain.embeddings[before] @ one.embeddings[after]) for before, after in both]
        rows.append(
            [
                name,
                f"{len(one.warnings)} of {len(copies)}",
                *(f"{one.share(warning):.0f}" for warning in QualityWarning),
                f"{np.mean(cosine):.2f}",
            ]
        )
    return table(["copy", "acquired", *(f"`{warning}`" for warning in QualityWarning), "cosine"], rows)


def mirrored(engine: Engine, bodies: Sequence[bytes]) -> str:
    """How far the pose of a mirror image is from the mirrored pose."""
    plain = measured(engine, bodies, embed=False)
    flips = [encoded(ImageOps.mirror(Image.open(io.BytesIO(body)).convert("RGB"))) for body in bodies]
    other = measured(engine, flips, embed=False)
    both = [(a, b) for a, b in zip(plain.row.tolist(), other.row.tolist(), strict=True) if a >= 0 and b >= 0]
    before, after = plain.measures[[a for a, _ in both]], other.measures[[b for _, b in both]]
    cells = []
    for name, sign in (("roll_deg", 1), ("yaw_deg", 1), ("pitch_deg", -1)):
        apart = np.abs(before[:, NAMES.index(name)] + sign * after[:, NAMES.index(name)])
        cells.append([f"`{name}`", *(f"{value:.1f}" for value in np.quantile(apart, (0.5, 0.95, 0.99)))])
    return table(["", "median", "95 %", "99 %"], cells)


@click.command()
@click.option("--lfw", type=ARCHIVE, required=True, help="lfw-deepfunneled.tgz")
@click.option("--cfp", type=ARCHIVE, help="cfp-dataset.tgz")
@click.option("--pack", "name", default="opencv-zoo", show_default=True, help="The pack whose detector is asked.")
@click.option("--every", default=20, show_default=True, help="Of LFW, make every so many-th image worse.")
def main(lfw: Path, cfp: Path | None, name: str, every: int) -> None:
    """Print the tables of docs/quality.md."""
    settings = load_settings()
    pack = find_pack(name, load_catalogue(settings.home))
    engine = Engine.load(pack, settings.packs.path / pack.name, settings.engine)
    found = {"LFW": measured(engine, list(images(lfw, "", 1)), embed=False)}
    if cfp:
        found["CFP, frontal"] = measured(engine, list(images(cfp, "/frontal/", 1)), embed=False)
        found["CFP, profile"] = measured(engine, list(images(cfp, "/profile/", 1)), embed=False)
    for dataset, one in found.items():
        click.echo(f"\n{dataset}, {len(one.warnings)} images:\n\n{distributions(one)}")
    some = list(images(lfw, "", every))
    click.echo(f"\n{warned(found)}\n{len(some)} images of LFW:\n\n{worsened(engine, some)}\n{mirrored(engine, some)}")


if __name__ == "__main__":
    main()
