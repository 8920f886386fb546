"""The page of a PAD measurement: its figures, its plots, and what hostile names do to it."""

import re
from base64 import b64encode
from hashlib import sha256

import numpy as np
import pytest

from core.liveness import NotJudged, PadResult, PadVerdict
from evaluator.report import build_pad_page
from evaluator.report.pad import JudgedImage, build_pad_report
from tests.report.pages import EVIL, Page

THRESHOLD = 0.5
FACTS = {
    "list": {"name": "images.csv", "sha256": "1" * 64},
    "liveness_pack": {"name": "minifasnet", "digest": "2" * 64, "licence": "Apache-2.0"},
    "min_face_px": 24,
}


def result(score: float | None) -> PadResult:
    if score is None:
        return PadResult(PadVerdict.NOT_JUDGED, None, THRESHOLD, "m", "d", NotJudged.CROP_TOO_SMALL, "too few pixels")
    return PadResult(PadVerdict.BONA_FIDE if score >= THRESHOLD else PadVerdict.ATTACK, score, THRESHOLD, "m", "d")


def images(species: str | None, *scores: float | None) -> list[JudgedImage]:
    return [
        JudgedImage(f"{species or 'people'}/{number}.jpg", f"{species} {number}", species, result(score))
        for number, score in enumerate(scores)
    ]


def page_of(*groups: list[JudgedImage]) -> str:
    return build_pad_page(build_pad_report([image for group in groups for image in group], FACTS, THRESHOLD))


def text_of(page: str) -> str:
    """What is read, a space between two cells; the signs of intervals and per cent as on a keyboard."""
    body = (
        page[page.index("<main>") : page.index("</body>")]
        .replace("</td>", " </td>")
        .replace("</th>", " </th>")
        .replace("<br>", " ")
    )
    text = Page(body.replace("</dt>", " </dt>")).text.replace("\u00a0", " ").replace("\u2013", "-")
    return " ".join(text.split())


@pytest.fixture(scope="module")
def source() -> str:
    random = np.random.default_rng(1)
    people, prints = 1 - random.random(400) ** 4, random.random(120) ** 3
    return page_of(images(None, *people, None), images("laser print", *prints), images(EVIL, 0.1, 0.7, None))


def test_the_page_is_one_well_formed_file_of_moderate_size(source: str) -> None:
    page = Page(source)
    assert {"html", "title", "main", "svg", "table"} <= {tag for tag, _ in page.elements}
    assert len(source.encode()) < 200_000
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {value[1:] for name, value in page.attributes if name == "href" and value.startswith("#")} <= set(ids)


def test_the_page_runs_no_script_and_asks_the_network_for_nothing(source: str) -> None:
    page = Page(source)
    assert {tag for tag, _ in page.elements} & {"script", "img", "link", "iframe", "object", "base"} == set()
    assert [name for name, _ in page.attributes if name == "style" or name.startswith("on")] == []
    assert re.findall(r"url\((?!#)", source) == []
    assert "<script>alert(1)</script>" in page.text, "a species' name stays text"
    (policy,) = [fields["content"] for tag, fields in page.elements if fields.get("http-equiv")]
    (style,) = re.findall(r"<style>(.*?)</style>", source, flags=re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert policy is not None
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; ")


def test_each_species_has_its_rates_with_counts_and_intervals() -> None:
    text = text_of(page_of(images(None, 0.9, 0.8, 0.3, None), images("print", 0.1, 0.2, 0.6, None)))
    assert "4 bona fide images and 4 attacks of 1 species; 6 have a score." in text
    rates = "1 / 3 33.33 % 0.84 - 90.57 1 / 4 25.00 % 0.63 - 80.59"
    assert f"print 4 {rates} 1 / 4 25.00 % 0.63 - 80.59" in text
    assert f" 4 {rates} 2 / 4 50.00 % 6.76 - 93.24 Thresholds" in text
    assert "APCER, largest of any species 33.33 % 1 of 3 attacks 0.84 - 90.57 %" in text
    assert "bona fide refused under require 50.00 % 2 of 4 bona fide 6.76 - 93.24 %" in text


def test_what_cannot_be_said_says_why() -> None:
    text = text_of(page_of(images(None, 0.9), images("mask", None), images("print", 0.1)))
    assert "insufficient data: there are no attacks of species mask with a response" in text
    assert "1 %, BPCER100 insufficient data: APCER at most 0.01 needs at least 299 attacks of species mask" in text
    without = text_of(page_of(images(None, 0.9)))
    assert "Insufficient data: there are no attacks." in without
    nobody = text_of(page_of(images("print", None)))
    assert "Insufficient data: no image has a score." in nobody


def test_a_threshold_that_the_attacks_can_carry_is_named() -> None:
    text = text_of(page_of(images(None, 0.9, 0.8), images("print", *[0.01 * n for n in range(60)])))
    assert "10 %, BPCER10 0.5400 6 / 60 10.00 % 3.76 - 20.51 0 / 2 0.00 %" in text


def test_errors_are_named_the_worst_first_and_reasons_are_counted(source: str) -> None:
    text = text_of(page_of(images(None, 0.4, 0.1, 0.9, None), images("print", 0.2, 0.7, 0.99)))
    assert text.index("print/2.jpg") < text.index("print/1.jpg")
    assert text.index("people/1.jpg") < text.index("people/0.jpg")
    assert "people/2.jpg" not in text
    assert "print/0.jpg" not in text
    assert "bona fide crop too small 1" in text
    assert "more, in the report as JSON." in text_of(page_of(images(None, *[0.1] * 30)))


def test_the_plots_say_what_they_show(source: str) -> None:
    described = [fields.get("aria-label") for tag, fields in Page(source).elements if tag == "svg"]
    assert described == [
        "BPCER and the largest APCER against the threshold",
        "Scores of bona fide images and of each species of attack, with the threshold",
    ]


def test_of_many_species_those_with_the_most_attacks_are_drawn_and_all_are_counted() -> None:
    many = [images(f"species {n:02}", *[0.1] * (n + 1)) for n in range(15)]
    page = page_of(images(None, 0.9), *many)
    text = text_of(page)
    assert "3 species with fewer attacks are left out here." in text
    plot = page[page.index("Scores of bona fide images and of each") :]
    drawn = plot[: plot.index("</svg>")]
    assert ("species 02" in drawn, "species 03" in drawn) == (False, True)
    assert "species 00" in text
