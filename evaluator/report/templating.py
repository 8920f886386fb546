"""The templates of the pages: every value is escaped, a name that is not there is an error, numbers are as people
read them.
"""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from math import log10
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from evaluator.report import wording

FOLDER = Path(__file__).with_name("templates")


@cache
def environment() -> Environment:
    """One for all pages of a process."""
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_kept_together,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    said = (wording.percent, wording.decimals_for, wording.number, wording.several, wording.plain_number)
    made.filters |= {saying.__name__: saying for saying in (*said, wording.spread, wording.words, wording.of_million)}
    made.filters |= {"breakable": breakable, "script_data": script_data, "heat": heat}
    made.tests["refused"] = _is_refused
    return made


def text_of(name: str) -> Markup:
    """A file beside the templates, as it is."""
    return Markup((FOLDER / name).read_text(encoding="utf-8"))  # noqa: S704 -- our own file


def breakable(text: str) -> Markup:
    """An image id in a narrow column: it may break after its folders and words.

    >>> breakable("A_B/<1>")
    Markup('A_<wbr>B/<wbr>&lt;1&gt;')
    """
    return Markup(str(escape(text)).replace("/", "/<wbr>").replace("_", "_<wbr>"))  # noqa: S704 -- escaped here


def heat(share: float, highest: float) -> int:
    """How dark the cell of a heat map is, 0 to 9: 0 for no error, and a step for each factor of 10 ** (1/3).

    >>> heat(0.01, 0.01), heat(0.001, 0.01), heat(0.0, 0.01), heat(1e-9, 0.01)
    (9, 6, 0, 1)
    """
    return 0 if share <= 0 else max(1, 9 + round(3 * log10(share / highest)))


def script_data(json_text: str) -> Markup:
    r"""JSON within a script element, which nothing in it can end.

    >>> print(script_data('"</script>"'))
    "\u003c/script>"
    """
    return Markup(json_text.replace("<", "\\u003c"))  # noqa: S704 -- escaped here


def policy(style: str, script: str = "") -> str:
    """The page's Content-Security-Policy: its own style and script by their digests, images in it, nothing else."""
    sources = {"style-src": style, "script-src": script}
    own = (f"{kind} 'sha256-{_digest(text)}'; " for kind, text in sources.items() if text)
    return f"default-src 'none'; {''.join(own)}img-src data:; base-uri 'none'; form-action 'none'"


def _digest(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


def _kept_together(value: object) -> object:
    """A per cent sign stays with its number."""
    return value.replace(" %", "\u00a0%") if type(value) is str else value  # and not a str that is markup


def _is_refused(value: object) -> bool:
    """A figure that could not be given: in its place stands the reason."""
    return isinstance(value, dict) and "insufficient_data" in value
