"""The sections of the page that name things: images, published figures, limits, origins."""

from typing import Any

from evaluator.report.cells import Json, code, digits
from evaluator.report.markup import (
    BREAK,
    Html,
    cell,
    definitions,
    element,
    head,
    identifier,
    join,
    paragraph,
    row,
    table,
)
from evaluator.report.wording import number, plain_number, several


def worst(report: Json) -> Html:
    """The pairs that are furthest on the wrong side, or nearest to it."""
    pairs = report["worst"]
    threshold, total = pairs["threshold"], pairs["total"]
    text = (
        f"Judged at {plain_number(threshold)}, {pairs['threshold_origin']}, there are "
        f"{several(total['false_matches'], 'false match', 'false matches')} and "
        f"{several(total['false_non_matches'], 'false non-match', 'false non-matches')}. Images are named and not "
        f"shown, for they are photographs of people. Before you blame the pack, look: benchmarks have wrong labels."
    )
    halves = [
        _pairs("Non-mated pairs with the highest scores", pairs["false_matches"], threshold),
        _pairs("Mated pairs with the lowest scores", pairs["false_non_matches"], threshold),
    ]
    return join([paragraph(text), element("div", *halves, class_="pair")])


def acquisition(report: Json) -> Html:
    """Images that gave no usable face, and why."""
    failures, images = report["failures_to_acquire"], report["dataset"]["images"]
    if not failures["images"]:
        return paragraph(f"None: all {number(images)} images gave a usable face.")
    text = (
        f"{several(failures['images'], 'image')} of {number(images)} gave no usable face, so that "
        f"{several(failures['pairs'], 'pair')} could not be compared. They are left out of FMR, FNMR and accuracy, and "
        f"are non-matches in FAR, FRR and the accuracy with FTA."
    )
    parts = [paragraph(text)]
    for reason, count in failures["by_reason"].items():
        ids = [failure["image"] for failure in failures["listed"] if failure["reason"] == reason]
        more = [element("li", f"and {number(count - len(ids))} more, in scores.csv")] if count > len(ids) else []
        items = (element("li", identifier(image)) for image in ids)
        parts += [element("h3", f"{reason}: {several(count, 'image')}"), element("ul", *items, *more, class_="ids")]
    return join(parts)


def published(report: Json) -> Html:
    """What others report of this pack on this benchmark."""
    entries = report["published_beside_ours"]
    if not entries:
        return paragraph("No figure for this pack on this benchmark is in the list of packs.")
    ours = entries[0]["ours"]
    value = f"{ours['percent']:.2f} %" if "percent" in ours else "none"
    rows = [row("this run", f"{ours['measure']}, 10-fold", digits(value), ours["how"], cell("", class_="why"))]
    for entry in entries:
        how = cell(join([entry["how"], BREAK, element("span", entry["source"], class_="note")]))
        rows.append(row("published", entry["measure"], digits(f"{entry['percent']:.2f} %"), how, entry["sentence"]))
    names = [head("figure"), head("measure"), head("value", class_="n"), head("how measured"), head("comparable?")]
    return table([names], rows)


def support(report: Json) -> Html:
    """What the sample can carry, and LFW's own disclaimer."""
    statements = definitions((statement["about"], statement["text"]) for statement in report["support"])
    parts = [element("div", statements, class_="support")]
    if caution := report["disclaimer"]:
        link = element("a", "their page", href=caution["url"])
        parts.append(
            element(
                "aside",
                paragraph(element("strong", "The disclaimer of LFW"), f" ({caution['by']}; see ", link, ")"),
                paragraph(caution["text"]),
            )
        )
    return join(parts)


def provenance(report: Json) -> Html:
    """From what, with what and how long."""
    dataset, pack, pipeline = report["dataset"], report["pack"], report["pipeline"]
    commercial = "commercial use allowed" if pack["commercial_use"] else "no commercial use"
    facts = [
        ("data set", f"{dataset['name']} ({dataset['kind']}, {dataset['track']})"),
        ("data set digest", code(dataset["digest"])),
        *(("about its list", note) for note in dataset["notes"]),
        ("pack", f"{pack['name']}; {pack['licence']}; {commercial}"),
        ("pack digest", code(pack["digest"])),
        ("score file (SHA-256)", code(report["score_digest"])),
    ]
    settings = {key: value for key, value in pipeline.items() if key not in ("pack", "pack_digest", "how")}
    columns = [
        ("Pipeline", settings),
        ("Engine", report["engine"]),
        ("Software", report["software"]),
        ("Seconds", {name: f"{seconds:.2f}" for name, seconds in report["timings"].items()}),
    ]
    listed = [
        element("div", element("h3", name), definitions((_words(key), _said(v)) for key, v in values.items()))
        for name, values in columns
        if values
    ]
    return element("div", definitions(facts), element("div", *listed, class_="pair"), class_="facts")


def recompute(report: Json) -> Html:
    """How to get every number again."""
    check = f"{report['score_digest']}  scores.csv"
    sentence = "Every metric above follows from the score file alone, one row a pair:"
    return join(
        [
            paragraph(sentence),
            element("pre", element("code", report["recompute"])),
            paragraph(
                "It prints what stands under ", code("metrics"), " in report.json. The score file of this run is"
            ),
            element("pre", element("code", f"echo '{check}' | sha256sum --check")),
            paragraph(
                f"Definitions: docs/metrics.md. Schema: docs/report.schema.json, version {report['schema_version']}.",
                class_="note",
            ),
        ]
    )


def _pairs(title: str, pairs: list[Json], threshold: float) -> Html:
    rows: list[Html] = []
    for i, pair in enumerate(pairs):
        if not pair["wrong"] and (i == 0 or pairs[i - 1]["wrong"]):
            boundary = f"threshold {plain_number(threshold)}; the pairs below are decided rightly"
            rows.append(row(cell(boundary, span=3), class_="cut"))
        ids = cell(join([identifier(pair["reference"]), BREAK, identifier(pair["probe"])]), class_="id")
        fold = "" if pair["fold"] is None else str(pair["fold"])
        rows.append(row(digits(plain_number(pair["score"])), ids, digits(fold)))
    if not rows:
        rows = [row(cell("none was compared", span=3, class_="why"))]
    heads = [head("score", class_="n"), head("reference, probe"), head("fold", class_="n")]
    return element("div", element("h3", title), table([heads], rows))


def _words(key: str) -> str:
    return key.removesuffix("_s").replace("_", " ")


def _said(value: Any) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)
