"""HTML that cannot forget to escape: only what this module made is taken as it is."""

from collections.abc import Iterable, Sequence
from html import escape


class Html(str):
    """Markup. Any other string is text, and is escaped when it becomes part of markup."""

    __slots__ = ()


def html(part: str) -> Html:
    """Text becomes markup; a per cent sign stays with its number.

    >>> html("a < 1 %") == "a &lt; 1\u00a0%", html(Html("<b>"))
    (True, '<b>')
    """
    return part if isinstance(part, Html) else Html(escape(part).replace(" %", "\u00a0%"))


BREAK = Html("<br>")


def join(parts: Iterable[str], by: str = "") -> Html:
    """One after the other."""
    return Html(html(by).join(html(part) for part in parts))


def identifier(text: str) -> Html:
    """An image id in a narrow column: it may break after its folders and words.

    >>> identifier("A_B/<1>")
    'A_<wbr>B/<wbr>&lt;1&gt;'
    """
    return Html(html(text).replace("/", "/<wbr>").replace("_", "_<wbr>"))


def element(tag: str, *children: str, **attributes: str | None) -> Html:
    """`<tag ...>children</tag>`; attributes of value None are left out, and `class_` is `class`.

    >>> element("a", "x & y", href='"', class_="on")
    '<a href="&quot;" class="on">x &amp; y</a>'
    """
    given = {name.rstrip("_"): value for name, value in attributes.items() if value is not None}
    opened = "".join(f' {name}="{escape(value)}"' for name, value in given.items())
    return Html(f"<{tag}{opened}>{join(children)}</{tag}>")


def paragraph(*children: str, class_: str | None = None) -> Html:
    """A paragraph."""
    return element("p", *children, class_=class_)


def table(heads: Sequence[Sequence[str]], rows: Iterable[Html], *, class_: str | None = None) -> Html:
    """A table that scrolls sideways by itself where the page is narrow."""
    head = element("thead", *(element("tr", *row) for row in heads))
    return element("div", element("table", head, element("tbody", *rows), class_=class_), class_="scroll")


def row(*cells: str, class_: str | None = None) -> Html:
    """A table row; text becomes a cell of its own."""
    return element("tr", *(c if isinstance(c, Html) and c.startswith("<t") else cell(c) for c in cells), class_=class_)


def cell(content: str, *, class_: str | None = None, span: int | None = None) -> Html:
    """A cell; `class_="n"` for numbers, which stand at the right."""
    return element("td", content, class_=class_, colspan=None if span is None else str(span))


def head(content: str, *, class_: str | None = None, span: int | None = None) -> Html:
    """A head of one column, or of several."""
    scope = "col" if span is None else "colgroup"
    return element("th", content, scope=scope, class_=class_, colspan=None if span is None else str(span))


def definitions(pairs: Iterable[tuple[str, str]], *, class_: str | None = None) -> Html:
    """Names and values."""
    items = (element("div", element("dt", name), element("dd", value)) for name, value in pairs)
    return element("dl", *items, class_=class_)
