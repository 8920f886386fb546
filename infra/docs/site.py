"""The pages of the site, gathered from where they lie: `python -m infra.docs.site` writes them for `make docs`.

Pages link to each other by path, so that they read in a checkout too. Here a link to a page is one to its place on the
site, and a link to any other file of the checkout is the file's name.
"""

import os
import re
import shutil
import unicodedata
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = CHECKOUT / "build" / "site-pages"
#: Pages that lie elsewhere, and what they are called on the site.
ELSEWHERE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "SECURITY.md": "SECURITY.md",
    "core/storage/SCHEMA.md": "SCHEMA.md",
    "bench/README.md": "bench.md",
    "examples/README.md": "examples.md",
}

_LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?P<path>[^)#\s]*)(?P<anchor>#[^)\s]*)?\)")
_FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
_DROPPED = re.compile(r"[^\w\- ]")


def slug(title: str, separator: str = "-") -> str:
    """The anchor of a heading, as GitHub makes it: so that a link holds in either place.

    >>> slug("What `/ready` says: 2, 3")
    'what-ready-says-2-3'
    """
    plain = _DROPPED.sub("", unicodedata.normalize("NFC", title).strip().lower())
    return plain.replace(" ", separator)


def places() -> dict[Path, Path]:
    """Where each page and each image lies in the checkout, and where on the site."""
    docs = CHECKOUT / "docs"
    found = {
        path: path.relative_to(docs) for path in sorted(docs.rglob("*")) if path.suffix in (".md", ".svg", ".json")
    }
    return {**found, **{CHECKOUT / name: Path(place) for name, place in ELSEWHERE.items()}}


def rewritten(page: Path, text: str, known: dict[Path, Path]) -> str:
    """The page with its links as the site has them."""

    def link(match: re.Match[str]) -> str:
        if "://" in match["path"] or not match["path"]:
            return match[0]
        target = Path(os.path.normpath(page.parent / match["path"]))
        if target not in known:
            return match["text"] or target.name
        path = os.path.relpath(known[target], known[page].parent)
        return f"{match['image']}[{match['text']}]({path}{match['anchor'] or ''})"

    pieces, at = [], 0
    for fence in _FENCE.finditer(text):
        pieces += [_LINK.sub(link, text[at : fence.start()]), fence[0]]
        at = fence.end()
    return "".join([*pieces, _LINK.sub(link, text[at:])])


def write(directory: Path = PAGES) -> None:
    """Every page and image, anew."""
    shutil.rmtree(directory, ignore_errors=True)
    known = places()
    for path, place in known.items():
        written = directory / place
        written.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            written.write_text(rewritten(path, path.read_text(encoding="utf-8"), known), encoding="utf-8")
        else:
            shutil.copy(path, written)


if __name__ == "__main__":
    write()
