"""What an HTML page loads, links to, and carries in itself."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """What a page has a browser load, and what it would run or apply from within."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.inline: list[str] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script":
            (self.loads if given.get("src") else self.inline).append(str(given.get("src", tag)))
        if tag == "link":
            self.loads.append(str(given["href"]))
        if tag == "a":
            self.links.append(str(given["href"]))
        self.inline += [tag for name in given if name == "style" or name.startswith("on")]
        self.inline += [tag] if tag == "style" else []
