"""A report's page as a reader of HTML takes it, and what pages are made of in tests."""

from html.parser import HTMLParser

import numpy as np

from evaluator.report import ImageTable, RunFacts, ScoreTable, build_page, build_report

VOID = {"meta", "br", "wbr", "input", "img"}
EVIL = "<script>alert(1)</script>\"' onload=x <img src=x onerror=alert(2)> &lt;b&gt; {{ title }} {# x #} </td>"


class Page(HTMLParser):
    """Refuses tags that don't match; keeps elements, attributes and text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def attributes(self) -> list[tuple[str, str]]:
        return [(name, value or "") for _, found in self.elements for name, value in found.items()]


def page_of(facts: RunFacts, table: ScoreTable) -> str:
    return build_page(build_report(facts, table), table)


def measured(table: ScoreTable) -> ImageTable:
    """Whatever the measures are, they are the same for the same table; nothing is cut off."""
    images = tuple(table.failures)
    random = np.random.default_rng(11)
    names = ("inter_eye_distance_px", "yaw_deg", "sharpness", "cut_off")
    columns = [random.normal(40, 5, len(images)), random.normal(0, 25, len(images)), random.random(len(images))]
    values = [column.astype(np.float32) for column in (*columns, np.zeros(len(images)))]
    return ImageTable(images, dict(zip(names, values, strict=True)))
